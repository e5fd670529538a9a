"""Whose delivery goes next: fair among webhooks, however many of them are slow or dead. Pure: no clock, no thread."""

from collections import deque
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from mockstore.model import DeliveryRecord


class Pace(Enum):
    """What is known of a receiver."""

    QUICK = "quick"
    UNPROVEN = "unproven"
    """Never answered yet, or not reached the last time."""
    SLOW = "slow"


_SHARING: Final[Mapping[Pace, tuple[frozenset[Pace], int]]] = MappingProxyType(
    {
        Pace.QUICK: (frozenset(Pace), 1),
        Pace.UNPROVEN: (frozenset({Pace.UNPROVEN, Pace.SLOW}), 2),
        Pace.SLOW: (frozenset({Pace.SLOW}), 4),
    }
)
"""With whom a receiver shares its part of the places, and into how many such parts they are divided."""

_RESERVED: Final = 16
"""One place in so many is kept for receivers that have nothing out."""


class Lines:
    """Deliveries that are due, in one line for each webhook; at most `limit` are out at once.

    Slow receivers share a quarter of the places, and half of them together with those that have not proved to be
    quick. No receiver takes the last places beside its first. So neither one dead receiver nor thousands hold up the
    others. Not safe for threads by itself.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._reserve = max(1, limit // _RESERVED) if limit > 1 else 0
        self._lines: dict[Pace, dict[str, deque[DeliveryRecord]]] = {pace: {} for pace in Pace}
        self._turn = deque(Pace)
        self._pace: dict[str, Pace] = {}
        self._out: dict[str, int] = {}

    @property
    def waiting(self) -> bool:
        """Whether a delivery stands in a line."""
        return any(self._lines.values())

    @property
    def empty(self) -> bool:
        """Whether none waits and none is out."""
        return not self._out and not self.waiting

    def add(self, delivery: DeliveryRecord) -> None:
        """Put the delivery at the end of its webhook's line."""
        webhook_id = delivery.webhook_id
        self._lines[self._pace_of(webhook_id)].setdefault(webhook_id, deque()).append(delivery)

    def take(self) -> DeliveryRecord | None:
        """Return the delivery that goes next, which then is out; None when none may go."""
        for pace in tuple(self._turn):
            line = self._lines[pace]
            webhook_id = next(filter(self._may_go, line), None) if self._has_room(pace) else None
            if webhook_id is not None:
                self._turn.remove(pace)
                self._turn.append(pace)
                return self._first_of(line, webhook_id)
        return None

    def give_back(self, delivery: DeliveryRecord, learnt: Pace | None) -> None:
        """Take note that the delivery is no longer out, and of what it told about its receiver."""
        webhook_id = delivery.webhook_id
        self._out[webhook_id] -= 1
        if not self._out[webhook_id]:
            del self._out[webhook_id]
        before = self._pace_of(webhook_id)
        if learnt is not None and learnt is not before:
            self._pace[webhook_id] = learnt
            if (waiting := self._lines[before].pop(webhook_id, None)) is not None:
                self._lines[learnt][webhook_id] = waiting

    def drain(self) -> list[DeliveryRecord]:
        """Empty all lines and return what stood in them."""
        left = [delivery for line in self._lines.values() for waiting in line.values() for delivery in waiting]
        for line in self._lines.values():
            line.clear()
        return left

    def _pace_of(self, webhook_id: str) -> Pace:
        return self._pace.get(webhook_id, Pace.UNPROVEN)

    def _has_room(self, pace: Pace) -> bool:
        sharers, parts = _SHARING[pace]
        taken = sum(count for webhook_id, count in self._out.items() if self._pace_of(webhook_id) in sharers)
        return taken < max(1, self._limit // parts)

    def _may_go(self, webhook_id: str) -> bool:
        return webhook_id not in self._out or self._limit - sum(self._out.values()) > self._reserve

    def _first_of(self, line: dict[str, deque[DeliveryRecord]], webhook_id: str) -> DeliveryRecord:
        waiting = line.pop(webhook_id)
        delivery = waiting.popleft()
        if waiting:
            line[webhook_id] = waiting  # behind the other webhooks
        self._out[webhook_id] = self._out.get(webhook_id, 0) + 1
        return delivery
