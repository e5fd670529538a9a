"""Fairness among webhooks, tested without threads: which delivery is next while others are out."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from mockstore.delivery.fair_queue import FairQueue
from mockstore.delivery.receiver_speed import REMEMBERED, ReceiverSpeed, speed_of
from mockstore.model import DeliveryRecord, Outcome
from mockstore.world.clock import EPOCH


def delivery(webhook: str, number: int = 0) -> DeliveryRecord:
    return DeliveryRecord(f"{webhook}-{number}", "event", webhook, EPOCH, EPOCH)


def fair_queue(
    limit: int, waiting: Iterable[tuple[str, int]], speeds: dict[str, ReceiverSpeed] | None = None
) -> FairQueue:
    """Return a queue with so many `waiting` deliveries for each webhook, whose receivers have these `speeds`."""
    made = FairQueue(limit)
    for webhook, speed in (speeds or {}).items():
        made.add(delivery(webhook))
        taken = made.take()
        assert taken is not None
        made.give_back(taken, speed)
    for webhook, count in waiting:
        for number in range(count):
            made.add(delivery(webhook, number))
    return made


def take_all(made: FairQueue) -> list[str]:
    return [taken.webhook_id for taken in iter(made.take, None)]


QUICK, UNPROVEN, SLOW = ReceiverSpeed.QUICK, ReceiverSpeed.UNPROVEN, ReceiverSpeed.SLOW
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("limit", "waiting", "speeds", "out"),
    [
        pytest.param(4, [("a", 1)], {}, {"a": 1}, id="one goes"),
        pytest.param(1, [("a", 9)], {"a": SLOW}, {"a": 1}, id="with one place even a slow one goes"),
        pytest.param(16, [("a", 99)], {"a": QUICK}, {"a": 15}, id="a quick one leaves one place for others"),
        pytest.param(16, [("a", 99)], {}, {"a": 7}, id="an unproven one gets half but one place"),
        pytest.param(16, [("a", 99)], {"a": SLOW}, {"a": 3}, id="a slow one gets a quarter but one place"),
        pytest.param(16, [("a", 9), ("b", 9)], {"a": SLOW, "b": SLOW}, {"a": 2, "b": 1}, id="slow ones share it"),
        pytest.param(
            16, [("a", 9), ("b", 9)], {"a": SLOW}, {"a": 3, "b": 4}, id="slow and unproven ones have half together"
        ),
        pytest.param(4, [("a", 9), ("b", 9)], {}, {"a": 1, "b": 1}, id="one that has nothing out gets the last place"),
        pytest.param(
            16,
            [("a", 9), ("b", 9), ("c", 9)],
            {"a": SLOW, "b": UNPROVEN, "c": QUICK},
            {"a": 3, "b": 4, "c": 8},
            id="a quick one has all the rest but the one place for others",
        ),
    ],
)
def test_so_many_are_out_at_once(
    limit: int, waiting: list[tuple[str, int]], speeds: dict[str, ReceiverSpeed], out: dict[str, int]
) -> None:
    gone = take_all(fair_queue(limit, waiting, speeds))

    assert {webhook: gone.count(webhook) for webhook in out} == out
    assert len(gone) == sum(out.values())


def test_the_last_place_goes_to_one_that_has_nothing_out() -> None:
    made = fair_queue(16, [("busy", 99)], {"busy": QUICK, "other": QUICK})
    take_all(made)

    made.add(delivery("other"))

    assert take_all(made) == ["other"]


def test_webhooks_take_turns() -> None:
    made = fair_queue(9, [("a", 3), ("b", 3)], {"a": QUICK, "b": QUICK})

    assert take_all(made) == ["a", "b", "a", "b", "a", "b"]


def test_thousands_of_dead_ones_leave_room_for_a_new_one_and_a_quick_one() -> None:
    dead = [f"dead-{number}" for number in range(1000)]
    made = fair_queue(16, [(webhook, 1) for webhook in dead], dict.fromkeys(dead, SLOW) | {"quick": QUICK})
    assert len(take_all(made)) == 4

    made.add(delivery("new"))
    made.add(delivery("quick"))

    assert sorted(take_all(made)) == ["new", "quick"]


def test_waiting_deliveries_move_when_the_speed_of_their_receiver_changes() -> None:
    made = fair_queue(16, [("a", 99)])
    first = made.take()
    assert first is not None
    still_out = len(take_all(made))

    made.give_back(first, QUICK)

    assert still_out + len(take_all(made)) == 15


def test_nothing_learnt_changes_nothing() -> None:
    made = fair_queue(16, [("a", 99)])
    first = made.take()
    assert first is not None
    take_all(made)

    made.give_back(first, None)

    assert take_all(made) == ["a"]


def test_it_is_empty_when_nothing_waits_and_nothing_is_out() -> None:
    made = fair_queue(2, [("a", 1)])
    waiting = made.waiting, made.empty
    taken = made.take()
    assert taken is not None
    out = made.waiting, made.empty

    made.give_back(taken, QUICK)

    assert (waiting, out, (made.waiting, made.empty)) == ((True, False), (False, False), (False, True))


def test_draining_returns_what_waits() -> None:
    made = fair_queue(2, [("a", 2), ("b", 1)], {"b": SLOW})

    assert sorted(left.id for left in made.drain()) == ["a-0", "a-1", "b-0"]
    assert made.empty


def test_the_speeds_of_the_latest_receivers_only_are_remembered() -> None:
    made = fair_queue(16, [], {f"w{number}": SLOW for number in range(REMEMBERED + 100)})

    assert [made.speed(f"w{number}") for number in (0, 99, 100, REMEMBERED + 99)] == [UNPROVEN, UNPROVEN, SLOW, SLOW]


def test_a_receiver_that_is_tried_again_is_not_forgotten_for_others() -> None:
    made = fair_queue(16, [], {f"w{number}": SLOW for number in range(REMEMBERED)})

    for webhook in ("w0", "new"):
        made.add(delivery(webhook))
        taken = made.take()
        assert taken is not None
        made.give_back(taken, SLOW)

    assert (made.speed("w0"), made.speed("w1")) == (SLOW, UNPROVEN)


def test_a_receiver_that_has_something_out_keeps_its_speed() -> None:
    made = fair_queue(16, [], {"busy": QUICK} | {f"w{number}": SLOW for number in range(REMEMBERED - 1)})
    made.add(delivery("busy"))
    out = made.take()
    assert out is not None

    for number in range(3):
        made.add(delivery(f"new-{number}"))
        taken = made.take()
        assert taken is not None
        made.give_back(taken, SLOW)
    speed = made.speed("busy")
    made.give_back(out, None)

    assert (speed, made.empty, made.out) == (QUICK, True, 0)


@pytest.mark.parametrize(
    ("outcome", "held", "speed"),
    [
        pytest.param(Outcome.ACKNOWLEDGED, SECOND, QUICK, id="quick"),
        pytest.param(Outcome.REFUSED, timedelta(), QUICK, id="quick to refuse"),
        pytest.param(Outcome.ACKNOWLEDGED, SECOND + timedelta(milliseconds=1), SLOW, id="slow, be it over the body"),
        pytest.param(Outcome.TIMEOUT, timedelta(), SLOW, id="no answer within a short limit"),
        pytest.param(Outcome.UNREACHABLE, timedelta(), UNPROVEN, id="not reached"),
        pytest.param(Outcome.UNREACHABLE, SECOND * 2, SLOW, id="not reached after a slow look-up of its name"),
    ],
)
def test_the_speed_of_a_receiver_is_how_long_it_kept_a_thread(
    outcome: Outcome, held: timedelta, speed: ReceiverSpeed
) -> None:
    assert speed_of(outcome, held) is speed


def test_thousands_of_webhooks_at_one_silent_origin_leave_a_place_for_one_elsewhere() -> None:
    made = FairQueue(16)
    for number in range(1000):
        made.add(delivery(f"silent-{number}"), "http://silent.test:80")
    assert len(take_all(made)) == 7

    made.add(delivery("new"), "http://shop.test:80")

    assert take_all(made) == ["new"]


def test_webhooks_at_an_origin_that_was_slow_are_slow_until_they_or_it_prove_otherwise() -> None:
    made = FairQueue(16)
    for number in range(100):
        made.add(delivery(f"silent-{number}"), "http://silent.test:80")
    first, second = made.take(), made.take()
    assert first is not None
    assert second is not None

    speeds = [made.speed("silent-99")]
    made.give_back(first, SLOW)
    speeds.append(made.speed("silent-99"))
    gone = len(take_all(made))
    made.give_back(second, QUICK)
    speeds += [made.speed("silent-99"), made.speed(first.webhook_id), made.speed(second.webhook_id)]

    assert speeds == [UNPROVEN, SLOW, UNPROVEN, SLOW, QUICK]
    assert gone + 1 == 3


def test_one_place_is_for_the_newest_of_those_that_have_proved_nothing() -> None:
    made = fair_queue(16, [(f"silent-{number}", 1) for number in range(100)])

    gone = take_all(made)

    assert gone == [*(f"silent-{number}" for number in range(7)), "silent-99"]


def test_the_others_have_their_turns_while_the_newest_has_its_place() -> None:
    made = fair_queue(16, [(f"silent-{number}", 1) for number in range(100)])
    out = {}
    for taken in iter(made.take, None):
        out[taken.webhook_id] = taken

    made.give_back(out["silent-0"], SLOW)
    made.add(delivery("new"))
    after_an_old_one = take_all(made)
    made.give_back(out["silent-99"], SLOW)

    assert (after_an_old_one, take_all(made)) == (["silent-7"], ["new"])


def test_a_webhook_may_have_another_origin_after_its_queue_has_ended() -> None:
    made = FairQueue(4)
    made.add(delivery("a"), "http://shop.test:80")
    taken = made.take()
    assert taken is not None
    made.give_back(taken, SLOW)

    made.add(delivery("a"), "http://moved.test:80")

    assert (made.speed("a"), made.empty, [left.id for left in made.drain()], made.empty) == (SLOW, False, ["a-0"], True)
