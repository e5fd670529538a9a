"""Whose delivery goes next: fair among receivers, however many of them are slow or dead. Pure: no clock, no thread."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from mockstore.delivery.paces import Pace, Paces
from mockstore.model import DeliveryRecord

_GROUPS: Final[tuple[tuple[frozenset[Pace], int], ...]] = (
    (frozenset(Pace), 1),
    (frozenset({Pace.UNPROVEN, Pace.SLOW}), 2),
    (frozenset({Pace.SLOW}), 4),
)
"""Receivers that share a part of the places, and into how many such parts all places are divided."""

_RESERVED: Final = 32
"""One place in so many, and one in any case, is kept for origins of the group that have nothing out."""


class _Line:
    """The deliveries of one webhook: those that wait, and how many are out."""

    __slots__ = ("origin", "out", "pace", "waiting", "webhook_id")

    def __init__(self, webhook_id: str, origin: str, pace: Pace) -> None:
        self.webhook_id = webhook_id
        self.origin = origin
        self.pace = pace
        """By which its deliveries are counted now."""
        self.waiting: deque[DeliveryRecord] = deque()
        self.out = 0


class Lines:
    """Deliveries that are due, in one line for each webhook; at most `limit` are out at once.

    Origins take turns, and so do the webhooks of each. Slow webhooks share a quarter of the places, and half of them
    together with those that have not proved to be quick. No origin takes the last place of such a part beside its
    first; among the unproven ones, that place is for the newest. So neither one dead receiver nor thousands hold up
    the others, not even one that is new. Not safe for threads by itself.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._paces = Paces()
        self._lines: dict[str, _Line] = {}
        """By webhook, those that have a delivery waiting or out."""
        self._at: dict[str, dict[str, _Line]] = {}
        """The same, by origin and webhook."""
        self._queues: dict[Pace, dict[str, dict[str, _Line]]] = {pace: {} for pace in Pace}
        """Those that have a delivery waiting, by origin and webhook, each in the order of their turns."""
        self._turn = deque(Pace)
        self._out_to: dict[str, int] = {}
        """By origin."""
        self._out_at: dict[Pace, int] = dict.fromkeys(Pace, 0)
        self._newest: str | None = None
        """The origin that got the place for the newest."""
        self._groups = {
            pace: [(tuple(sharers), *_places(limit, parts)) for sharers, parts in _GROUPS if pace in sharers]
            for pace in Pace
        }

    @property
    def waiting(self) -> bool:
        """Whether a delivery stands in a line."""
        return any(self._queues.values())

    @property
    def busy(self) -> bool:
        """Whether a delivery is out."""
        return bool(self._out_to)

    @property
    def out(self) -> int:
        """How many deliveries are out."""
        return sum(self._out_at.values())

    @property
    def empty(self) -> bool:
        """Whether none waits and none is out."""
        return not self._lines

    def add(self, delivery: DeliveryRecord, origin: str | None = None) -> None:
        """Put the delivery at the end of its webhook's line; without an `origin`, the webhook has one of its own."""
        webhook_id = delivery.webhook_id
        line = self._lines.get(webhook_id)
        if line is None:
            origin = webhook_id if origin is None else origin
            line = _Line(webhook_id, origin, self._paces.of(webhook_id, origin))
            self._lines[webhook_id] = line
            self._at.setdefault(origin, {})[webhook_id] = line
        line.waiting.append(delivery)
        if len(line.waiting) == 1:
            self._queue(line)

    def take(self) -> DeliveryRecord | None:
        """Return the delivery that goes next, which then is out; None when none may go."""
        for pace in self._turn:
            origin = self._next_in(pace) if self._queues[pace] else None
            if origin is not None:
                self._turn.remove(pace)
                self._turn.append(pace)
                return self._first_of(pace, origin)
        return None

    def pace(self, webhook_id: str) -> Pace:
        """Return what is known of a webhook's receiver."""
        line = self._lines.get(webhook_id)
        return self._paces.of(webhook_id, webhook_id) if line is None else line.pace

    def give_back(self, delivery: DeliveryRecord, learnt: Pace | None) -> None:
        """Take note that the delivery is no longer out, and of what it told about its receiver."""
        line = self._lines[delivery.webhook_id]
        line.out -= 1
        self._out_at[line.pace] -= 1
        self._out_to[line.origin] -= 1
        if not self._out_to[line.origin]:
            del self._out_to[line.origin]
        if learnt is not None:
            concerns_all = self._paces.learn(line.webhook_id, line.origin, learnt)
            self._sort_anew(self._at[line.origin].values() if concerns_all else (line,))
        if not line.out and not line.waiting:
            self._remove(line)

    def drain(self) -> list[DeliveryRecord]:
        """Empty all lines and return what stood in them."""
        left: list[DeliveryRecord] = []
        for queue in self._queues.values():
            queue.clear()
        for line in list(self._lines.values()):
            left += line.waiting
            line.waiting.clear()
            if not line.out:
                self._remove(line)
        return left

    def _next_in(self, pace: Pace) -> str | None:
        """Return the origin whose turn it is among those of a pace."""
        first, further = self._room(pace)
        if first <= 0:
            return None
        queue = self._queues[pace]
        if further > 0:
            return next(iter(queue))
        is_for_newest = pace is Pace.UNPROVEN and self._newest not in self._out_to
        found = next((one for one in (reversed(queue) if is_for_newest else queue) if one not in self._out_to), None)
        if is_for_newest:
            self._newest = found
        return found

    def _room(self, pace: Pace) -> tuple[int, int]:
        """Return how many places are free for receivers of a pace: for one that has nothing out, and for others."""
        first = further = self._limit
        for sharers, size, reserve in self._groups[pace]:
            free = size - sum([self._out_at[sharer] for sharer in sharers])
            first, further = min(first, free), min(further, free - reserve)
        return first, further

    def _first_of(self, pace: Pace, origin: str) -> DeliveryRecord:
        """Take the first delivery of the webhook whose turn it is; both it and its origin go behind the others."""
        queue = self._queues[pace]
        lines = queue.pop(origin)
        webhook_id = next(iter(lines))
        line = lines.pop(webhook_id)
        delivery = line.waiting.popleft()
        if line.waiting:
            lines[webhook_id] = line
        if lines:
            queue[origin] = lines
        line.out += 1
        self._out_at[pace] += 1
        self._out_to[origin] = self._out_to.get(origin, 0) + 1
        return delivery

    def _sort_anew(self, lines: Iterable[_Line]) -> None:
        """Count them, and let them wait, by what is known now."""
        for line in lines:
            pace = self._paces.of(line.webhook_id, line.origin)
            if pace is line.pace:
                continue
            self._out_at[line.pace] -= line.out
            self._out_at[pace] += line.out
            if line.waiting:
                self._unqueue(line)
            line.pace = pace
            if line.waiting:
                self._queue(line)

    def _queue(self, line: _Line) -> None:
        self._queues[line.pace].setdefault(line.origin, {})[line.webhook_id] = line

    def _unqueue(self, line: _Line) -> None:
        queue = self._queues[line.pace]
        lines = queue[line.origin]
        del lines[line.webhook_id]
        if not lines:
            del queue[line.origin]

    def _remove(self, line: _Line) -> None:
        del self._lines[line.webhook_id]
        lines = self._at[line.origin]
        del lines[line.webhook_id]
        if not lines:
            del self._at[line.origin]


def _places(limit: int, parts: int) -> tuple[int, int]:
    """Return how many places a part has, and how many of them are reserved for a receiver's first delivery."""
    size = max(1, limit // parts)
    return size, max(1, size // _RESERVED) if size > 1 else 0
