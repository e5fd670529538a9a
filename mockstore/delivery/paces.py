"""How quick receivers are, by what their deliveries told. Pure: no clock, no thread."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from mockstore.model import Outcome


class Pace(StrEnum):
    """What is known of a receiver. A text, because plain enumerations are slow keys."""

    QUICK = "quick"
    UNPROVEN = "unproven"
    """Never answered yet, or not reached the last time."""
    SLOW = "slow"


SLOW: Final = timedelta(seconds=1)
"""A receiver whose latest delivery kept a thread for longer is slow."""

_TELLS: Final[Mapping[Outcome, Pace]] = MappingProxyType(
    {Outcome.TIMEOUT: Pace.SLOW, Outcome.UNREACHABLE: Pace.UNPROVEN}
)
"""What these outcomes tell of a receiver, however short the time was."""

_T = TypeVar("_T")

REMEMBERED: Final = 2000
"""So many webhooks and so many origins are remembered, twice as many as a tenant may register by default; whose latest
attempt is longest ago is forgotten first."""


class Paces:
    """The pace of each webhook. One that has not proved its own is as slow as its origin was the last time."""

    def __init__(self) -> None:
        self._of: dict[str, Pace] = {}
        self._slow_origins: dict[str, None] = {}

    def of(self, webhook_id: str, origin: str) -> Pace:
        """Return what is known of a webhook at an origin."""
        own = self._of.get(webhook_id, Pace.UNPROVEN)
        return Pace.SLOW if own is Pace.UNPROVEN and origin in self._slow_origins else own

    def learn(self, webhook_id: str, origin: str, pace: Pace) -> bool:
        """Take note of what an attempt told; return whether that changes what is known of the whole origin."""
        keep_latest(self._of, webhook_id, pace)
        was_slow = origin in self._slow_origins
        if pace is Pace.SLOW:
            keep_latest(self._slow_origins, origin, None)
        elif was_slow:
            del self._slow_origins[origin]
        return was_slow is not (pace is Pace.SLOW)


def pace_of(outcome: Outcome, held: timedelta) -> Pace:
    """Return what an attempt that kept a thread for so long tells about its receiver.

    The time until the headers came does not count: a receiver may take its time over the body, too.
    """
    return Pace.SLOW if held > SLOW else _TELLS.get(outcome, Pace.QUICK)


def keep_latest(known: dict[str, _T], key: str, value: _T) -> None:
    """Enter it as the latest, and forget the first where there are too many."""
    known.pop(key, None)
    known[key] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
