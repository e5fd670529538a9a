"""What a server counts while it runs: plain numbers, so that counting costs next to nothing. `metrics` shows them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Final

from msgspec import Struct, field

from mockstore.model import Attempted, DeliveryState, Disabled, Observation, Published

OTHER: Final = "other"
"""Stands for whatever is not known beforehand, so that nobody can make a server count without bounds."""

DURATIONS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Up to how many seconds attempts take, bucket by bucket; the Petstore waits five."""
LATENESS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0)
"""Up to how many seconds attempts start late, bucket by bucket."""

_ENDED: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})


class Buckets:
    """Counts values by the smallest of `bounds` that they do not pass, and adds them up."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float], counts: Iterable[int] = (), total: float = 0.0) -> None:
        self.bounds = bounds
        self.counts = list(counts) or [0] * (len(bounds) + 1)
        """How many there are in each bucket; the last is for those beyond all bounds."""
        self.total = total

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Buckets":
        """Return them as they are now."""
        return Buckets(self.bounds, self.counts, self.total)


class Counts(Struct, frozen=True):
    """Everything that is counted."""

    attempts: Counter[str] = field(default_factory=Counter)
    """By outcome."""
    deliveries: Counter[str] = field(default_factory=Counter)
    """Those that ended, by the state that they ended in."""
    events: Counter[str] = field(default_factory=Counter)
    """By type."""
    requests: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """By method, route and status."""
    disabled: Counter[str] = field(default_factory=Counter)
    """Webhooks that were disabled; under no name."""
    durations: Buckets = field(default_factory=lambda: Buckets(DURATIONS))
    lateness: Buckets = field(default_factory=lambda: Buckets(LATENESS))


class Tally:
    """Counts what happens in all worlds of a server. Safe for threads."""

    def __init__(self, types: Iterable[str]) -> None:
        self._types = frozenset(types)
        self._lock = Lock()
        self._counts = Counts()

    def observe(self, seen: Observation) -> None:
        """Count what an engine tells."""
        with self._lock:
            if isinstance(seen, Attempted):
                self._count_attempt(seen)
            elif isinstance(seen, Published):
                self._counts.events[seen.event.type if seen.event.type in self._types else OTHER] += 1
            elif isinstance(seen, Disabled):
                self._counts.disabled[""] += 1

    def request(self, method: str, route: str, status: int) -> None:
        """Count a request that was answered; `route` is a template, such as `/v1/pets/<pet_id>`."""
        with self._lock:
            self._counts.requests[method if method in _METHODS else OTHER, route, str(status)] += 1

    def counts(self) -> Counts:
        """Return everything as it is at this moment."""
        now = self._counts
        with self._lock:
            return Counts(
                now.attempts.copy(),
                now.deliveries.copy(),
                now.events.copy(),
                now.requests.copy(),
                now.disabled.copy(),
                now.durations.copy(),
                now.lateness.copy(),
            )

    def _count_attempt(self, seen: Attempted) -> None:
        attempt = seen.attempt
        self._counts.attempts[attempt.outcome.value] += 1
        self._counts.durations.add(attempt.duration.total_seconds())
        if seen.due is not None:
            self._counts.lateness.add(max(0.0, (attempt.at - seen.due).total_seconds()))
        if seen.delivery.state in _ENDED:
            self._counts.deliveries[seen.delivery.state.value] += 1
