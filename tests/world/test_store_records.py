"""Every store returns records exactly as they were saved."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from mockstore.errors import AttemptExistsError
from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    OldSecret,
    Outcome,
    Outgoing,
    PlannedFault,
    Reply,
    ResourceRecord,
    WebhookRecord,
    WebhookStatus,
    Wire,
)
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)
FAR = datetime(3000, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
ODD = "no: \0, \\, \ud800, ü, 🐾"
"""Characters that UTF-8 or PostgreSQL cannot store, a backslash, and characters beyond ASCII."""

WEBHOOK = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_x", NOON, NOON)
EVENT = EventRecord("e", "pet.adopted", NOON, b"{}")
DELIVERY = DeliveryRecord("d", "e", "w", NOON, NOON)
REQUEST = Outgoing("http://shop.test/", (("Content-Type", "application/json"), ("X", "1"), ("X", "2")), b"\x00\xff{}")
FIRST = Attempt(
    number=1,
    at=NOON,
    created_at=NOON - timedelta(microseconds=1),
    outcome=Outcome.REFUSED,
    status=503,
    duration=timedelta(milliseconds=3),
    error="the receiver answered 503",
    sent=REQUEST,
    reply=Reply(503, (("Retry-After", "5"),), b"\x00no", timedelta(milliseconds=3)),
)
SECOND = Attempt(2, FAR, FAR - timedelta(days=9), Outcome.TIMEOUT, None, timedelta(seconds=10), None, REQUEST, None)


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param(WEBHOOK, id="plain"),
        pytest.param(replace(WEBHOOK, events=()), id="no events"),
        pytest.param(replace(WEBHOOK, events=("pet.*", "order.paid")), id="several patterns"),
        pytest.param(replace(WEBHOOK, signatures=()), id="no scheme"),
        pytest.param(replace(WEBHOOK, signatures=("petstore", "standard")), id="schemes of its own"),
        pytest.param(replace(WEBHOOK, status=WebhookStatus.DISABLED, description=""), id="disabled"),
        pytest.param(replace(WEBHOOK, old_secrets=(OldSecret("b", FAR), OldSecret("a", NOON))), id="rotated"),
        pytest.param(replace(WEBHOOK, id=ODD, url=ODD, secret=ODD, description=ODD), id="odd characters"),
    ],
)
def test_a_webhook_comes_back_as_it_was(store: Store, webhook: WebhookRecord) -> None:
    store.save_webhook(webhook)

    assert store.webhook(webhook.id) == webhook
    assert store.webhooks() == [webhook]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(EVENT, id="plain"),
        pytest.param(replace(EVENT, body=bytes(range(256)) * 50), id="any bytes"),
        pytest.param(replace(EVENT, body=b""), id="no bytes"),
        pytest.param(replace(EVENT, fits=True), id="checked"),
        pytest.param(replace(EVENT, fits=False, content_type="text/x; a=b", type=ODD), id="invalid"),
    ],
)
def test_an_event_comes_back_as_it_was(store: Store, event: EventRecord) -> None:
    store.add_event(event)

    assert store.event(event.id) == event
    assert store.events() == [event]


@pytest.mark.parametrize(
    "delivery",
    [
        pytest.param(DELIVERY, id="plain"),
        pytest.param(replace(DELIVERY, due=None, state=DeliveryState.HELD), id="held"),
        pytest.param(replace(DELIVERY, due=FAR), id="far away"),
        pytest.param(replace(DELIVERY, state=DeliveryState.DISCARDED, due=None, reason=ODD), id="discarded"),
        pytest.param(
            replace(DELIVERY, faults=(PlannedFault("late", (1, 3), 2**32 - 1), PlannedFault("x"))), id="faulty"
        ),
        pytest.param(replace(DELIVERY, attempts=(FIRST, SECOND), round_start=1), id="attempted"),
        pytest.param(
            replace(DELIVERY, attempts=(replace(FIRST, sent=replace(REQUEST, method="PUT", wire=Wire())),)),
            id="wire",
        ),
        pytest.param(
            replace(
                DELIVERY,
                attempts=(replace(FIRST, sent=replace(REQUEST, wire=Wire(True, True, True, 0, "during"))),),  # noqa: FBT003 - every flag is set
            ),
            id="a wire that does everything",
        ),
        pytest.param(replace(DELIVERY, attempts=(replace(FIRST, reply=Reply(204), error=ODD),)), id="empty reply"),
        pytest.param(replace(DELIVERY, id=ODD, event_id=ODD, webhook_id=ODD, attempts=(FIRST,)), id="odd characters"),
    ],
)
def test_a_delivery_comes_back_as_it_was(store: Store, delivery: DeliveryRecord) -> None:
    store.save_delivery(delivery)

    assert store.delivery(delivery.id) == delivery
    assert store.deliveries(webhook_id=delivery.webhook_id, event_id=delivery.event_id) == [delivery]


def test_a_claimed_delivery_comes_with_its_attempts(store: Store) -> None:
    tried = replace(DELIVERY, attempts=(FIRST, SECOND))
    store.save_delivery(tried)

    assert store.claim(NOON, 1) == [tried]


def test_a_moment_of_another_zone_is_the_same_moment(store: Store) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.save_delivery(replace(DELIVERY, created_at=there, due=there))

    assert store.delivery("d") == DELIVERY
    assert store.next_due() == NOON


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"z": 1, "a": {"y": [], "b": {}}, "m": None}, id="order of members"),
        pytest.param({"price": "19.90", "total": "1234567890.10"}, id="money is text"),
        pytest.param({"n": 2**70, "f": 0.1 + 0.2, "small": 5e-324, "yes": True, "zero": -0.0}, id="numbers"),
        pytest.param({ODD: [ODD]}, id="odd characters"),
        pytest.param({}, id="empty"),
    ],
)
def test_a_resource_comes_back_as_it_was(store: Store, document: dict[str, Any]) -> None:
    resource = ResourceRecord("pet", ODD, document, hidden={"password": document})
    store.save_resource(resource)
    found = store.resource("pet", ODD)

    assert found == resource
    assert repr(found) == repr(resource)  # the order of members is kept, too
    assert store.resources("pet") == [resource]


def test_attempts_are_added_one_by_one(store: Store) -> None:
    store.save_delivery(DELIVERY)
    store.save_delivery(replace(DELIVERY, attempts=(FIRST,)))
    store.save_delivery(replace(DELIVERY, attempts=(FIRST, SECOND), due=None, state=DeliveryState.FAILED))

    assert store.delivery("d") == replace(DELIVERY, attempts=(FIRST, SECOND), due=None, state=DeliveryState.FAILED)


OTHER = replace(FIRST, outcome=Outcome.ACKNOWLEDGED, status=200)


@pytest.mark.parametrize(
    ("attempts", "number"),
    [
        pytest.param((OTHER,), 1, id="another outcome"),
        pytest.param((FIRST, OTHER), 1, id="the same number again"),
        pytest.param((), 1, id="taken back"),
        pytest.param((OTHER, SECOND), 1, id="another history"),
    ],
)
def test_a_recorded_attempt_stays_as_it_is(store: Store, attempts: tuple[Attempt, ...], number: int) -> None:
    recorded = replace(DELIVERY, attempts=(FIRST,))
    store.save_delivery(recorded)

    with pytest.raises(AttemptExistsError) as caught:
        store.save_delivery(replace(DELIVERY, attempts=attempts, due=None, state=DeliveryState.DELIVERED))

    assert str(caught.value) == f"attempt {number} of delivery d is recorded already, with another outcome"
    assert store.delivery("d") == recorded


def test_a_transaction_can_go_on_after_an_attempt_was_refused(store: Store) -> None:
    recorded = replace(DELIVERY, attempts=(FIRST,))
    store.save_delivery(recorded)

    with store.transaction():
        with pytest.raises(AttemptExistsError):
            store.save_delivery(replace(DELIVERY, attempts=(FIRST, OTHER)))
        store.save_webhook(WEBHOOK)

    assert store.delivery("d") == recorded
    assert store.webhook("w") == WEBHOOK


def test_a_delivery_of_any_name_is_claimed_given_back_and_forgotten(store: Store) -> None:
    delivery = replace(DELIVERY, id=ODD, event_id=ODD, webhook_id=ODD)
    store.add_event(replace(EVENT, id=ODD))
    store.save_delivery(delivery)

    assert store.claim(FAR, 1) == [delivery]
    store.release(ODD)
    assert store.claim(FAR, 1) == [delivery]
    store.save_delivery(replace(delivery, state=DeliveryState.DELIVERED, due=None))
    store.release(ODD)
    store.trim(0)

    assert store.claim(FAR, 1) == []
    assert list(store.deliveries()) == []
    assert list(store.events()) == []


def test_claims_come_in_order_with_the_attempts_that_were_made(store: Store) -> None:
    tried = replace(DELIVERY, id="tried", due=NOON - timedelta(seconds=1), attempts=(FIRST,))
    late = replace(DELIVERY, id="late", due=NOON + timedelta(seconds=1), attempts=(FIRST,))
    for delivery in (late, DELIVERY, tried):
        store.save_delivery(delivery)

    assert store.claim(FAR, 10) == [tried, DELIVERY, late]
