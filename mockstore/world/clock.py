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
"""Where virtual time starts: the moment of the samples in the guide (contract 1.1)."""

FARTHEST = datetime(3000, 1, 1, tzinfo=UTC)
"""The latest time of any clock: Python's calendar ends with the year 9999."""


def wall_time() -> datetime:
    """Return the process's time; follows time-machine and freezegun."""
    return datetime.now(UTC)


def random_uuid() -> str:
    """Return a random UUID that no seed determines."""
    return str(uuid.uuid4())


class Chance:
    """A source of random values: the same ones with the same seed, unpredictable without a seed.

    `salt` tells runs of the same seed apart that share what they have made, so that none makes it again; the first has
    none. `root` is what keys are made of when there is no seed, for whoever needs the same ones in every run.
    """

    def __init__(self, seed: int | None, *, salt: str = "", root: bytes | None = None) -> None:
        self.seed = seed
        self._start: int | str = secrets.randbits(64) if seed is None else f"{seed}:{salt}" if salt else seed
        self.dice = random.Random(self._start)  # noqa: S311 - sample data, not keys
        self._root = str(seed).encode() if seed is not None else root or secrets.token_bytes(32)

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose`: the same at each call, and secret without a seed."""
        return sha256(self._root + b":" + purpose.encode()).digest()

    def bytes(self, count: int) -> bytes:
        """Return `count` random bytes; without a seed they are fit for a secret."""
        return secrets.token_bytes(count) if self.seed is None else self.dice.randbytes(count)

    def reseed(self) -> None:
        """Start again: with a seed, the values from the beginning repeat."""
        if self.seed is not None:
            self.dice.seed(self._start)


class VirtualClock:
    """A virtual clock that stands still until it is moved; it follows the process's time while a test freezes that."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = self._now = _checked(start)
        self._moved = timedelta()

    def now(self) -> datetime:
        """Return the virtual time in UTC: the same object while it stands still, since many records keep it."""
        return wall_time() + self._moved if _process_time_is_frozen() else self._now

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; a moment already past moves nothing."""
        self._moved += max(moment - self.now(), timedelta())
        self._now = self._start + self._moved

    def seconds_until(self, moment: datetime | None) -> float | None:  # noqa: ARG002 - part of the seam
        """Return None: waiting brings no moment nearer."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._moved = timedelta()
        self._now = self._start

    def close(self) -> None:
        """Nothing to give back."""


class TravellingClock:
    """A virtual clock that takes the process's own time along, by time-machine."""

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
        """Return the process's time, which stands still."""
        return wall_time()

    def jump_to(self, moment: datetime) -> None:
        """Move the process to `moment`; a moment already past moves nothing.

        Raises `InvalidInputError` when the process does not follow, since somebody else has frozen its time.
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
        """Return None: waiting brings no moment nearer."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._traveller.move_to(self._start, tick=False)
        self._at = self._start

    def close(self) -> None:
        """Let the process's time run as it was."""
        self._travel.stop()


class Hands(Struct, frozen=True):
    """The state of a running clock: by how much it was advanced, and the time at which it is frozen, if it is."""

    ahead: timedelta
    frozen_at: datetime | None

    def now(self, wall: datetime) -> datetime:
        """Return the clock's time when the system's time is `wall`."""
        return wall + self.ahead if self.frozen_at is None else self.frozen_at

    def moved(self, by: timedelta) -> "Hands":
        """Return the state after moving to `moment`."""
        if self.frozen_at is None:
            return Hands(self.ahead + by, None)
        return Hands(self.ahead, self.frozen_at + by)


class Shelf(Protocol):
    """Keeps the state of a clock for the next run, and for other servers on the same records."""

    def read(self) -> Hands | None:
        """Return the state that was kept last, or None."""

    def write(self, hands: Hands) -> None:
        """Keep the state."""


class RunningClock:
    """The system's time, plus what it has been advanced by; can be frozen and let run again.

    With a `shelf` it starts where it was left, and every change is kept there before it holds.
    """

    def __init__(self, frozen_at: datetime | None = None, *, shelf: Shelf | None = None) -> None:
        self._lock = Lock()
        self._shelf = shelf
        self._start = Hands(timedelta(), None if frozen_at is None else _checked(frozen_at))
        self._hands = (shelf.read() if shelf is not None else None) or self._start

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._hands.frozen_at is not None

    def now(self) -> datetime:
        """Return the time in UTC."""
        hands = self._hands
        return wall_time() + hands.ahead if hands.frozen_at is None else hands.frozen_at

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; a moment already past moves nothing."""
        with self._lock:
            step = moment - self.now()
            if step > timedelta():
                self._set(self._hands.moved(step))

    def freeze(self) -> None:
        """Stop the clock."""
        with self._lock:
            self._look()
            self._set(Hands(self._hands.ahead, self.now()))

    def run(self) -> None:
        """Let the clock run on from its time."""
        with self._lock:
            self._look()
            if self._hands.frozen_at is not None:
                self._set(Hands(self._hands.frozen_at - wall_time(), None))

    def seconds_until(self, moment: datetime | None) -> float | None:
        """Return how long a thread has to wait for `moment`; None while the time stands still."""
        if moment is None or self.frozen:
            return None
        return max((moment - self.now()).total_seconds(), 0.0)

    def reset(self) -> None:
        """Forget every advance, and stand or run as at the start."""
        with self._lock:
            self._set(self._start)

    def follow(self) -> bool:
        """Take over the state in which another server on the same records has put the clock; return whether it changed.

        Time does not go back by it, unless the other clock was reset, or was frozen before this one knew of it.
        """
        with self._lock:
            before = self._hands
            self._look()
            return before != self._hands

    def close(self) -> None:
        """Nothing to give back."""

    def _look(self) -> None:
        kept = self._shelf.read() if self._shelf is not None else None
        if kept is None or kept == self._hands:
            return
        wall = wall_time()
        behind = self._hands.now(wall) - kept.now(wall)
        is_exact = kept == self._start or kept.frozen_at is not None  # all clocks that stand still show the same
        self._hands = kept if is_exact or behind <= timedelta() else kept.moved(behind)

    def _set(self, hands: Hands) -> None:
        if self._shelf is not None:
            self._shelf.write(hands)
        self._hands = hands


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
