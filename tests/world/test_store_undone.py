"""A transaction that fails changes nothing in any store, not even the order of records."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
DELIVERED, DISCARDED = DeliveryState.DELIVERED, DeliveryState.DISCARDED


def event(id_: str) -> EventRecord:
    return EventRecord(id_, "pet.adopted", NOON, b"{}")


def delivery(id_: str, due: datetime = NOON, *, state: DeliveryState = DeliveryState.PENDING) -> DeliveryRecord:
    return DeliveryRecord(id_, "e", "w", NOON, due, state)


def claimed(store: Store, now: datetime = LATER) -> list[str]:
    return [record.id for record in store.claim(now, 10)]


def run_in_failing_transaction(store: Store, work: Callable[[], object]) -> None:
    """Call `work` in a transaction that then fails."""

    def run() -> None:
        with store.transaction():
            work()
            raise LookupError

    with pytest.raises(LookupError):
        run()


def test_a_claim_is_given_back(store: Store) -> None:
    store.save_delivery(delivery("d"))

    run_in_failing_transaction(store, lambda: store.claim(NOON, 1))

    assert not store.holds("d")
    assert store.next_due() == NOON
    assert claimed(store) == ["d"]


def test_a_claim_whose_release_was_undone_can_be_released(store: Store) -> None:
    store.save_delivery(delivery("d"))
    store.claim(NOON, 1)

    run_in_failing_transaction(store, lambda: store.release("d"))
    run_in_failing_transaction(store, store.next_due)

    assert store.holds("d")
    assert claimed(store) == []
    store.release("d")
    assert claimed(store) == ["d"]


def test_a_claim_whose_release_and_new_claim_were_undone_is_still_held(store: Store) -> None:
    store.save_delivery(delivery("d"))
    store.claim(NOON, 1)

    def work() -> None:
        store.release("d")
        assert not store.holds("d")
        assert claimed(store) == ["d"]

    run_in_failing_transaction(store, work)

    assert store.holds("d")
    assert claimed(store) == []


def test_what_was_released_and_claimed_again_in_one_transaction_is_held(store: Store) -> None:
    store.save_delivery(delivery("d"))
    store.claim(NOON, 1)

    with store.transaction():
        store.release("d")
        assert claimed(store) == ["d"]

    assert store.holds("d")
    assert claimed(store) == []


def test_what_was_stopped_is_due_again_even_if_somebody_looked_for_what_is_due(store: Store) -> None:
    store.save_delivery(delivery("d"))

    def work() -> None:
        store.save_delivery(delivery("d", state=DISCARDED))
        assert store.next_due() is None

    run_in_failing_transaction(store, work)

    assert store.next_due() == NOON
    assert claimed(store) == ["d"]


def test_what_was_put_off_keeps_its_place(store: Store) -> None:
    store.save_delivery(delivery("a"))
    store.save_delivery(delivery("b"))

    def work() -> None:
        store.save_delivery(delivery("a", LATER))
        store.save_delivery(delivery("a"))

    run_in_failing_transaction(store, work)

    assert claimed(store) == ["a", "b"]


def test_a_delivery_that_is_saved_again_is_listed_once_and_as_the_latest(store: Store) -> None:
    run_in_failing_transaction(store, lambda: store.save_delivery(delivery("a")))
    store.save_delivery(delivery("b"))
    store.save_delivery(delivery("a"))

    for found in (store.deliveries(), store.deliveries(event_id="e"), store.deliveries(webhook_id="w")):
        assert [one.id for one in found] == ["b", "a"]


def test_the_delivery_that_finished_first_is_still_the_first_to_be_forgotten(store: Store) -> None:
    for id_ in "abc":
        store.save_delivery(delivery(id_, state=DELIVERED))

    run_in_failing_transaction(store, lambda: store.save_delivery(delivery("a")))
    store.trim(1)

    assert [one.id for one in store.deliveries()] == ["c"]


def test_an_event_without_a_delivery_is_still_the_first_to_be_forgotten(store: Store) -> None:
    for id_ in "abca":
        store.add_event(event(id_))

    run_in_failing_transaction(store, lambda: store.save_delivery(replace(delivery("d"), event_id="a")))
    store.trim(1)

    assert [one.id for one in store.events()] == ["c"]
