"""Every store counts its deliveries and events right, whatever was undone, replaced or forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD, PENDING, DELIVERED = DeliveryState.HELD, DeliveryState.PENDING, DeliveryState.DELIVERED


def delivery(id_: str, state: DeliveryState = PENDING) -> DeliveryRecord:
    return DeliveryRecord(id_, id_, "w", NOON, NOON, state)


def counted(store: Store) -> dict[DeliveryState, int]:
    """Return the number of deliveries of each state; leave out states without any."""
    return {state: count for state in DeliveryState if (count := store.count(states=[state]))}


def save(store: Store, *deliveries: DeliveryRecord) -> None:
    for one in deliveries:
        store.add_event(EventRecord(one.event_id, "pet.adopted", NOON, b"{}"))
        store.save_delivery(one)


def run_in_failing_transaction(store: Store, work: Callable[[], object]) -> None:
    """Call `work` in a transaction that then fails."""

    def run() -> None:
        with store.transaction():
            work()
            raise LookupError

    with pytest.raises(LookupError):
        run()


def test_an_empty_store_counts_none(store: Store) -> None:
    assert counted(store) == {}
    assert store.count_events() == 0


@pytest.mark.parametrize("state", DeliveryState)
def test_deliveries_are_counted_by_their_state(store: Store, state: DeliveryState) -> None:
    save(store, delivery("a", state), delivery("b", state))

    assert counted(store) == {state: 2}


def test_a_delivery_that_changes_its_state_is_counted_in_the_new_one(store: Store) -> None:
    save(store, delivery("a"), delivery("b"))
    store.save_delivery(delivery("a", DELIVERED))
    store.save_delivery(replace(delivery("b"), reason="told later"))

    assert counted(store) == {PENDING: 1, DELIVERED: 1}


def test_a_claim_changes_no_count(store: Store) -> None:
    save(store, delivery("a"))
    store.claim(NOON, 1)

    assert counted(store) == {PENDING: 1}


def test_a_transaction_sees_its_own_counts_and_leaves_none_when_it_fails(store: Store) -> None:
    save(store, delivery("a"), delivery("b", HELD))
    seen = []

    def work() -> None:
        save(store, delivery("c"), delivery("d", DELIVERED))
        store.save_delivery(delivery("a", DELIVERED))
        seen.append((counted(store), store.count_events()))

    run_in_failing_transaction(store, work)

    assert seen == [({HELD: 1, PENDING: 1, DELIVERED: 2}, 4)]
    assert counted(store) == {HELD: 1, PENDING: 1}
    assert store.count_events() == 2


def test_what_is_forgotten_is_not_counted(store: Store) -> None:
    save(store, delivery("a", DELIVERED), delivery("b", DELIVERED), delivery("c"))
    store.trim(1)

    assert counted(store) == {PENDING: 1, DELIVERED: 1}
    assert store.count_events() == 2

    store.clear()
    assert counted(store) == {}
    assert store.count_events() == 0


def test_events_are_counted_once_by_id(store: Store) -> None:
    event = EventRecord("e", "pet.adopted", NOON, b"{}")
    store.add_event(event)
    store.add_event(event)

    assert store.count_events() == 1
