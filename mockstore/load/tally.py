"""What came of a load, counted: small enough to travel between processes, and tallies add up. Pure."""

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
"""Digits of a time that are kept: a figure is at most one per cent too high."""


class Tally(Struct, frozen=True):
    """Counts and times of one event type, or of all of them."""

    counts: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)
    """How many answers took so many microseconds, to three digits."""

    def count(self, what: str) -> None:
        """Count one more."""
        self.counts[what] += 1

    def took(self, time: timedelta) -> None:
        """Count an answer that took so long."""
        self.times[_rounded(round(time / timedelta(microseconds=1)))] += 1

    def add(self, other: "Tally") -> None:
        """Add what another one has counted."""
        self.counts.update(other.counts)
        self.times.update(other.times)

    def document(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {"counts": dict(self.counts), "times": {str(time): many for time, many in self.times.items()}}

    @classmethod
    def read(cls, document: Json) -> Self:
        """Return what `document` gave."""
        return cls(Counter(document["counts"]), Counter({int(time): many for time, many in document["times"].items()}))

    def percentile(self, share: float) -> timedelta | None:
        """Return the time within which `share` of the answers came; None when there was none."""
        wanted = ceil(share * self.times.total())
        for time, many in sorted(self.times.items()):
            wanted -= many
            if wanted <= 0:
                return timedelta(microseconds=time)
        return None


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    whole = Tally()
    for one in tallies:
        whole.add(one)
    return whole


def merged(ledgers: Iterable[dict[str, Tally]]) -> dict[str, Tally]:
    """Return tallies by event type, those of the same type added up."""
    whole: dict[str, Tally] = {}
    for ledger in ledgers:
        for event_type, tally in ledger.items():
            whole.setdefault(event_type, Tally()).add(tally)
    return whole


def _rounded(microseconds: int) -> int:
    """Return it with three digits, rounded up: no answer is shown as faster than it was."""
    if microseconds < 10**_DIGITS:
        return max(microseconds, 1)
    step = 10 ** (floor(log10(microseconds)) + 1 - _DIGITS)
    return int(ceil(microseconds / step) * step)
