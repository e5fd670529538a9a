"""Whose delivery goes next: fair among webhooks, however many of them are slow or dead. Pure: no clock, no thread."""

from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mockstore.model import DeliveryRecord, Outcome


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

_GROUPS: Final[tuple[tuple[frozenset[Pace], int], ...]] = (
    (frozenset(Pace), 1),
    (frozenset({Pace.UNPROVEN, Pace.SLOW}), 2),
    (frozenset({Pace.SLOW}), 4),
)
"""Receivers that share a part of the places, and into how many such parts all places are divided."""

REMEMBERED: Final = 2000
"""The pace of so many receivers is remembered, twice as many as a tenant may register by default; whose latest attempt
is longest ago is forgotten first."""

_RESERVED: Final = 32
"""One place in so many, and one in any case, is kept for receivers of the group that have nothing out."""


class Lines:
    """Deliveries that are due, in one line for each webhook; at most `limit` are out at once.

    Slow receivers share a quarter of the places, and half of them together with those that have not proved to be
    quick. No receiver takes the last place of such a part beside its first. So neither one dead receiver nor thousands
    hold up the others. Not safe for threads by itself.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: dict[Pace, dict[str, deque[DeliveryRecord]]] = {pace: {} for pace in Pace}
        self._turn = deque(Pace)
        self._pace: dict[str, Pace] = {}
        self._out: dict[str, int] = {}
        self._out_at: dict[Pace, int] = dict.fromkeys(Pace, 0)
        self._groups = {
            pace: [(tuple(sharers), *_places(limit, parts)) for sharers, parts in _GROUPS if pace in sharers]
            for pace in Pace
        }

    @property
    def waiting(self) -> bool:
        """Whether a delivery stands in a line."""
        return any(self._lines.values())

    @property
    def busy(self) -> bool:
        """Whether a delivery is out."""
        return bool(self._out)

    @property
    def out(self) -> int:
        """How many deliveries are out."""
        return sum(self._out_at.values())

    @property
    def empty(self) -> bool:
        """Whether none waits and none is out."""
        return not self._out and not self.waiting

    def add(self, delivery: DeliveryRecord) -> None:
        """Put the delivery at the end of its webhook's line."""
        webhook_id = delivery.webhook_id
        self._lines[self.pace(webhook_id)].setdefault(webhook_id, deque()).append(delivery)

    def take(self) -> DeliveryRecord | None:
        """Return the delivery that goes next, which then is out; None when none may go."""
        for pace in self._turn:
            webhook_id = self._next_in(pace) if self._lines[pace] else None
            if webhook_id is not None:
                self._turn.remove(pace)
                self._turn.append(pace)
                self._out_at[pace] += 1
                return self._first_of(self._lines[pace], webhook_id)
        return None

    def pace(self, webhook_id: str) -> Pace:
        """Return what is known of a webhook's receiver."""
        return self._pace.get(webhook_id, Pace.UNPROVEN)

    def give_back(self, delivery: DeliveryRecord, learnt: Pace | None) -> None:
        """Take note that the delivery is no longer out, and of what it told about its receiver."""
        webhook_id = delivery.webhook_id
        before = self.pace(webhook_id)
        self._out_at[before] -= 1
        self._out[webhook_id] -= 1
        if not self._out[webhook_id]:
            del self._out[webhook_id]
        if learnt is not None and learnt is not before:
            still_out = self._out.get(webhook_id, 0)
            self._out_at[before] -= still_out
            self._out_at[learnt] += still_out
            if (waiting := self._lines[before].pop(webhook_id, None)) is not None:
                self._lines[learnt][webhook_id] = waiting
        if learnt is not None:
            self._pace.pop(webhook_id, None)
            self._pace[webhook_id] = learnt  # as the latest
            if len(self._pace) > REMEMBERED:
                self._forget_one()

    def drain(self) -> list[DeliveryRecord]:
        """Empty all lines and return what stood in them."""
        left = [delivery for line in self._lines.values() for waiting in line.values() for delivery in waiting]
        for line in self._lines.values():
            line.clear()
        return left

    def _forget_one(self) -> None:
        """Forget the pace that was learnt first, unless it says where deliveries are now."""
        webhook_id = next(iter(self._pace))
        pace = self._pace.pop(webhook_id)
        if webhook_id in self._out or webhook_id in self._lines[pace]:
            self._pace[webhook_id] = pace  # as the latest

    def _next_in(self, pace: Pace) -> str | None:
        """Return the webhook whose turn it is among those of a pace."""
        first, further = self._room(pace)
        if first <= 0:
            return None
        return next((one for one in self._lines[pace] if further > 0 or one not in self._out), None)

    def _room(self, pace: Pace) -> tuple[int, int]:
        """Return how many places are free for receivers of a pace: for one that has nothing out, and for others."""
        first = further = self._limit
        for sharers, size, reserve in self._groups[pace]:
            free = size - sum([self._out_at[sharer] for sharer in sharers])
            first, further = min(first, free), min(further, free - reserve)
        return first, further

    def _first_of(self, line: dict[str, deque[DeliveryRecord]], webhook_id: str) -> DeliveryRecord:
        waiting = line.pop(webhook_id)
        delivery = waiting.popleft()
        if waiting:
            line[webhook_id] = waiting  # behind the other webhooks
        self._out[webhook_id] = self._out.get(webhook_id, 0) + 1
        return delivery


def pace_of(outcome: Outcome, held: timedelta) -> Pace:
    """Return what an attempt that kept a thread for so long tells about its receiver.

    The time until the headers came does not count: a receiver may take its time over the body, too.
    """
    return Pace.SLOW if held > SLOW else _TELLS.get(outcome, Pace.QUICK)


def _places(limit: int, parts: int) -> tuple[int, int]:
    """Return how many places a part has, and how many of them are reserved for a receiver's first delivery."""
    size = max(1, limit // parts)
    return size, max(1, size // _RESERVED) if size > 1 else 0
