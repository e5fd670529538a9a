"""Counts events, attempts and response times, in a form that is easy to send to another process and to add. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from math import ceil, floor, log10
from typing import Final, Self

from msgspec import Struct, field

from mockstore.model import Json

EVENTS: Final = "events"
ATTEMPTS: Final = "attempts"
RETRIES: Final = "retries"
DUPLICATES: Final = "duplicates"
FORGED: Final = "forged"
FORGED_ACCEPTED: Final = "forgedAccepted"
FORGED_TURNED_AWAY: Final = "forgedTurnedAway"
DELIVERED: Final = "delivered"
LOST: Final = "lost"

_DIGITS: Final = 3
"""Significant digits of a time: it is at most one per cent too high."""


class Tally(Struct, frozen=True):
    """Counts and response times of one event type, or of all types."""

    counts: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)
    """The number of responses by time in microseconds, rounded up to three significant digits."""

    def count(self, what: str) -> None:
        """Add 1 to the count of `what`, one of the constants above or an outcome."""
        self.counts[what] += 1

    def add_time(self, time: timedelta) -> None:
        """Count a response that took `time`."""
        self.times[_rounded(round(time / timedelta(microseconds=1)))] += 1

    def add(self, other: "Tally") -> None:
        """Add the counts and times of another tally to this one."""
        self.counts.update(other.counts)
        self.times.update(other.times)

    def document(self) -> dict[str, Json]:
        """Return the tally as JSON; `read` is the inverse."""
        return {"counts": dict(self.counts), "times": {str(time): many for time, many in self.times.items()}}

    @classmethod
    def read(cls, document: Json) -> Self:
        """Return the tally in the JSON that `document` made."""
        return cls(Counter(document["counts"]), Counter({int(time): many for time, many in document["times"].items()}))

    def percentile(self, share: float) -> timedelta | None:
        """Return the time within which `share` (0 to 1) of the responses came; None when there was no response."""
        wanted = ceil(share * self.times.total())
        for time, many in sorted(self.times.items()):
            wanted -= many
            if wanted <= 0:
                return timedelta(microseconds=time)
        return None


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    whole = Tally()
    for one in tallies:
        whole.add(one)
    return whole


def merged(tallies_by_process: Iterable[dict[str, Tally]]) -> dict[str, Tally]:
    """Add up the tallies of several processes, by event type."""
    whole: dict[str, Tally] = {}
    for tallies in tallies_by_process:
        for event_type, tally in tallies.items():
            whole.setdefault(event_type, Tally()).add(tally)
    return whole


def _rounded(microseconds: int) -> int:
    """Round up to three significant digits; rounding down would show a response as faster than it was."""
    if microseconds < 10**_DIGITS:
        return max(microseconds, 1)
    step = 10 ** (floor(log10(microseconds)) + 1 - _DIGITS)
    return int(ceil(microseconds / step) * step)
