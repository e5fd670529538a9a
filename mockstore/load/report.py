"""Renders the report of `mockstore load`, as JSON and as text. Pure."""

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
REACHED_SHARE: Final = 0.98
"""The share of the requested rate that counts as reached."""
_BROKEN: Final = (Outcome.UNREACHABLE, Outcome.RESET, Outcome.ERROR)


class Report(Struct, frozen=True):
    """The result of a load."""

    url: str
    asked: float
    """The requested events per second."""
    reached: float
    """The events per second that were sent, not counting the time after the last event."""
    tallies: Mapping[str, Tally]
    """By event type."""
    finished: bool = True
    """Whether it ran to its end; False when it was interrupted."""

    @property
    def whole(self) -> Tally:
        """The sum of the tallies of all event types."""
        return total(self.tallies.values())

    @property
    def passed(self) -> bool:
        """Whether no event was lost and no forged event was acknowledged."""
        return not self.whole.counts[LOST] and not self.whole.counts[FORGED_ACCEPTED]

    @property
    def rate_is_reached(self) -> bool:
        """Whether the requested rate was reached (98 per cent count as reached)."""
        return self.reached >= self.asked * REACHED_SHARE


def document(report: Report) -> dict[str, Json]:
    """Return the report as JSON; times are in milliseconds, None when there was no response."""
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
    """Yield the lines of the report: the sums, the rate, and a table by event type."""
    figures = _figures(report.whole)
    yield f"{figures['sent']:,} events to {report.url}" + ("" if report.finished else ", interrupted")
    for name, label in _LABELS.items():
        if figures[name] or name in _ALWAYS_SHOWN:
            yield f"  {figures[name]:>9,}  {label}"
    yield rate_line(report)
    yield from _table(report)


def progress(tallies: Mapping[str, Tally], rate: float, asked: float) -> str:
    """Return the progress of a load as one line; `rate` and `asked` are events per second."""
    counts = total(tallies.values()).counts
    failed = sum(counts[outcome] for outcome in (Outcome.REFUSED, Outcome.TIMEOUT, *_BROKEN))
    return (
        f"{counts[EVENTS]:,} sent  {counts[DELIVERED]:,} acknowledged  {failed:,} failed attempts  "
        f"{counts[LOST]:,} lost  {rate:,.0f}/s of {asked:,.0f}/s"
    )


def rate_line(report: Report) -> str:
    """Return a line that compares the rate that was reached with the requested one."""
    text = f"rate {report.reached:,.1f}/s of {report.asked:,.1f}/s asked"
    if report.rate_is_reached:
        return text
    return f"{text}: NOT reached; use more --processes or machines, or the consumer is too slow"


_LABELS: Final = {
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
_ALWAYS_SHOWN: Final = frozenset({"acknowledged", "lost", "refused", "timeouts", "duplicates"})


def _table(report: Report) -> Iterator[str]:
    yield f"{'latency, ms':24}" + "".join(f"{name:>9}" for name in ("sent", "lost", *SHARES))
    rows = [*sorted(report.tallies.items()), ("all", report.whole)]
    for name, tally in rows:
        times = [_milliseconds(tally.percentile(share)) for share in SHARES.values()]
        cells = "".join(f"{'-' if time is None else format(time, '.1f'):>9}" for time in times)
        yield f"{name:24}{tally.counts[EVENTS]:>9,}{tally.counts[LOST]:>9,}{cells}"
