"""`trim` forgets the deliveries that finished first, with their events, and nothing else, in every store."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, WebhookRecord
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DELIVERED = DeliveryState.DELIVERED


def event(id_: str) -> EventRecord:
    return EventRecord(id_, "pet.adopted", NOON, b"{}")


def delivery(id_: str, *, of: str, state: DeliveryState = DELIVERED) -> DeliveryRecord:
    return DeliveryRecord(id_, of, "w", NOON, NOON if state is DeliveryState.PENDING else None, state)


def emit(store: Store, *ids: str, state: DeliveryState = DELIVERED) -> None:
    """Save, for each id, an event and a delivery that both have it."""
    for id_ in ids:
        with store.transaction():
            store.add_event(event(id_))
            store.save_delivery(delivery(id_, of=id_, state=state))


def remaining(store: Store) -> tuple[list[str], list[str]]:
    return [record.id for record in store.deliveries()], [record.id for record in store.events()]


def test_the_latest_finished_deliveries_stay_with_their_events(store: Store) -> None:
    emit(store, "a", "b", "c", "d")
    store.trim(2)

    assert remaining(store) == (["c", "d"], ["c", "d"])
    assert store.delivery("a") is None
    assert store.deliveries(event_id="a") == []
    assert [record.id for record in store.deliveries(webhook_id="w")] == ["c", "d"]


@pytest.mark.parametrize("state", [DELIVERED, DeliveryState.FAILED, DeliveryState.DISCARDED])
def test_what_has_ended_is_forgotten_however_it_ended(store: Store, state: DeliveryState) -> None:
    emit(store, "a", state=state)
    store.trim(0)

    assert remaining(store) == ([], [])


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.HELD])
def test_what_has_not_ended_stays(store: Store, state: DeliveryState) -> None:
    emit(store, "a", "b", state=state)
    emit(store, "c")
    store.trim(0)

    assert remaining(store) == (["a", "b"], ["a", "b"])


def test_the_delivery_that_finished_first_is_forgotten_first_however_old(store: Store) -> None:
    emit(store, "slow", state=DeliveryState.PENDING)
    emit(store, "a", "b")
    store.save_delivery(delivery("slow", of="slow"))
    store.trim(2)

    assert remaining(store) == (["slow", "b"], ["slow", "b"])


def test_what_is_sent_again_has_not_ended(store: Store) -> None:
    emit(store, "a", "b", "c")
    store.save_delivery(delivery("a", of="a", state=DeliveryState.PENDING))
    store.trim(1)

    assert remaining(store) == (["a", "c"], ["a", "c"])


def test_saving_what_has_ended_again_does_not_make_it_younger(store: Store) -> None:
    emit(store, "a", "b")
    store.save_delivery(replace(delivery("a", of="a"), reason="told later"))
    store.trim(1)

    assert remaining(store) == (["b"], ["b"])


def test_an_event_stays_while_a_delivery_of_it_is_left(store: Store) -> None:
    emit(store, "a")
    store.save_delivery(delivery("a2", of="a", state=DeliveryState.PENDING))
    emit(store, "b")
    store.trim(0)

    assert remaining(store) == (["a2"], ["a"])


def test_events_that_never_had_a_delivery_are_bounded_too(store: Store) -> None:
    for id_ in "abcd":
        store.add_event(event(id_))
    emit(store, "e")
    store.trim(2)

    assert remaining(store) == (["e"], ["c", "d", "e"])


def test_a_webhook_for_one_callback_is_forgotten_with_its_last_delivery(store: Store) -> None:
    registered = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_x", NOON, NOON)
    for webhook in (registered, replace(registered, id="once", events=(), signatures=())):
        store.save_webhook(webhook)
    emit(store, "a", "b")
    for id_ in ("c", "d"):
        store.save_delivery(replace(delivery(id_, of=id_), webhook_id="once"))

    store.trim(1)
    assert [record.id for record in store.webhooks()] == ["w", "once"]

    store.trim(0)
    assert [record.id for record in store.webhooks()] == ["w"]
    assert store.webhook("once") is None


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param({"events": ("*",), "signatures": ()}, id="unsigned"),
        pytest.param({"events": (), "signatures": None}, id="wants nothing"),
    ],
)
def test_a_webhook_that_was_registered_stays_without_deliveries(store: Store, webhook: dict[str, Any]) -> None:
    registered = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_x", NOON, NOON)
    store.save_webhook(replace(registered, **webhook))
    emit(store, "a")
    store.trim(0)

    assert [record.id for record in store.webhooks()] == ["w"]


def test_a_webhook_for_one_callback_stays_while_it_is_pending(store: Store) -> None:
    store.save_webhook(WebhookRecord("w", "http://shop.test/", (), "", NOON, NOON, signatures=()))
    emit(store, "a", state=DeliveryState.PENDING)
    store.trim(0)

    assert [record.id for record in store.webhooks()] == ["w"]


def test_keeping_less_than_before_forgets_more(store: Store) -> None:
    emit(store, *"abcde")
    store.trim(4)
    store.trim(1)

    assert remaining(store) == (["e"], ["e"])


def test_what_is_forgotten_within_a_transaction_that_fails_is_still_there(store: Store) -> None:
    emit(store, "a", "b")

    def fail() -> None:
        with store.transaction():
            store.save_delivery(delivery("c", of="b"))
            store.trim(1)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert remaining(store) == (["a", "b"], ["a", "b"])

    store.trim(1)
    assert remaining(store) == (["b"], ["b"])


def test_trimming_within_a_transaction_is_done_when_it_ends(store: Store) -> None:
    with store.transaction():
        emit(store, "a", "b")
        store.trim(1)

    assert remaining(store) == (["b"], ["b"])


def test_a_long_history_stays_near_its_bound(store: Store) -> None:
    for number in range(300):
        emit(store, str(number))
        store.trim(100)

    kept = remaining(store)
    latest = [str(number) for number in range(300)]
    assert 100 <= len(kept[0]) <= 110
    assert kept == (latest[-len(kept[0]) :], latest[-len(kept[0]) :])
