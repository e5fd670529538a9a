"""How a careful consumer answers under each fault, in process and over a socket, and where a careless one fails."""

from collections.abc import Sequence

import pytest

from mockstore import Delivery, Event, Mockstore, faults
from mockstore.errors import InvalidInputError
from tests.faults.conftest import Careful, Careless, SharedServer, subscribed

HOURS_OF_ALL_FAULTS = 3
"""Hours after which no fault sends anything any more."""
IN_PROCESS = [fault for fault in faults.ALL if not fault.needs_socket]
FORGIVING = {faults.Expect.REJECT, faults.Expect.SURVIVE}


def judged(event: Event, fault: faults.Fault) -> list[bool]:
    """Return for each attempt that the fault applied to whether it was answered as expected."""
    return [
        faults.is_met(fault.expects, attempt)
        for delivery in event.deliveries
        for attempt in delivery.attempts
        if not fault.attempts or attempt.number in fault.attempts
    ]


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_the_careful_consumer_does_as_expected_in_process(fault: faults.Fault) -> None:
    consumer = Careful()
    with subscribed(consumer) as (store, webhook):
        event = store.emit("order.created", fault=fault)
        store.advance(hours=HOURS_OF_ALL_FAULTS)

        assert store.complaints() == []
        assert set(judged(event, fault)) == {True}
        webhook.assert_active()
    accepted = fault.expects not in FORGIVING or fault.name in ("huge", "duplicate_keys", "wrong_content_type")
    assert len(consumer.booked) == int(accepted)


@pytest.mark.parametrize("fault", faults.ALL)
def test_the_careful_consumer_does_as_expected_over_a_socket(fault: faults.Fault, shared_server: SharedServer) -> None:
    consumer = Careful()
    with subscribed(consumer, shared_server, timeout=0.5 if fault.group == "wire" else 5) as (store, webhook):
        event = store.emit("order.created", fault=fault)
        store.advance(hours=HOURS_OF_ALL_FAULTS)

        assert store.complaints() == []
        assert set(judged(event, fault)) == {True}
        webhook.assert_active()
    genuine_at_last = fault.expects not in FORGIVING or fault.attempts
    accepted = genuine_at_last or fault.name in ("huge", "duplicate_keys", "wrong_content_type")
    assert len(consumer.booked) == int(bool(accepted))


@pytest.mark.parametrize("fault", faults.MUST_DEDUPE)
def test_under_each_of_these_the_event_comes_more_than_once(fault: faults.Fault) -> None:
    consumer = Careful()
    with subscribed(consumer) as (store, _):
        store.emit("order.created", fault=fault)
        store.advance(hours=HOURS_OF_ALL_FAULTS)

    assert consumer.requests > 1


@pytest.mark.parametrize("fault", faults.OVER_A_SOCKET)
def test_without_a_socket_a_fault_of_the_wire_is_refused_and_nothing_is_sent(fault: faults.Fault) -> None:
    consumer = Careful()
    with subscribed(consumer) as (store, _):
        with pytest.raises(InvalidInputError, match=f"{fault} needs a socket, and .* subscribe a URL"):
            store.emit("order.created", fault=fault)

        assert len(store.events) == 0
    assert consumer.requests == 0


@pytest.mark.parametrize(
    ("name", "booked", "answers"),
    [
        pytest.param("reserialised_body", 1, [204], id="takes what was written anew for genuine"),
        pytest.param("missing_signature", 0, [None], id="crashes without the header"),
        pytest.param("non_ascii_signature", 0, [None], id="crashes on a header that it cannot compare"),
        pytest.param("not_json", 0, [None], id="crashes on what it cannot parse"),
        pytest.param("non_utf8", 0, [None], id="crashes on what it cannot decode"),
        pytest.param("deeply_nested", 0, [None], id="crashes on depth"),
        pytest.param("empty_body", 0, [None], id="crashes on nothing"),
        pytest.param("not_an_object", 0, [None], id="crashes on what is no object"),
        pytest.param("escaped_unicode", 0, [401], id="refuses what is written otherwise"),
        pytest.param("unknown_event_type", 0, [None], id="crashes on a type that it does not know"),
        pytest.param("new_enum_value", 0, [400], id="refuses a value that it does not know"),
        pytest.param("absent_headers", 0, [None], id="needs the headers"),
        pytest.param("duplicate", 2, [204, 204], id="books twice"),
        pytest.param("duplicate_at_once", 2, [204, 204], id="books twice at once"),
        pytest.param("ack_lost", 2, [None, 204], id="books again when the answer was lost"),
        pytest.param("redelivery_after_success", 2, [204, 204], id="books again an hour later"),
    ],
)
def test_the_careless_consumer_shows_the_difference(name: str, booked: int, answers: Sequence[int | None]) -> None:
    consumer = Careless()
    with subscribed(consumer, raise_errors=False) as (store, _):
        event = store.emit("order.created", fault=name)
        store.advance(hours=HOURS_OF_ALL_FAULTS)

        statuses = [attempt.status for delivery in event.deliveries for attempt in delivery.attempts]
    assert statuses[: len(answers)] == answers
    assert len(consumer.booked) == booked


def test_what_a_crashing_consumer_raised_comes_out() -> None:
    with subscribed(Careless()) as (store, _), pytest.raises(KeyError, match="HTTP_X_WEBHOOK_SIGNATURE"):
        store.emit("order.created", fault="missing_signature")


# ---- strictness ----


def complaint(consumer: Careful, fault: str) -> str:
    with subscribed(consumer, raise_errors=False) as (store, _):
        store.emit("order.created", fault=fault)
        return "\n".join(store.complaints())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reserialised_body", "a delivery with the fault reserialised_body was answered 204, expected 4xx:"),
        ("not_json", "a delivery with the fault not_json was answered error, expected 4xx:"),
        ("new_enum_value", "a delivery was not acknowledged:"),
    ],
)
def test_a_strict_test_complains_of_a_consumer_that_does_otherwise(name: str, text: str) -> None:
    assert text in complaint(Careless(), name)


@pytest.mark.parametrize("name", ["ack_lost", "redelivery_after_success", "out_of_order", "redelivery_after_enabling"])
def test_a_strict_test_complains_of_what_is_still_to_come_until_it_has_come(name: str) -> None:
    with subscribed(Careful(), raise_errors=False) as (store, _):
        store.emit("order.created", fault=name)
        before = store.complaints()
        store.advance(hours=3)

        assert [f"the fault {name} is not over: the next attempt is due at" in one for one in before] == [True]
        assert store.complaints() == []


def test_a_report_names_the_faults() -> None:
    with subscribed(Careful()) as (store, _):
        event = store.emit("order.created", fault=[faults.named("tampered_body").on(1), "unknown_member"])

        assert "faults on purpose: tampered_body on attempt 1, unknown_member" in event.delivery.report()


def test_the_usual_assertions_see_what_happened() -> None:
    with subscribed(Careful()) as (store, _):
        forged: Delivery = store.emit("order.created", fault="wrong_secret").delivery

        forged.assert_rejected(401)
        with pytest.raises(AssertionError, match="to be acknowledged"):
            forged.assert_acknowledged()


# ---- one attempt only ----


@pytest.mark.parametrize("fault", [*faults.MUST_REJECT, *faults.MUST_NOT_CRASH])
def test_what_is_forged_or_hostile_is_tried_once_and_disables_nothing(fault: faults.Fault) -> None:
    with Mockstore.in_process(strict=False) as store:
        webhook = store.subscribe(lambda _: 400)

        store.emit("order.created", fault=fault)
        store.advance(hours=HOURS_OF_ALL_FAULTS)

        delivery = webhook.deliveries.last
        assert (delivery.state, len(delivery.attempts)) == ("failed", 1)
        webhook.assert_active()


def test_a_forgery_of_the_first_attempt_alone_is_followed_by_the_genuine_one() -> None:
    consumer = Careful()
    with subscribed(consumer) as (store, _):
        event = store.emit("order.created", fault=faults.named("tampered_body").on(1))
        store.advance(minutes=1)

        assert [attempt.status for attempt in event.delivery.attempts] == [401, 204]
    assert len(consumer.booked) == 1
