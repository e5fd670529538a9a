"""In every store, `end` and `restart` change many deliveries as if each had been saved by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Outcome,
    Outgoing,
    PlannedFault,
)
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD, PENDING, DELIVERED, DISCARDED = (
    DeliveryState.HELD,
    DeliveryState.PENDING,
    DeliveryState.DELIVERED,
    DeliveryState.DISCARDED,
)
REASON = "no: \0, \\, \ud800, ü, 🐾"
REQUEST = Outgoing("http://shop.test/", (), b"{}")
TRIED = Attempt(1, NOON, NOON, Outcome.REFUSED, 503, timedelta(), None, REQUEST, None)
PLAIN = DeliveryRecord("plain", "e", "w", NOON, NOON)
FAULTY = replace(PLAIN, id="faulty", faults=(PlannedFault("late", (1, 3), 2**32 - 1),), attempts=(TRIED,))
HELD_BACK = replace(PLAIN, id="held", due=None, state=HELD)
TO_ANOTHER = replace(PLAIN, id="to another", webhook_id="v")
ENDED = replace(PLAIN, id="ended", due=None, state=DELIVERED, reason="of its own")


@pytest.fixture
def filled(store: Store) -> Store:
    store.add_event(EventRecord("e", "pet.adopted", NOON, b"{}"))
    for delivery in (ENDED, PLAIN, FAULTY, HELD_BACK, TO_ANOTHER):
        store.save_delivery(delivery)
    return store


def end(store: Store) -> None:
    store.end(DISCARDED, REASON, webhook_id="w", states=[PENDING, HELD])


def test_those_that_are_sought_end_and_keep_everything_else(filled: Store) -> None:
    end(filled)

    over = [replace(one, state=DISCARDED, due=None, reason=REASON) for one in (PLAIN, FAULTY, HELD_BACK)]
    assert filled.deliveries() == [ENDED, *over, TO_ANOTHER]
    assert (filled.count(states=[DISCARDED]), filled.count(states=[PENDING])) == (3, 1)


def test_what_has_ended_is_due_no_more_and_others_still_are(filled: Store) -> None:
    filled.save_delivery(replace(TO_ANOTHER, due=NOON + timedelta(hours=1)))
    assert filled.next_due() == NOON

    end(filled)

    assert filled.next_due() == NOON + timedelta(hours=1)
    assert filled.claim(NOON, 9) == []


def test_a_claim_outlasts_the_end_and_an_attempt_under_way_can_still_be_recorded(filled: Store) -> None:
    (claimed,) = filled.claim(NOON, 1)

    end(filled)

    assert filled.holds(claimed.id)
    recorded = filled.delivery(claimed.id)
    assert recorded is not None
    filled.save_delivery(
        replace(recorded, attempts=(*recorded.attempts, replace(TRIED, number=len(recorded.attempts) + 1)))
    )
    filled.release(claimed.id)
    assert filled.claim(NOON, 9) == [TO_ANOTHER]


def test_what_ends_at_once_is_forgotten_in_the_order_of_its_making_and_after_what_had_ended(filled: Store) -> None:
    end(filled)
    filled.save_delivery(replace(TO_ANOTHER, due=None, state=DELIVERED))

    kept = []
    for keep in (4, 3, 2, 1):
        filled.trim(keep)
        kept.append([one.id for one in filled.deliveries()])

    assert kept == [
        ["plain", "faulty", "held", "to another"],
        ["faulty", "held", "to another"],
        ["held", "to another"],
        ["to another"],
    ]


def test_an_end_that_is_undone_leaves_everything_as_it_was(filled: Store) -> None:
    def failing() -> None:
        with filled.transaction():
            end(filled)
            raise LookupError

    with pytest.raises(LookupError):
        failing()

    assert filled.deliveries() == [ENDED, PLAIN, FAULTY, HELD_BACK, TO_ANOTHER]
    assert filled.next_due() == NOON
    assert {one.id for one in filled.claim(NOON, 9)} == {"plain", "faulty", "to another"}


def test_what_has_ended_can_be_started_anew(filled: Store) -> None:
    end(filled)
    filled.save_delivery(PLAIN)

    assert filled.claim(NOON, 1) == [TO_ANOTHER]
    assert filled.claim(NOON, 1) == [PLAIN]


def test_nothing_ends_where_nothing_is_sought(filled: Store) -> None:
    filled.end(DISCARDED, REASON, webhook_id="unknown")

    assert filled.deliveries() == [ENDED, PLAIN, FAULTY, HELD_BACK, TO_ANOTHER]


LATER = NOON + timedelta(hours=1)


def test_those_that_are_sought_begin_anew_and_keep_everything_else(filled: Store) -> None:
    end(filled)

    ids = filled.restart(LATER, webhook_id="w", states=[DISCARDED])

    anew = [replace(one, state=PENDING, due=LATER, reason=None) for one in (PLAIN, FAULTY, HELD_BACK)]
    anew[1] = replace(anew[1], round_start=1)
    assert ids == ["plain", "faulty", "held"]
    assert filled.deliveries() == [ENDED, *anew, TO_ANOTHER]
    assert (filled.count(states=[DISCARDED]), filled.count(states=[PENDING])) == (0, 4)


def test_what_begins_anew_is_claimed_in_the_order_of_its_making_and_after_what_was_due_before(filled: Store) -> None:
    end(filled)
    filled.save_delivery(replace(TO_ANOTHER, due=LATER))
    assert filled.next_due() == LATER

    filled.restart(LATER, webhook_id="w", states=[DISCARDED])

    assert [one.id for one in filled.claim(LATER, 9)] == ["to another", "plain", "faulty", "held"]


def test_what_begins_anew_is_not_forgotten(filled: Store) -> None:
    end(filled)
    filled.restart(LATER, webhook_id="w", states=[DISCARDED])

    filled.trim(0)

    assert [one.id for one in filled.deliveries()] == ["plain", "faulty", "held", "to another"]


def test_a_beginning_that_is_undone_leaves_everything_as_it_was(filled: Store) -> None:
    def failing() -> None:
        with filled.transaction():
            filled.restart(NOON - timedelta(hours=1), webhook_id="w")
            raise LookupError

    with pytest.raises(LookupError):
        failing()

    assert filled.deliveries() == [ENDED, PLAIN, FAULTY, HELD_BACK, TO_ANOTHER]
    assert filled.next_due() == NOON
