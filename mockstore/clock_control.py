"""The public clock of a Mockstore: read, advance, freeze, run."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

from mockstore.errors import InvalidInputError
from mockstore.world.clock import FARTHEST, RunningClock
from mockstore.world.seams import Clock

_UNITS: Final = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")


class Mover(Protocol):
    """Moves the clock, and runs what falls due."""

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the clock, and run what falls due."""

    def settle(self, timeout: timedelta | None = None) -> None:
        """Run what is due now; raise `TimeoutError` when that takes longer than `timeout`."""


class ClockControl:
    """The clock of a Mockstore."""

    def __init__(self, mover: Mover, clock: Clock) -> None:
        self._mover = mover
        self._clock = clock

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._clock.now()

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Advance by a timedelta or its keywords (`minutes=96`); what falls due in between runs at its due time."""
        __tracebackhide__ = True
        self._mover.advance(by, **units)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still until it is advanced."""
        return self._clock.frozen if isinstance(self._clock, RunningClock) else True

    def freeze(self) -> None:
        """Stop the clock."""
        if isinstance(self._clock, RunningClock):
            self._clock.freeze()

    def run(self) -> None:
        """Let the clock run; raise `InvalidInputError` for a virtual clock, which only `advance` moves."""
        if not isinstance(self._clock, RunningClock):
            raise InvalidInputError("a virtual clock does not run; use clock='system', or advance it", field="clock")
        self._clock.run()
        with suppress(TimeoutError):  # not to wait, but to wake the threads that slept while time stood still
            self._mover.settle(timedelta())


def span(by: timedelta | None, units: dict[str, float], now: datetime | None = None) -> timedelta:
    """Return how far to advance: the sum of a timedelta and its keywords.

    Raises `InvalidInputError` when both are missing, or the sum is negative, not a number, or leads from `now` beyond
    `FARTHEST`. None for `now` skips the last check: a client leaves it to the server.
    """
    if by is None and not units:
        raise InvalidInputError("say how far to advance: a timedelta, or for instance minutes=5")
    if by is not None and not isinstance(by, timedelta):
        raise InvalidInputError(f"cannot advance by {by!r}; say a timedelta, or for instance minutes=5")
    if unknown := units.keys() - _UNITS:
        raise InvalidInputError(f"there is no unit {min(unknown)!r}; known units: {', '.join(_UNITS)}")
    too_far = InvalidInputError(f"that is too far: no clock goes beyond {FARTHEST:%Y}")
    try:
        total = (by or timedelta()) + timedelta(**units)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{error}; allowed are timedelta's keywords, for instance minutes=5") from None
    except OverflowError:
        raise too_far from None
    if total < timedelta():
        raise InvalidInputError(f"cannot go back by {-total}: time moves forward only")
    if now is not None and total > FARTHEST - now:
        raise too_far
    return total
