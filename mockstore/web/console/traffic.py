"""The chart of attempts over the mock's time, acknowledged and failed, in bars of equal duration. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from mockstore.model import Attempt, Outcome

_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000)
)
"""The durations that a bar may stand for."""
_LONG: Final = timedelta(days=365)
_MOST: Final = 36
"""The largest number of bars."""
_LEAST: Final = 12
"""The smallest number of bars, so that one bar does not fill the chart."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

WIDTH: Final = 720
HEIGHT: Final = 96
_GAP: Final = 3


class Bar(Struct, frozen=True):
    """The attempts in one bar."""

    start: datetime
    acknowledged: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All attempts."""
        return self.acknowledged + self.failed


class Block(Struct, frozen=True):
    """One rectangle of the chart."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Traffic(Struct, frozen=True):
    """The bars, oldest first."""

    bars: Sequence[Bar]
    step: timedelta

    @property
    def highest(self) -> int:
        """The number of attempts in the highest bar."""
        return max((bar.total for bar in self.bars), default=0)

    @property
    def acknowledged(self) -> int:
        """All that were acknowledged."""
        return sum(bar.acknowledged for bar in self.bars)

    @property
    def failed(self) -> int:
        """All that failed."""
        return sum(bar.failed for bar in self.bars)

    @property
    def end(self) -> datetime:
        """The time at which the last bar ends."""
        return self.bars[-1].start + self.step

    @property
    def blocks(self) -> list[Block]:
        """The rectangles: acknowledged attempts at the bottom, failed ones on top."""
        if not self.highest:
            return []
        each, unit = WIDTH / len(self.bars), HEIGHT / self.highest
        found = []
        for number, bar in enumerate(self.bars):
            x, width = round(number * each + _GAP / 2, 2), round(each - _GAP, 2)
            for kind, count, below in (("ok", bar.acknowledged, 0), ("bad", bar.failed, bar.acknowledged)):
                if count:
                    y = HEIGHT - (below + count) * unit
                    found.append(Block(kind, x, round(y, 2), width, round(count * unit, 2)))
        return found


def traffic(attempts: Iterable[Attempt], now: datetime) -> Traffic | None:
    """Return the chart from the first attempt until `now`; None while there is no attempt."""
    ended = sorted((attempt.at, attempt.outcome is Outcome.ACKNOWLEDGED) for attempt in attempts)
    if not ended:
        return None
    last = max(now, ended[-1][0])
    step = _step(last - ended[0][0])
    first = min(_floor(ended[0][0], step), _floor(last, step) - (_LEAST - 1) * step)
    count = (_floor(last, step) - first) // step + 1
    acknowledged, failed = [0] * count, [0] * count
    for at, taken in ended:
        (acknowledged if taken else failed)[(at - first) // step] += 1
    bars = [Bar(first + number * step, acknowledged[number], failed[number]) for number in range(count)]
    return Traffic(bars, step)


def _step(length: timedelta) -> timedelta:
    for step in _STEPS:
        if length / step < _MOST - 1:
            return step
    return max(_LONG, length / (_MOST - 2))


def _floor(at: datetime, step: timedelta) -> datetime:
    return _EPOCH + (at - _EPOCH) // step * step
