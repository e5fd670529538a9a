"""Time and chance: the only file that reads a clock or rolls dice."""

import random
import secrets
import sys
import uuid
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any, Protocol

from msgspec import Struct

from mockstore.errors import InvalidInputError

EPOCH = datetime(2025, 1, 6, 12, tzinfo=UTC)
"""Where virtual time starts: the time in the samples of the guide (contract 1.1)."""

FARTHEST = datetime(3000, 1, 1, tzinfo=UTC)
"""The latest time of any clock: Python's calendar ends with the year 9999."""


def wall_time() -> datetime:
    """Return the process's time in UTC; time-machine and freezegun affect it."""
    return datetime.now(UTC)


def random_uuid() -> str:
    """Return a random UUID that no seed determines."""
    return str(uuid.uuid4())


class Chance:
    """A source of random values: the same ones with the same seed, unpredictable without a seed.

    `salt` distinguishes runs with the same seed that share a database, so that none repeats the ids of another; it is
    empty for the first. `root` is the secret that keys are derived from without a seed; with the same `root`, all runs
    have the same keys.
    """

    def __init__(self, seed: int | None, *, salt: str = "", root: bytes | None = None) -> None:
        self.seed = seed
        self._start: int | str = secrets.randbits(64) if seed is None else f"{seed}:{salt}" if salt else seed
        self.dice = random.Random(self._start)  # noqa: S311 - sample data, not keys
        self._root = str(seed).encode() if seed is not None else root or secrets.token_bytes(32)

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose`: the same at each call; it is secret only without a seed."""
        return sha256(self._root + b":" + purpose.encode()).digest()

    def bytes(self, count: int) -> bytes:
        """Return `count` random bytes; without a seed they are fit for a secret."""
        return secrets.token_bytes(count) if self.seed is None else self.dice.randbytes(count)

    def reseed(self) -> None:
        """Restart: with a seed, the values repeat from the beginning; without one, nothing happens."""
        if self.seed is not None:
            self.dice.seed(self._start)


class VirtualClock:
    """A clock that stands still until it is moved; while a test has frozen the process's time, it follows that."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = self._now = _checked(start)
        self._moved = timedelta()

    def now(self) -> datetime:
        """Return the virtual time in UTC: one shared object while it stands still, since many records keep it."""
        return wall_time() + self._moved if _process_time_is_frozen() else self._now

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; do nothing when it is past."""
        self._moved += max(moment - self.now(), timedelta())
        self._now = self._start + self._moved

    def seconds_until(self, moment: datetime | None) -> float | None:  # noqa: ARG002 - part of the seam
        """Return None: this clock does not move while a thread waits."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._moved = timedelta()
        self._now = self._start

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class TravellingClock:
    """A virtual clock that also moves the time of the process, by time-machine."""

    def __init__(self, start: datetime = EPOCH) -> None:
        try:
            import time_machine  # noqa: PLC0415 - an extra, and only for this clock
        except ImportError:
            raise InvalidInputError(
                "clock='travel' needs time-machine: pip install 'mockstore[travel]'", field="clock"
            ) from None
        self._start = _checked(start)
        self._travel: Any = time_machine.travel(start, tick=False)
        self._traveller: Any = self._travel.start()
        self._at = start

    def now(self) -> datetime:
        """Return the process's time in UTC, which stands still."""
        return wall_time()

    def jump_to(self, moment: datetime) -> None:
        """Move the process's time to `moment`; do nothing when it is past.

        Raises `InvalidInputError` when the process's time does not change, since the test has frozen it.
        """
        if moment <= self.now():
            return
        self._traveller.move_to(moment, tick=False)
        if self.now() < moment:
            self._traveller.move_to(self._at, tick=False)
            raise InvalidInputError(
                f"the clock cannot move to {moment.isoformat()}: with clock='travel' mockstore moves the time of this "
                f"process, but another freeze, by freezegun or time-machine, holds it at {self.now().isoformat()}. Use "
                f"one of the two: say start=… in place of the freeze, or keep the freeze and use clock='virtual', "
                f"which follows it",
                field="clock",
            )
        self._at = moment

    def seconds_until(self, moment: datetime | None) -> float | None:  # noqa: ARG002 - part of the seam
        """Return None: this clock does not move while a thread waits."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._traveller.move_to(self._start, tick=False)
        self._at = self._start

    def close(self) -> None:
        """Stop changing the process's time."""
        self._travel.stop()


class ClockState(Struct, frozen=True):
    """The state of a `RunningClock`: how far it is ahead of the system's time, and the time at which it is frozen."""

    ahead: timedelta
    frozen_at: datetime | None

    def now(self, wall: datetime) -> datetime:
        """Return the clock's time when the system's time is `wall`."""
        return wall + self.ahead if self.frozen_at is None else self.frozen_at

    def moved(self, by: timedelta) -> "ClockState":
        """Return the state after an advance by `by`."""
        if self.frozen_at is None:
            return ClockState(self.ahead + by, None)
        return ClockState(self.ahead, self.frozen_at + by)


class Shelf(Protocol):
    """Stores the state of a clock, for later runs and for other servers on the same database."""

    def read(self) -> ClockState | None:
        """Return the stored state, or None."""

    def write(self, state: ClockState) -> None:
        """Store the state."""


class RunningClock:
    """The system's time plus the advances so far; can be frozen and let run again.

    With a `shelf` it starts with the state stored there, and stores each change there before it takes effect.
    """

    def __init__(self, frozen_at: datetime | None = None, *, shelf: Shelf | None = None) -> None:
        self._lock = Lock()
        self._shelf = shelf
        self._start = ClockState(timedelta(), None if frozen_at is None else _checked(frozen_at))
        self._state = (shelf.read() if shelf is not None else None) or self._start

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._state.frozen_at is not None

    def now(self) -> datetime:
        """Return the time in UTC."""
        state = self._state
        return wall_time() + state.ahead if state.frozen_at is None else state.frozen_at

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; do nothing when it is past."""
        with self._lock:
            step = moment - self.now()
            if step > timedelta():
                self._set(self._state.moved(step))

    def freeze(self) -> None:
        """Stop the clock."""
        with self._lock:
            self._take_over_stored()
            self._set(ClockState(self._state.ahead, self.now()))

    def run(self) -> None:
        """Let the clock run on from its current time."""
        with self._lock:
            self._take_over_stored()
            if self._state.frozen_at is not None:
                self._set(ClockState(self._state.frozen_at - wall_time(), None))

    def seconds_until(self, moment: datetime | None) -> float | None:
        """Return how many seconds a thread has to wait for `moment`; None if that is None or the clock stands still."""
        if moment is None or self.frozen:
            return None
        return max((moment - self.now()).total_seconds(), 0.0)

    def reset(self) -> None:
        """Undo every advance, and be frozen or run as at the start."""
        with self._lock:
            self._set(self._start)

    def follow(self) -> bool:
        """Take over the state that another server on the same database has stored; return whether it was different.

        The time never goes back by this, except when the other clock was reset or frozen.
        """
        with self._lock:
            before = self._state
            self._take_over_stored()
            return before != self._state

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _take_over_stored(self) -> None:
        kept = self._shelf.read() if self._shelf is not None else None
        if kept is None or kept == self._state:
            return
        wall = wall_time()
        behind = self._state.now(wall) - kept.now(wall)
        is_exact = kept == self._start or kept.frozen_at is not None  # frozen clocks must show the same time
        self._state = kept if is_exact or behind <= timedelta() else kept.moved(behind)

    def _set(self, state: ClockState) -> None:
        if self._shelf is not None:
            self._shelf.write(state)
        self._state = state


def _checked(start: datetime) -> datetime:
    """Return the start in UTC, so that adding an hour adds an hour when summer time begins or ends."""
    if not isinstance(start, datetime):
        raise InvalidInputError(f"start is {start!r}; it must be a datetime with a time zone", field="start")
    if start.tzinfo is None or start > FARTHEST:
        raise InvalidInputError(
            f"start is {start}; it must have a time zone, such as tzinfo=UTC, and no clock goes beyond {FARTHEST:%Y}",
            field="start",
        )
    return start.astimezone(UTC)


def _process_time_is_frozen() -> bool:
    """Return whether time-machine or freezegun controls this process's time now; imports neither."""
    machine = sys.modules.get("time_machine")
    if machine is not None and machine.escape_hatch.is_travelling():
        return True
    freezer = sys.modules.get("freezegun.api")
    return freezer is not None and bool(freezer.freeze_factories)
