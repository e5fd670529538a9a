"""Time and chance: the only file that reads a clock or rolls dice."""

import random
import secrets
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

from mockstore.errors import InvalidInputError

EPOCH = datetime(2025, 1, 6, 12, tzinfo=UTC)
"""Where virtual time starts: the moment of the samples in the guide (contract 1.1)."""


def wall_time() -> datetime:
    """Return the process's idea of now; follows time-machine and freezegun."""
    return datetime.now(UTC)


class Chance:
    """The dice. With a seed they always fall the same; without one nobody can foresee them."""

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.dice = random.Random(secrets.randbits(64) if seed is None else seed)  # noqa: S311 - sample data, not keys
        self._root = secrets.token_bytes(32) if seed is None else str(seed).encode()

    def key(self, purpose: str) -> bytes:
        """Return the 32 bytes that belong to `purpose`: the same at each call, and secret when there is no seed."""
        return sha256(self._root + b":" + purpose.encode()).digest()

    def bytes(self, count: int) -> bytes:
        """Return `count` random bytes, fit for a secret when there is no seed."""
        return secrets.token_bytes(count) if self.seed is None else self.dice.randbytes(count)

    def reseed(self) -> None:
        """Start over: with a seed, what falls from here is what fell from the start."""
        if self.seed is not None:
            self.dice.seed(self.seed)


class VirtualClock:
    """Stands still until it is told to move; follows the process's time while a test freezes that."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._moved = timedelta()

    def now(self) -> datetime:
        """Return the virtual time in UTC."""
        return (wall_time() if _process_time_is_frozen() else self._start) + self._moved

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; a moment already past moves nothing."""
        self._moved += max(moment - self.now(), timedelta())

    def seconds_until(self, moment: datetime | None) -> float | None:  # noqa: ARG002 - part of the seam
        """Return None: waiting brings no moment nearer."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._moved = timedelta()

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
        self._start = start
        self._travel: Any = time_machine.travel(start, tick=False)
        self._traveller: Any = self._travel.start()

    def now(self) -> datetime:
        """Return the process's time, which stands still."""
        return wall_time()

    def jump_to(self, moment: datetime) -> None:
        """Move the process to `moment`; a moment already past moves nothing."""
        if moment > self.now():
            self._traveller.move_to(moment, tick=False)

    def seconds_until(self, moment: datetime | None) -> float | None:  # noqa: ARG002 - part of the seam
        """Return None: waiting brings no moment nearer."""
        return None

    def reset(self) -> None:
        """Go back to where it started."""
        self._traveller.move_to(self._start, tick=False)

    def close(self) -> None:
        """Let the process's time run as it was."""
        self._travel.stop()


class RunningClock:
    """The system's time, plus what it has been advanced by; can be frozen and let run again."""

    def __init__(self, frozen_at: datetime | None = None) -> None:
        self._lock = Lock()
        self._ahead = timedelta()
        self._start = self._frozen_at = frozen_at

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    def now(self) -> datetime:
        """Return the time in UTC."""
        frozen_at = self._frozen_at
        return wall_time() + self._ahead if frozen_at is None else frozen_at

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; a moment already past moves nothing."""
        with self._lock:
            step = max(moment - self.now(), timedelta())
            if self._frozen_at is None:
                self._ahead += step
            else:
                self._frozen_at += step

    def freeze(self) -> None:
        """Stop the time where it is."""
        with self._lock:
            self._frozen_at = self.now()

    def run(self) -> None:
        """Let the time run on from where it stands."""
        with self._lock:
            if self._frozen_at is not None:
                self._ahead, self._frozen_at = self._frozen_at - wall_time(), None

    def seconds_until(self, moment: datetime | None) -> float | None:
        """Return how long a thread has to wait for `moment`; None while the time stands still."""
        if moment is None or self.frozen:
            return None
        return max((moment - self.now()).total_seconds(), 0.0)

    def reset(self) -> None:
        """Forget every advance, and stand or run as at the start."""
        with self._lock:
            self._ahead, self._frozen_at = timedelta(), self._start

    def close(self) -> None:
        """Nothing to give back."""


def _process_time_is_frozen() -> bool:
    """Tell whether time-machine or freezegun rules this process now; never imports them."""
    machine = sys.modules.get("time_machine")
    if machine is not None and machine.escape_hatch.is_travelling():
        return True
    freezer = sys.modules.get("freezegun.api")
    return freezer is not None and bool(freezer.freeze_factories)
