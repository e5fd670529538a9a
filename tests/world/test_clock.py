"""What time each clock shows, and how it is moved, frozen and waited for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import freezegun
import pytest
import time_machine

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.world.clock import EPOCH, Chance, ClockState, RunningClock, TravellingClock, VirtualClock, wall_time
from mockstore.world.seams import Clock

START = datetime(2030, 5, 17, 8, tzinfo=UTC)


@pytest.fixture(params=[VirtualClock, TravellingClock, RunningClock])
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    made: Clock = request.param(START)
    yield made
    made.close()


def test_a_clock_stands_where_it_was_started(clock: Clock) -> None:
    assert clock.now() == clock.now() == START


def test_a_clock_jumps_forward_only(clock: Clock) -> None:
    clock.jump_to(START + timedelta(hours=1))
    clock.jump_to(START)

    assert clock.now() == START + timedelta(hours=1)


@pytest.mark.parametrize("make", [VirtualClock, TravellingClock, RunningClock])
@pytest.mark.parametrize("day", [datetime(2025, 3, 30, 1, 30), datetime(2025, 10, 26, 1, 30)], ids=["spring", "autumn"])  # noqa: DTZ001 - in Berlin
def test_a_clock_that_starts_in_another_zone_tells_utc_and_counts_real_hours(
    make: Callable[[datetime], Clock], day: datetime
) -> None:
    start = day.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    clock = make(start)
    shown = [clock.now()]
    for _ in range(3):
        clock.jump_to(clock.now() + timedelta(hours=1))
        shown.append(clock.now())
    clock.reset()
    shown.append(clock.now())
    clock.close()

    first = start.astimezone(UTC)
    assert shown == [first + timedelta(hours=hours) for hours in (0, 1, 2, 3, 0)]
    assert {moment.tzinfo for moment in shown} == {UTC}


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    clock = VirtualClock(datetime(2025, 3, 30, 0, 30, tzinfo=UTC))

    clock.jump_to(datetime(2025, 3, 30, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")))

    assert clock.now() == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_reset_clock_stands_where_it_was_started(clock: Clock) -> None:
    clock.jump_to(START + timedelta(hours=1))
    clock.reset()

    assert clock.now() == START


def test_a_clock_that_stands_still_has_no_time_to_wait(clock: Clock) -> None:
    assert clock.seconds_until(START + timedelta(hours=1)) is None


def test_a_virtual_clock_starts_at_the_guides_moment_and_leaves_the_process_alone() -> None:
    before = wall_time()
    clock = VirtualClock()

    assert clock.now() == EPOCH == datetime(2025, 1, 6, 12, tzinfo=UTC)
    assert wall_time() - before < timedelta(hours=1)


def test_a_virtual_clock_follows_frozen_process_time() -> None:
    clock = VirtualClock()
    with freezegun.freeze_time(START) as frozen:
        assert clock.now() == START
        frozen.tick(timedelta(minutes=5))
        assert clock.now() == START + timedelta(minutes=5)
    with time_machine.travel(START, tick=False):
        assert clock.now() == START
    assert clock.now() == EPOCH


def test_a_retry_falls_due_when_the_test_moves_frozen_time() -> None:
    with freezegun.freeze_time(START) as frozen, Mockstore.in_process() as mockstore:
        inbox = mockstore.open_inbox()
        inbox.will_answer(503, 200)
        event = mockstore.emit("pet.adopted")
        frozen.tick(timedelta(minutes=1))
        mockstore.settle()

        assert event.timestamp == START
        assert [attempt.status for attempt in event.delivery.attempts] == [503, 200]


def test_a_travelling_clock_takes_the_process_along_and_back() -> None:
    before = wall_time()
    clock = TravellingClock(START)
    clock.jump_to(START + timedelta(hours=1))
    seen = wall_time()
    clock.close()

    assert seen == START + timedelta(hours=1)
    assert wall_time() - before < timedelta(hours=1)


def test_a_running_clock_goes_on_from_where_it_was_moved_to() -> None:
    clock = RunningClock()
    target = wall_time() + timedelta(days=1)
    clock.jump_to(target)

    assert timedelta() <= clock.now() - target < timedelta(hours=1)
    assert clock.now() <= clock.now()


def test_a_running_clock_can_be_frozen_and_run_again() -> None:
    clock = RunningClock()
    clock.freeze()
    frozen_at = clock.now()

    assert (clock.frozen, clock.now()) == (True, frozen_at)
    clock.run()
    assert clock.frozen is False
    assert timedelta() <= clock.now() - frozen_at < timedelta(hours=1)


@pytest.mark.parametrize(("ahead", "seconds"), [(timedelta(hours=-1), 0), (timedelta(), 0)], ids=["past", "now"])
def test_what_is_past_needs_no_waiting(ahead: timedelta, seconds: float) -> None:
    clock = RunningClock()

    assert clock.seconds_until(clock.now() + ahead) == seconds


def test_the_time_to_wait_is_that_until_the_moment() -> None:
    clock = RunningClock()
    waiting = clock.seconds_until(clock.now() + timedelta(hours=1))

    assert waiting is not None
    assert 3500 < waiting <= 3600


def test_a_virtual_clock_cannot_be_let_run() -> None:
    with Mockstore.in_process() as mockstore, pytest.raises(InvalidInputError, match="use clock='system'"):
        mockstore.clock.run()


def test_chance_with_a_seed_falls_the_same_and_without_one_it_does_not() -> None:
    assert Chance(1).bytes(8) == Chance(1).bytes(8)
    assert Chance(None).bytes(8) != Chance(None).bytes(8)


def test_reseeded_chance_starts_over() -> None:
    chance = Chance(1)
    first = chance.bytes(8)
    chance.reseed()

    assert chance.bytes(8) == first


def test_a_key_stays_the_same_whatever_was_rolled_and_is_another_for_each_purpose() -> None:
    chance, nobodys = Chance(1), Chance(None)
    before = [chance.key("a"), nobodys.key("a")]
    chance.bytes(8)
    chance.reseed()

    assert [chance.key("a"), nobodys.key("a")] == before
    assert len({*before, chance.key("b"), Chance(2).key("a"), Chance(None).key("a")}) == 5


@pytest.mark.parametrize("answers", [(503,), ()], ids=["a retry is due", "nothing is due"])
@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel], ids=["freezegun", "time-machine"])
def test_a_travelling_clock_that_another_freeze_overrules_says_so(
    freeze: Callable[[datetime], AbstractContextManager[object]], answers: tuple[int, ...]
) -> None:
    with Mockstore.in_process(clock="travel") as mockstore:
        mockstore.open_inbox().will_answer(*answers)
        if freeze is time_machine.travel:
            freeze = partial(time_machine.travel, tick=False)

        with freeze(START):
            mockstore.emit("pet.adopted")
            with pytest.raises(InvalidInputError, match=r"another freeze.* holds it at 2030-05-17T08:00"):
                mockstore.advance(hours=3)

        assert mockstore.clock.now() == EPOCH


class MemoryShelf:
    """Keeps the state of a clock in memory, where several clocks can share it."""

    def __init__(self) -> None:
        self.state: ClockState | None = None

    def read(self) -> ClockState | None:
        return self.state

    def write(self, state: ClockState) -> None:
        self.state = state


def test_two_clocks_over_the_same_records_show_the_same_once_one_of_them_is_frozen() -> None:
    shelf = MemoryShelf()
    first, second = RunningClock(shelf=shelf), RunningClock(shelf=shelf)

    first.freeze()
    assert second.now() >= first.now(), "it runs until it looks"
    changed = second.follow()

    assert (changed, second.frozen, second.now()) == (True, True, first.now())
    assert not second.follow()
