"""What `mockstore load` tells at its end, as JSON and as lines. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct

from mockstore.load.tally import (
    ATTEMPTS,
    DELIVERED,
    DUPLICATES,
    EVENTS,
    FORGED,
    FORGED_ACCEPTED,
    LOST,
    RETRIES,
    Tally,
    total,
)
from mockstore.model import Json, Outcome

SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
NEARLY: Final = 0.98
"""The share of the asked rate from which on it counts as reached."""
_BROKEN: Final = (Outcome.UNREACHABLE, Outcome.RESET, Outcome.ERROR)


class Report(Struct, frozen=True):
    """What a load came to."""

    url: str
    asked: float
    """Events a second that were asked for."""
    reached: float
    """Events a second that were sent while events were being sent."""
    tallies: Mapping[str, Tally]
    """By event type."""
    finished: bool = True
    """Whether it ran to its end."""

    @property
    def whole(self) -> Tally:
        """The sum over the event types."""
        return total(self.tallies.values())

    @property
    def passed(self) -> bool:
        """Whether no event was lost and no forged one acknowledged."""
        return not self.whole.counts[LOST] and not self.whole.counts[FORGED_ACCEPTED]

    @property
    def rate_is_reached(self) -> bool:
        """Whether as many events a second were sent as were asked for."""
        return self.reached >= self.asked * NEARLY


def document(report: Report) -> dict[str, Json]:
    """Return the report as JSON; times are milliseconds."""
    return {
        "to": report.url,
        "finished": report.finished,
        "rate": {
            "asked": report.asked,
            "reached": round(report.reached, 2),
            "isReached": report.rate_is_reached,
        },
        "total": _figures(report.whole),
        "types": {name: _figures(tally) for name, tally in sorted(report.tallies.items())},
    }


def _figures(tally: Tally) -> dict[str, Json]:
    counts = tally.counts
    return {
        "sent": counts[EVENTS],
        "acknowledged": counts[DELIVERED],
        "lost": counts[LOST],
        "unfinished": counts[EVENTS] - counts[DELIVERED] - counts[LOST],
        "attempts": counts[ATTEMPTS],
        "retries": counts[RETRIES],
        "duplicates": counts[DUPLICATES],
        "refused": counts[Outcome.REFUSED],
        "timeouts": counts[Outcome.TIMEOUT],
        "broken": sum(counts[outcome] for outcome in _BROKEN),
        "forged": counts[FORGED],
        "forgedAccepted": counts[FORGED_ACCEPTED],
        "latency": {name: _milliseconds(tally.percentile(share)) for name, share in SHARES.items()},
    }


def _milliseconds(time: timedelta | None) -> float | None:
    return None if time is None else time / timedelta(milliseconds=1)


def lines(report: Report) -> Iterator[str]:
    """Yield the report for people: the sums, the rate, then a table."""
    figures = _figures(report.whole)
    yield f"{figures['sent']:,} events to {report.url}" + ("" if report.finished else ", interrupted")
    for name, meaning in _MEANINGS.items():
        if figures[name] or name in _ALWAYS:
            yield f"  {figures[name]:>9,}  {meaning}"
    yield rate_line(report)
    yield from _table(report)


def progress(tallies: Mapping[str, Tally], rate: float, asked: float) -> str:
    """Return where a load stands, in one line."""
    counts = total(tallies.values()).counts
    failed = sum(counts[outcome] for outcome in (Outcome.REFUSED, Outcome.TIMEOUT, *_BROKEN))
    return (
        f"{counts[EVENTS]:,} sent  {counts[DELIVERED]:,} acknowledged  {failed:,} failed attempts  "
        f"{counts[LOST]:,} lost  {rate:,.0f}/s of {asked:,.0f}/s"
    )


def rate_line(report: Report) -> str:
    """Return how the rate that was reached stands to the one that was asked for."""
    said = f"rate {report.reached:,.1f}/s of {report.asked:,.1f}/s asked"
    if report.rate_is_reached:
        return said
    return f"{said}: NOT reached; use more --processes or machines, or the consumer is too slow"


_MEANINGS: Final = {
    "acknowledged": "acknowledged",
    "lost": "lost: not acknowledged in any attempt",
    "unfinished": "unfinished when it was interrupted",
    "attempts": "attempts in all, for genuine events",
    "retries": "of them retries",
    "duplicates": "of them duplicates",
    "refused": "attempts refused (answered, but not 2xx)",
    "timeouts": "attempts not answered in time",
    "broken": "attempts without a connection or a whole answer",
    "forged": "forged events sent besides",
    "forgedAccepted": "forged events ACKNOWLEDGED: signatures are not verified",
}
_ALWAYS: Final = frozenset({"acknowledged", "lost", "refused", "timeouts", "duplicates"})


def _table(report: Report) -> Iterator[str]:
    yield f"{'latency, ms':24}" + "".join(f"{name:>9}" for name in ("sent", "lost", *SHARES))
    rows = [*sorted(report.tallies.items()), ("all", report.whole)]
    for name, tally in rows:
        times = [_milliseconds(tally.percentile(share)) for share in SHARES.values()]
        cells = "".join(f"{'-' if time is None else format(time, '.1f'):>9}" for time in times)
        yield f"{name:24}{tally.counts[EVENTS]:>9,}{tally.counts[LOST]:>9,}{cells}"
