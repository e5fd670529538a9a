"""Records how quick each receiver is, as its latest attempt has shown. Pure: no clock, no thread."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from mockstore.model import Outcome


class ReceiverSpeed(StrEnum):
    """How quick a receiver is. A `StrEnum`, because members of other enums are slow as dict keys."""

    QUICK = "quick"
    UNPROVEN = "unproven"
    """It has not answered yet, or could not be reached the last time."""
    SLOW = "slow"


SLOW: Final = timedelta(seconds=1)
"""A receiver whose latest attempt occupied a thread for longer than this is slow."""

_SPEED_BY_OUTCOME: Final[Mapping[Outcome, ReceiverSpeed]] = MappingProxyType(
    {Outcome.TIMEOUT: ReceiverSpeed.SLOW, Outcome.UNREACHABLE: ReceiverSpeed.UNPROVEN}
)
"""The speed that these outcomes show, however little time they took."""

_T = TypeVar("_T")

REMEMBERED: Final = 2000
"""How many webhooks, and how many origins, are remembered: twice as many as a tenant may register by default. The one
whose latest attempt is longest ago is forgotten first."""


class ReceiverSpeeds:
    """The speed of each webhook. An unproven one counts as slow if its origin was slow the last time."""

    def __init__(self) -> None:
        self._of: dict[str, ReceiverSpeed] = {}
        self._slow_origins: dict[str, None] = {}

    def of(self, webhook_id: str, origin: str) -> ReceiverSpeed:
        """Return the speed of a webhook at an origin."""
        own = self._of.get(webhook_id, ReceiverSpeed.UNPROVEN)
        return ReceiverSpeed.SLOW if own is ReceiverSpeed.UNPROVEN and origin in self._slow_origins else own

    def learn(self, webhook_id: str, origin: str, speed: ReceiverSpeed) -> bool:
        """Record the speed that an attempt has shown; return whether this may change other webhooks of the origin."""
        keep_latest(self._of, webhook_id, speed)
        was_slow = origin in self._slow_origins
        if speed is ReceiverSpeed.SLOW:
            keep_latest(self._slow_origins, origin, None)
        elif was_slow:
            del self._slow_origins[origin]
        return was_slow is not (speed is ReceiverSpeed.SLOW)


def speed_of(outcome: Outcome, held: timedelta) -> ReceiverSpeed:
    """Return the speed that an attempt shows; `held` is how long it occupied a thread.

    That is the time until the whole response was read, not only its headers: a body can be slow as well.
    """
    return ReceiverSpeed.SLOW if held > SLOW else _SPEED_BY_OUTCOME.get(outcome, ReceiverSpeed.QUICK)


def keep_latest(known: dict[str, _T], key: str, value: _T) -> None:
    """Store the value as the latest one, and delete the oldest if there are more than `REMEMBERED`."""
    known.pop(key, None)
    known[key] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
