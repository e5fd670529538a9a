"""The engine under two providers, used through the façade with a callable as receiver."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook as OfficialVerifier

from mockstore import Answer, Mockstore, Outgoing, Reply, Webhook
from mockstore.errors import EndlessChainError, InvalidInputError, NotFoundError
from mockstore.model import DeliveryState
from mockstore.provider import standard_webhooks


class Receiver:
    """Keeps the requests and gives the answers in turn; the last answer repeats."""

    def __init__(self, *answers: int | Reply) -> None:
        self.answers = list(answers) or [204]
        self.seen: list[Outgoing] = []

    def __call__(self, outgoing: Outgoing) -> int | Reply:
        self.seen.append(outgoing)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def header(self, name: str) -> list[str]:
        return [dict(outgoing.headers)[name] for outgoing in self.seen]


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


def offsets(webhook: Webhook) -> list[float]:
    return [attempt.offset.total_seconds() for attempt in webhook.deliveries.last.attempts]


def test_an_event_is_delivered_at_once_with_the_guides_headers(store: Mockstore) -> None:
    receiver = Receiver()
    store.subscribe(receiver, events=["pet.adopted"])

    event = store.emit("pet.adopted")

    (sent,) = receiver.seen
    assert sent.body == event.body
    assert dict(sent.headers) | {"X-Webhook-Signature": ""} == {
        "Content-Type": "application/json",
        "User-Agent": "Petstore-Webhooks/1.0",
        "X-Webhook-Id": event.id,
        "X-Webhook-Event": "pet.adopted",
        "X-Webhook-Attempt": "1",
        "X-Webhook-Signature": "",
    }
    assert event.delivery.state is DeliveryState.DELIVERED


def test_only_the_subscribed_events_are_sent(store: Mockstore) -> None:
    receiver = Receiver()
    store.subscribe(receiver, events=["order.*"])

    for name in store.provider.catalogue.types:
        store.emit(name)

    assert receiver.header("X-Webhook-Event") == ["order.created", "order.status_changed"]


def test_each_webhook_gets_its_own_delivery(store: Mockstore) -> None:
    store.subscribe(Receiver())
    store.subscribe(Receiver(503))

    event = store.emit("pet.adopted")

    assert [delivery.state for delivery in event.deliveries] == [DeliveryState.DELIVERED, DeliveryState.PENDING]


def test_the_ladder_keeps_body_and_id_while_the_attempt_counts(store: Mockstore) -> None:
    receiver = Receiver(503, 500, 204)
    webhook = store.subscribe(receiver)

    store.emit("order.created")
    store.advance(minutes=6)

    assert receiver.header("X-Webhook-Attempt") == ["1", "2", "3"]
    assert len({outgoing.body for outgoing in receiver.seen}) == 1
    assert len(set(receiver.header("X-Webhook-Id"))) == 1
    assert offsets(webhook) == [0, 60, 360]


def test_nothing_is_tried_a_moment_before_it_is_due(store: Mockstore) -> None:
    receiver = Receiver(503)
    store.subscribe(receiver)

    store.emit("order.created")
    store.advance(seconds=59.999)
    early = len(receiver.seen)
    store.advance(seconds=0.001)

    assert (early, len(receiver.seen)) == (1, 2)


def test_many_short_steps_are_one_long_one(store: Mockstore) -> None:
    receiver = Receiver(503)
    webhook = store.subscribe(receiver)

    store.emit("order.created")
    for _ in range(96):
        store.advance(minutes=1)

    assert offsets(webhook) == [0, 60, 360, 2160, 5760]


def test_the_fifth_failure_disables_the_webhook_and_discards_the_rest(store: Mockstore) -> None:
    webhook = store.subscribe(Receiver(503))

    first = store.emit("order.created")
    store.advance(minutes=50)
    second = store.emit("pet.adopted")
    store.advance(minutes=46)
    third = store.emit("pet.adopted")

    webhook.assert_disabled()
    assert first.delivery.state is DeliveryState.FAILED
    assert second.delivery.state is DeliveryState.DISCARDED
    assert second.delivery.record.reason == "the webhook was disabled: attempt 5 of 5 of one delivery failed"
    assert list(third.deliveries) == []


def test_what_was_discarded_is_recovered_after_enabling(store: Mockstore) -> None:
    receiver = Receiver(*[503] * 5, 204)
    webhook = store.subscribe(receiver)
    events = [store.emit("order.created"), store.emit("pet.adopted")]
    store.webhooks.update(webhook.id, {"status": "disabled"})

    with pytest.raises(InvalidInputError, match="is disabled; enable it first"):
        store.recover(webhook)
    receiver.answers = [204]
    store.webhooks.update(webhook.id, {"status": "active"})
    recovered = store.recover(webhook)

    assert [delivery.event.id for delivery in recovered] == [event.id for event in events]
    assert [delivery.state for delivery in recovered] == [DeliveryState.DELIVERED] * 2


def test_recovery_can_be_limited_to_what_came_since(store: Mockstore) -> None:
    webhook = store.subscribe(Receiver(*[503] * 2, 204), events="*")
    store.emit("order.created")
    store.advance(seconds=30)
    since = store.clock.now()
    late = store.emit("pet.adopted")
    store.webhooks.update(webhook.id, {"status": "disabled"})
    store.webhooks.update(webhook.id, {"status": "active"})

    assert [delivery.event.id for delivery in store.recover(webhook, since)] == [late.id]


def test_a_redelivery_sends_the_same_bytes_again_under_the_next_number(store: Mockstore) -> None:
    receiver = Receiver()
    store.subscribe(receiver)
    event = store.emit("pet.adopted")

    store.redeliver(event.delivery)

    assert receiver.seen[0].body == receiver.seen[1].body
    assert receiver.header("X-Webhook-Attempt") == ["1", "2"]
    assert [attempt.number for attempt in event.delivery.attempts] == [1, 2]


def test_a_failed_redelivery_climbs_the_whole_ladder_again(store: Mockstore) -> None:
    webhook = store.subscribe(Receiver(204, 503))
    event = store.emit("pet.adopted")

    store.redeliver(event.delivery)
    store.advance(minutes=96)

    assert offsets(webhook) == [0, 0, 60, 360, 2160, 5760]
    webhook.assert_disabled()


def test_deleting_a_webhook_discards_what_it_still_had_to_get(store: Mockstore) -> None:
    webhook = store.subscribe(Receiver(503))
    event = store.emit("pet.adopted")

    store.webhooks.remove(webhook.id)
    store.advance(minutes=96)

    delivery = event.delivery
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.DISCARDED, 1)
    with pytest.raises(NotFoundError, match="no webhook"):
        store.webhooks[webhook.id]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(200, after=timedelta(seconds=6)), "within 5 s", id="too slow"),
        pytest.param(Answer.timeout(), "scripted timeout", id="timeout"),
        pytest.param(Answer.reset(), "reset (scripted)", id="reset"),
        pytest.param(Answer(302), "redirects are not followed", id="redirect"),
    ],
)
def test_a_failure_of_each_kind_is_retried(store: Mockstore, answer: Answer, error: str) -> None:
    inbox = store.open_inbox()
    inbox.will_answer(answer, 200)

    event = store.emit("pet.adopted")
    store.advance(minutes=1)

    first, second = event.delivery.attempts
    assert error in str(first.error)
    assert (second.outcome, second.error) == ("acknowledged", None)


def test_while_a_secret_is_rotated_both_sign(store: Mockstore) -> None:
    receiver = Receiver()
    webhook = store.subscribe(receiver)
    old = webhook.secret

    new = store.rotate_secret(webhook, overlap=timedelta(hours=1))
    store.emit("pet.adopted")
    store.advance(hours=1)
    store.emit("pet.adopted")

    during, after = receiver.header("X-Webhook-Signature")
    assert (webhook.secret, new != old) == (new, True)
    assert during.count("sha256=") == 2
    assert after.count("sha256=") == 1


def test_held_deliveries_wait_for_their_release_and_come_in_the_order_asked(store: Mockstore) -> None:
    receiver = Receiver()
    store.subscribe(receiver)

    store.hold()
    events = [store.emit("order.created"), store.emit("order.status_changed"), store.emit("pet.adopted")]
    store.advance(minutes=5)
    before = len(receiver.seen)
    store.release(order=[2, 0, 1])
    store.emit("pet.status_changed")

    assert before == 0
    assert receiver.header("X-Webhook-Id")[:3] == [events[2].id, events[0].id, events[1].id]
    assert len(receiver.seen) == 4


@pytest.mark.parametrize("order", [[0, 2], [-1]], ids=["beyond the end", "negative"])
def test_an_impossible_order_of_release_is_refused(store: Mockstore, order: list[int]) -> None:
    store.subscribe(Receiver())
    store.hold()
    store.emit("pet.adopted")
    store.emit("pet.adopted")

    with pytest.raises(InvalidInputError, match="is no order of the 2 held deliveries"):
        store.release(order=order)


def test_a_consumer_that_causes_an_event_is_not_entered_again_before_it_returns(store: Mockstore) -> None:
    depth: list[int] = []
    inside = 0

    def consumer(outgoing: Outgoing) -> int:
        nonlocal inside
        inside += 1
        depth.append(inside)
        if b"order.created" in outgoing.body:
            store.emit("pet.adopted")
        inside -= 1
        return 204

    store.subscribe(consumer)
    store.emit("order.created")

    assert depth == [1, 1]
    assert [delivery.state for delivery in store.deliveries] == [DeliveryState.DELIVERED] * 2


def test_an_endless_chain_ends_in_an_error(store: Mockstore) -> None:
    def consumer(_: Outgoing) -> int:
        store.emit("pet.adopted")
        return 204

    store.subscribe(consumer)

    with pytest.raises(EndlessChainError, match="more than 10000 further deliveries"):
        store.emit("pet.adopted")


def test_the_consumers_own_exception_comes_out_after_it_was_recorded(store: Mockstore) -> None:
    def consumer(_: Outgoing) -> int:
        raise LookupError("no such customer")

    webhook = store.subscribe(consumer)

    with pytest.raises(LookupError, match="no such customer"):
        store.emit("pet.adopted")
    (attempt,) = webhook.deliveries.last.attempts
    assert attempt.outcome == "error"
    assert isinstance(attempt.exception, LookupError)


def test_the_consumers_exception_stays_in_the_record_when_that_is_asked_for() -> None:
    def consumer(_: Outgoing) -> int:
        raise LookupError("no such customer")

    with Mockstore.in_process(strict=False, raise_errors=False) as store:
        store.subscribe(consumer)
        event = store.emit("pet.adopted")
        store.advance(minutes=96)

        assert [attempt.outcome for attempt in event.delivery.attempts] == ["error"] * 5


def test_the_same_seed_makes_the_same_bytes_in_every_request() -> None:
    def run() -> list[Outgoing]:
        receiver = Receiver(503, 204)
        with Mockstore.in_process(strict=False, seed=7) as store:
            store.subscribe(receiver)
            for name in store.provider.catalogue.types:
                store.emit(name)
            store.advance(minutes=1)
        return receiver.seen

    assert run() == run()


def test_another_seed_makes_other_bytes() -> None:
    bodies = set()
    for seed in range(5):
        with Mockstore.in_process(strict=False, seed=seed) as store:
            bodies.add(store.emit("pet.adopted").body)

    assert len(bodies) == 5


def test_a_reset_starts_time_and_chance_anew(store: Mockstore) -> None:
    first = store.emit("pet.adopted")
    store.advance(hours=1)
    store.reset()

    assert store.emit("pet.adopted").body == first.body
    assert (len(store.events), len(list(store.webhooks))) == (1, 0)


def test_any_body_at_all_is_sent_and_signed_when_that_is_said(store: Mockstore) -> None:
    inbox = store.open_inbox()

    event = store.emit("pet.adopted", body=b"\xff{not json", invalid=True)

    received = inbox[-1]
    assert received.body == b"\xff{not json"
    assert received.signature.ok
    assert (event.payload, event.data) == (None, None)


def test_a_broken_body_is_refused_unless_that_is_said(store: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match="body: is not JSON"):
        store.emit("pet.adopted", body=b"{")
    assert len(store.events) == 0


def test_an_event_can_be_sent_to_one_webhook_alone(store: Mockstore) -> None:
    chosen, other = Receiver(), Receiver()
    webhook = store.subscribe(chosen, events=["order.created"])
    store.subscribe(other)

    store.emit("pet.adopted", to=webhook)

    assert (len(chosen.seen), len(other.seen)) == (1, 0)


def test_standard_webhooks_signs_so_that_the_official_package_accepts() -> None:
    receiver = Receiver()
    with Mockstore.in_process(strict=False, signatures=["petstore", "standard-webhooks"]) as store:
        webhook = store.subscribe(receiver)
        event = store.emit("pet.adopted")

    (sent,) = receiver.seen
    assert OfficialVerifier(webhook.secret).verify(sent.body, dict(sent.headers)) == event.payload


# ---- a second provider: Standard Webhooks, with its own headers, schedule and rules ----


@pytest.fixture
def other() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False, provider=standard_webhooks()) as made:
        yield made


def test_another_providers_headers_are_sent_and_the_petstores_are_not(other: Mockstore) -> None:
    receiver = Receiver()
    other.subscribe(receiver)

    event = other.emit("pet.adopted")

    headers = dict(receiver.seen[0].headers)
    assert headers["webhook-id"] == event.id
    assert headers["User-Agent"] == "Standard-Webhooks/1.0"
    assert not [name for name in headers if name.startswith("X-Webhook")]


def test_another_providers_schedule_is_climbed(other: Mockstore) -> None:
    webhook = other.subscribe(Receiver(500))

    other.emit("pet.adopted")
    other.advance(days=4)

    assert offsets(webhook) == [0, 5, 305, 2105, 9305, 27305, 63305, 113705, 185705, 272105]


def test_410_disables_another_providers_webhook_at_once(other: Mockstore) -> None:
    webhook = other.subscribe(Receiver(410))

    event = other.emit("pet.adopted")

    assert (event.delivery.state, len(event.delivery.attempts)) == (DeliveryState.FAILED, 1)
    webhook.assert_disabled()


def test_retry_after_puts_off_another_providers_next_attempt(other: Mockstore) -> None:
    webhook = other.subscribe(Receiver(Reply(429, (("Retry-After", "40"),)), 200))

    other.emit("pet.adopted")
    other.advance(minutes=1)

    assert offsets(webhook) == [0, 40]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("told", "second"), [({}, 60), ({"retry_after": False}, 60), ({"retry_after": True}, 600)])
def test_retry_after_is_heeded_where_that_is_set(status: int, told: dict[str, bool], second: int) -> None:
    with Mockstore.in_process(retry_after=told.get("retry_after")) as shop:
        webhook = shop.subscribe(Receiver(Reply(status, (("Retry-After", "600"),)), 200))

        shop.emit("pet.adopted")
        shop.advance(minutes=10)

        assert offsets(webhook) == [0, second]


def test_an_inbox_judges_by_the_providers_own_rules(other: Mockstore) -> None:
    inbox = other.open_inbox()
    inbox.will_answer(500, 200)

    other.emit("pet.adopted")
    other.advance(seconds=5)

    inbox[0].assert_valid()
    assert [received.attempt for received in inbox] == [1, 2]


# ---- providers with one rule changed ----


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"schedule": [10]}, [0, 10], id="schedule"),
        pytest.param({"schedule": [timedelta(seconds=1), 2]}, [0, 1, 3], id="schedule of both kinds"),
        pytest.param({"schedule": []}, [0], id="no retry"),
    ],
)
def test_the_schedule_is_a_setting(options: dict[str, Any], expected: list[float]) -> None:
    with Mockstore.in_process(strict=False, **options) as store:
        webhook = store.subscribe(Receiver(500))
        store.emit("pet.adopted")
        store.advance(days=1)

        assert offsets(webhook) == expected
        webhook.assert_disabled()


def test_the_timeout_is_a_setting() -> None:
    with Mockstore.in_process(timeout=10) as store:
        inbox = store.open_inbox()
        inbox.will_answer("200 after 9s")
        store.emit("pet.adopted").assert_acknowledged()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(
            {"clock": "sundial"}, "unknown clock 'sundial'; known clocks: virtual, travel, system", id="clock"
        ),
        pytest.param(
            {"signature_time": "tea"}, "unknown signature_time 'tea'; allowed: wall, virtual", id="signature time"
        ),
        pytest.param({"signatures": ["rot13"]}, "unknown signature scheme 'rot13'", id="signature scheme"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        Mockstore.in_process(**options)


def test_an_event_type_that_does_not_exist_is_refused_with_the_near_ones(store: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match=r"unknown event type 'pet.adoptd': did you mean 'pet.adopted'"):
        store.emit("pet.adoptd")
    with pytest.raises(InvalidInputError, match=r"did you mean 'order.created'"):
        store.subscribe(Receiver(), events=["order.creatd"])
    assert (len(store.events), len(list(store.webhooks))) == (0, 0)


def test_time_does_not_go_back(store: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match="time moves forward only"):
        store.advance(minutes=-1)


def test_a_delivery_is_recorded_with_what_was_sent_and_what_came_back(store: Mockstore) -> None:
    receiver = Receiver(Reply(500, (("Content-Type", "text/plain"),), b"out of order"))
    store.subscribe(receiver)

    event = store.emit("pet.adopted")

    (attempt,) = event.delivery.attempts
    assert attempt.request == receiver.seen[0]
    assert attempt.reply is not None
    assert attempt.reply.body == b"out of order"
    assert attempt.at == event.timestamp == datetime(2025, 1, 6, 12, tzinfo=UTC)


def test_a_pending_delivery_of_a_webhook_that_vanished_is_discarded(store: Mockstore) -> None:
    webhook = store.subscribe(Receiver(503))
    event = store.emit("pet.adopted")
    record = event.delivery.record
    store.webhooks.remove(webhook.id)
    store._parts.store.save_delivery(replace(record, due=store.clock.now()))  # noqa: SLF001 - as a crash would leave it

    store.settle()

    assert event.delivery.state is DeliveryState.DISCARDED
