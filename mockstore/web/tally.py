"""The counters of a server: plain numbers, so that counting costs little. `metrics` exports them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Final

from msgspec import Struct, field

from mockstore.model import Attempted, DeliveryState, Disabled, Observation, Published

OTHER: Final = "other"
"""The label for unknown values, so that clients cannot create counters without limit."""

DURATIONS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets for the duration of attempts, in seconds."""
LATENESS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0)
"""The upper bounds of the buckets for how late attempts start, in seconds."""

_ENDED: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})


class Buckets:
    """A histogram: counts values by the smallest bound that they do not exceed, and sums them."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float], counts: Iterable[int] = (), total: float = 0.0) -> None:
        self.bounds = bounds
        self.counts = list(counts) or [0] * (len(bounds) + 1)
        """The number of values in each bucket; the last bucket has those above all bounds."""
        self.total = total

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Buckets":
        """Return a copy."""
        return Buckets(self.bounds, self.counts, self.total)


class Counts(Struct, frozen=True):
    """All counters at one moment."""

    attempts: Counter[str] = field(default_factory=Counter)
    """Attempts, by outcome."""
    deliveries: Counter[str] = field(default_factory=Counter)
    """Deliveries that ended, by final state."""
    events: Counter[str] = field(default_factory=Counter)
    """Events, by type."""
    requests: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Requests, by method, route and status."""
    disabled: Counter[str] = field(default_factory=Counter)
    """Webhooks that were disabled; there is one key."""
    durations: Buckets = field(default_factory=lambda: Buckets(DURATIONS))
    lateness: Buckets = field(default_factory=lambda: Buckets(LATENESS))


class Tally:
    """Counts what happens in all tenants of a server. Thread-safe."""

    def __init__(self, types: Iterable[str]) -> None:
        self._types = frozenset(types)
        self._lock = Lock()
        self._counts = Counts()

    def observe(self, seen: Observation) -> None:
        """Count what an engine reports."""
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
        """Return all counters as they are now."""
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
