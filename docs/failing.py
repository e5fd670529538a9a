"""Tests that fail on purpose, one for each report of the gallery; the gallery shows the docstring above the report.

`python docs/gallery.py` runs them and writes `docs/gallery.md`.
"""

import pytest

SECRET = "whsec_c2hvcC1hbmQtcGV0c3RvcmUtc2hhcmUtdGhpcw=="  # noqa: S105 - a sample


def refuse(_request):
    return 401


class WhatCameIn:
    """An inbox captures what it is sent, and says what it has instead of what you asked for."""

    def test_no_capture_is_as_expected(self, mockstore, mockstore_inbox):
        """The nearest capture is shown, and each member in which it differs."""
        mockstore.emit("order.created")
        mockstore.emit("pet.adopted", {"pet.name": "Rex", "pet.species": "DOG"})

        mockstore_inbox.one("pet.adopted", {"pet.name": "Bello", "pet.species": "CAT"})

    def test_there_are_several(self, mockstore, mockstore_inbox):
        """`one` means exactly one."""
        mockstore.emit("pet.adopted")
        mockstore.emit("pet.adopted")

        mockstore_inbox.one("pet.adopted")

    def test_there_is_none_at_all(self, mockstore_inbox):
        """Nothing was received."""
        mockstore_inbox.one("pet.adopted")

    def test_there_should_be_none(self, mockstore, mockstore_inbox):
        """Something was received that should not have been sent."""
        mockstore.emit("payment.failed")

        mockstore_inbox.none("payment.*")

    def test_they_came_in_another_order(self, mockstore, mockstore_inbox):
        """The order is compared line by line."""
        mockstore.emit("order.created")
        mockstore.emit("pet.adopted")

        mockstore_inbox.assert_types(["order.created", "payment.succeeded", "pet.adopted"])

    def test_they_are_others(self, mockstore, mockstore_inbox):
        """The types are compared in any order."""
        mockstore.emit("order.created")

        mockstore_inbox.assert_types_in_any_order(["pet.adopted", "order.created"])

    def test_there_is_no_last_one(self, mockstore_inbox):
        """An empty inbox has no `last`."""
        mockstore_inbox.last  # noqa: B018 - reading it is what fails

    def test_a_capture_is_not_valid(self, mockstore, mockstore_inbox):
        """All mistakes at once: of the schema with their paths, of the headers, of the signature."""
        body = '{"eventType": "pet.adopted", "timestamp": "today", "data": {"pet": {"id": 1, "species": "FISH"}}}'
        mockstore.emit("pet.adopted", body=body, content_type="text/plain", invalid=True)
        received = mockstore_inbox.last
        mockstore.webhooks.update(mockstore_inbox.webhook.id, {"secret": "whsec_b3RoZXIgYW5kIG90aGVy"})

        received.assert_valid()

    def test_a_capture_has_members_that_nobody_knows(self, mockstore, mockstore_inbox):
        """A schema accepts what it does not know, as a consumer must; this check is the stricter one."""
        mockstore.emit("pet.adopted", {"pet": {"tail": "long"}}, invalid=True)

        mockstore_inbox.one().assert_nothing_extra()


class WhatBecameOfADelivery:
    """The timeline says what happened, and what is still to come."""

    def test_a_consumer_refuses(self, mockstore):
        """What the signature check saw, and how far the clocks are apart."""
        mockstore.subscribe(refuse, secret=SECRET)

        mockstore.emit("pet.adopted").assert_acknowledged()

    def test_nobody_is_there(self, mockstore):
        """In process nothing reaches the network by accident."""
        mockstore.subscribe("https://typo.test/hook")

        mockstore.emit("pet.adopted").assert_acknowledged()

    def test_nobody_subscribes(self, mockstore):
        """No webhook is registered for this type of event."""
        mockstore.emit("pet.adopted").assert_acknowledged()

    def test_a_forgery_is_accepted(self, mockstore, mockstore_inbox):
        """The consumer answers 2xx to what it should refuse."""
        mockstore.emit("pet.adopted", fault="wrong_secret").delivery.assert_rejected()

    def test_it_fails_in_every_way(self, mockstore, mockstore_inbox):
        """Each attempt with its reason."""
        mockstore_inbox.will_answer(503, "timeout", "200 after 6s", 301)
        event = mockstore.emit("pet.adopted")
        mockstore.clock.advance(minutes=36)

        event.delivery.assert_rejected(404)

    def test_there_are_several_deliveries(self, mockstore, mockstore_inbox):
        """`delivery` is for events with exactly one delivery."""
        mockstore.subscribe(lambda request: 204)

        mockstore.emit("order.created").delivery  # noqa: B018 - reading it is what fails

    def test_a_webhook_is_still_active(self, mockstore, mockstore_inbox):
        """The state of the webhook, and what was sent to it."""
        mockstore_inbox.will_answer(503)
        mockstore.emit("order.created")
        mockstore.clock.advance(minutes=6)

        mockstore_inbox.webhook.assert_disabled()

    def test_a_webhook_is_disabled(self, mockstore, mockstore_inbox):
        """The opposite check: the webhook should be active."""
        mockstore_inbox.will_answer(503)
        mockstore.emit("order.created")
        mockstore.clock.advance(minutes=96)

        mockstore_inbox.webhook.assert_active()

    def test_an_event_is_not_valid(self, mockstore, mockstore_inbox):
        """An event that was made invalid on purpose, checked against its schema."""
        event = mockstore.emit("order.created", {"order.total": "much"}, invalid=True)

        event.delivery.assert_valid()

    def test_it_did_not_come_in_time(self, mockstore, mockstore_inbox):
        """A wait ends at its timeout, and says what was received until then."""
        mockstore.emit("order.created")

        mockstore_inbox.wait_for(2, timeout=0.001)


class WhatTheTestNeverLookedAt:
    """A strict test fails at its end if something went wrong that it never looked at."""

    def test_a_delivery_was_not_acknowledged(self, mockstore):
        """Nothing was asserted, and the consumer had answered 500."""
        mockstore.subscribe(lambda request: 500)
        mockstore.emit("pet.adopted")

    def test_it_was_given_up_and_others_are_held(self, mockstore, mockstore_inbox):
        """Several things, each with its timeline."""
        mockstore.subscribe(lambda request: 500)
        mockstore.emit("pet.adopted")
        mockstore.clock.advance(hours=2)
        mockstore.hold()
        mockstore.emit("order.created")

    def test_a_consumer_raised(self, mockstore):
        """An exception of the consumer's code comes out with its own line."""

        def receive(request):
            raise LookupError("no such customer")

        mockstore.subscribe(receive)

        mockstore.emit("pet.adopted")

    @pytest.mark.mockstore(raise_errors=False)
    def test_a_consumer_raised_and_it_was_kept_in(self, mockstore):
        """With `raise_errors=False` the exception is reported at the end of the test."""

        def receive(request):
            raise LookupError("no such customer")

        mockstore.subscribe(receive)
        mockstore.emit("pet.adopted")


class WhatTheApiWasAsked:
    """`mockstore_api` judges the calls of your own client."""

    def test_a_call_breaks_the_schema(self, mockstore_api, mockstore_api_url):
        """The call is answered as the service would; the mistakes are the test's."""
        import requests

        requests.post(f"{mockstore_api_url}/orders", json={"petId": 7}, timeout=1)

    def test_there_is_no_such_operation(self, mockstore_api, mockstore_api_url):
        """A path that the API does not have, and the nearest that it has."""
        import requests

        requests.get(f"{mockstore_api_url}/pet/1", timeout=1)

    def test_it_was_never_asked(self, mockstore_api, mockstore_api_url):
        """The calls that were made instead."""
        import requests

        requests.get(f"{mockstore_api_url}/pets?limit=1", timeout=1)

        mockstore_api.calls.one("createOrder")

    def test_a_call_is_judged(self, mockstore_api, mockstore_api_url):
        """One call, with all its mistakes."""
        import requests

        requests.post(f"{mockstore_api_url}/orders", json={"petId": 7}, timeout=1)

        mockstore_api.calls.last.assert_valid()

    def test_it_should_not_have_been_asked(self, mockstore_api, mockstore_api_url):
        """A call that should not have been made."""
        import requests

        requests.get(f"{mockstore_api_url}/pets?limit=1", timeout=1)

        mockstore_api.calls.none("listPets")

    def test_it_was_asked_in_another_order(self, mockstore_api, mockstore_api_url):
        """The operations are compared line by line."""
        import requests

        requests.get(f"{mockstore_api_url}/pets?limit=1", timeout=1)
        requests.get(f"{mockstore_api_url}/inventories", timeout=1)

        mockstore_api.calls.assert_operations(["getInventory", "listPets"])

    def test_there_is_no_operation_of_that_name(self, mockstore_api):
        """A misspelt name of an operation."""
        mockstore_api.calls.one("placeOrder")


class WhatIsPlayedAndAudited:
    """Scenarios, audits and orders of events."""

    def test_a_scenario_does_not_come_out(self, mockstore, tmp_path):
        """The line of the file, and what was there instead."""
        file = tmp_path / "sale.yaml"
        file.write_text(
            "name: sale\n"
            "webhooks:\n"
            "  shop: {events: 'order.*', answers: [503, 200]}\n"
            "steps:\n"
            "  - emit: order.created\n"
            "  - expect: {states: delivered}\n"
        )

        mockstore.play(file)

    def test_a_consumer_fails_the_audit(self, mockstore):
        """Each rule that failed: what was sent, what came back, why it matters, what to change."""
        mockstore.assert_conforms(lambda request: 200, secret=SECRET, rules=["signature.wrong_secret"])

    def test_an_order_of_events_breaks_it(self, mockstore):
        """The smallest sequence that breaks it."""

        def make_app():
            known = {}

            def receive(request):
                import json

                event = json.loads(request.body)
                if event["eventType"] == "order.status_changed":
                    known[event["data"]["orderId"]]["status"] = event["data"]["newStatus"]
                if event["eventType"] == "order.created":
                    known[event["data"]["order"]["id"]] = {"status": "PENDING"}
                return 204

            receive.known = known
            return receive

        def life(shop):
            shop.orders.place(shop.pets.add()).pay()

        mockstore.explore_orders(make_app, life, lambda app: list(app.known.values()), secret=SECRET)


class WhatWasWrittenWrong:
    """Mistakes in the test itself."""

    def test_an_unknown_event_type(self, mockstore):
        """The nearest name is offered."""
        mockstore.emit("pet.adoptet")

    def test_a_member_that_does_not_exist(self, mockstore):
        """A misspelt path."""
        mockstore.emit("pet.adopted", {"adopter": {"emial": "ada@example.com"}})

    def test_a_value_that_breaks_the_schema(self, mockstore):
        """Only an event that is emitted with `invalid=True` may break its schema."""
        mockstore.emit("order.created", {"order.total": "much"})

    def test_a_fault_that_needs_a_socket(self, mockstore, mockstore_inbox):
        """Some faults need a connection, which an app in process does not have."""
        mockstore.emit("order.created", fault="reset_before_answer")

    @pytest.mark.mockstore(shedule=[1, 2])
    def test_a_slip_in_the_marker(self, mockstore):
        """The marker's keywords are those of `Mockstore.in_process`."""

    def test_an_endless_chain(self, mockstore):
        """A consumer that answers an event with a call that emits the same event."""

        def receive(request):
            mockstore.emit("pet.status_changed")

        mockstore.subscribe(receive, events="pet.status_changed")

        mockstore.emit("pet.status_changed")
