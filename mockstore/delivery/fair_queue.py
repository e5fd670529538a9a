"""Chooses the next delivery to send, fairly among receivers, even if many of them are slow or unreachable. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from mockstore.delivery.receiver_speed import ReceiverSpeed, ReceiverSpeeds
from mockstore.model import DeliveryRecord

_GROUPS: Final[tuple[tuple[frozenset[ReceiverSpeed], int], ...]] = (
    (frozenset(ReceiverSpeed), 1),
    (frozenset({ReceiverSpeed.UNPROVEN, ReceiverSpeed.SLOW}), 2),
    (frozenset({ReceiverSpeed.SLOW}), 4),
)
"""Groups of speeds, each with a number n: its receivers together get at most 1/n of the places."""

_RESERVED: Final = 32
"""One in this many places of a group, and at least one, is reserved for origins to which nothing is being sent."""


class _WebhookQueue:
    """The waiting deliveries of one webhook, and how many are being sent (`out`)."""

    __slots__ = ("origin", "out", "speed", "waiting", "webhook_id")

    def __init__(self, webhook_id: str, origin: str, speed: ReceiverSpeed) -> None:
        self.webhook_id = webhook_id
        self.origin = origin
        self.speed = speed
        """The speed under which its deliveries are counted now."""
        self.waiting: deque[DeliveryRecord] = deque()
        self.out = 0


class FairQueue:
    """Due deliveries, in a queue for each webhook; at most `limit` of them are out (being sent) at once.

    Origins take turns, and so do the webhooks of each origin. Slow webhooks get at most a quarter of the places, and
    slow and unproven ones together at most half. Some places of each of these groups are reserved for origins that
    have no delivery out; among unproven origins, the newest gets them. So even thousands of unreachable receivers do
    not delay the others, nor a new one. Not thread-safe: its owner holds a lock.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._speeds = ReceiverSpeeds()
        self._webhooks: dict[str, _WebhookQueue] = {}
        """Webhooks with a delivery that is waiting or out, by id."""
        self._by_origin: dict[str, dict[str, _WebhookQueue]] = {}
        """The same webhooks, by origin, then by id."""
        self._by_speed: dict[ReceiverSpeed, dict[str, dict[str, _WebhookQueue]]] = {
            speed: {} for speed in ReceiverSpeed
        }
        """Webhooks with a waiting delivery, by speed, origin and id; the next in turn comes first."""
        self._speed_order = deque(ReceiverSpeed)
        self._out_to: dict[str, int] = {}
        """How many deliveries are out, by origin."""
        self._out_at: dict[ReceiverSpeed, int] = dict.fromkeys(ReceiverSpeed, 0)
        self._newest: str | None = None
        """The origin that got the reserved place as the newest one."""
        self._limits = {
            speed: [(tuple(sharers), *_places(limit, parts)) for sharers, parts in _GROUPS if speed in sharers]
            for speed in ReceiverSpeed
        }

    @property
    def waiting(self) -> bool:
        """Whether a delivery is waiting."""
        return any(self._by_speed.values())

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
        """Whether no delivery is waiting or out."""
        return not self._webhooks

    def add(self, delivery: DeliveryRecord, origin: str | None = None) -> None:
        """Append the delivery to its webhook's queue; without an `origin`, the webhook is its own origin."""
        webhook_id = delivery.webhook_id
        webhook = self._webhooks.get(webhook_id)
        if webhook is None:
            origin = webhook_id if origin is None else origin
            webhook = _WebhookQueue(webhook_id, origin, self._speeds.of(webhook_id, origin))
            self._webhooks[webhook_id] = webhook
            self._by_origin.setdefault(origin, {})[webhook_id] = webhook
        webhook.waiting.append(delivery)
        if len(webhook.waiting) == 1:
            self._queue(webhook)

    def take(self) -> DeliveryRecord | None:
        """Return the next delivery, which then counts as out; None when none may be sent now."""
        for speed in self._speed_order:
            origin = self._next_in(speed) if self._by_speed[speed] else None
            if origin is not None:
                self._speed_order.remove(speed)
                self._speed_order.append(speed)
                return self._take_first(speed, origin)
        return None

    def speed(self, webhook_id: str) -> ReceiverSpeed:
        """Return the speed of a webhook's receiver."""
        webhook = self._webhooks.get(webhook_id)
        return self._speeds.of(webhook_id, webhook_id) if webhook is None else webhook.speed

    def give_back(self, delivery: DeliveryRecord, learnt: ReceiverSpeed | None) -> None:
        """Record that the delivery is no longer out; `learnt` is the speed that its attempt has shown, or None."""
        webhook = self._webhooks[delivery.webhook_id]
        webhook.out -= 1
        self._out_at[webhook.speed] -= 1
        self._out_to[webhook.origin] -= 1
        if not self._out_to[webhook.origin]:
            del self._out_to[webhook.origin]
        if learnt is not None:
            concerns_all = self._speeds.learn(webhook.webhook_id, webhook.origin, learnt)
            self._update_speeds(self._by_origin[webhook.origin].values() if concerns_all else (webhook,))
        if not webhook.out and not webhook.waiting:
            self._remove(webhook)

    def drain(self) -> list[DeliveryRecord]:
        """Remove and return all waiting deliveries."""
        left: list[DeliveryRecord] = []
        for queue in self._by_speed.values():
            queue.clear()
        for webhook in list(self._webhooks.values()):
            left += webhook.waiting
            webhook.waiting.clear()
            if not webhook.out:
                self._remove(webhook)
        return left

    def _next_in(self, speed: ReceiverSpeed) -> str | None:
        """Return the next origin in turn among those of a speed; None when no delivery to them may be sent now."""
        first, further = self._room(speed)
        if first <= 0:
            return None
        queue = self._by_speed[speed]
        if further > 0:
            return next(iter(queue))
        is_for_newest = speed is ReceiverSpeed.UNPROVEN and self._newest not in self._out_to
        found = next((one for one in (reversed(queue) if is_for_newest else queue) if one not in self._out_to), None)
        if is_for_newest:
            self._newest = found
        return found

    def _room(self, speed: ReceiverSpeed) -> tuple[int, int]:
        """Return how many places are free for a speed: for an origin that has no delivery out, and for any origin."""
        first = further = self._limit
        for sharers, size, reserve in self._limits[speed]:
            free = size - sum([self._out_at[sharer] for sharer in sharers])
            first, further = min(first, free), min(further, free - reserve)
        return first, further

    def _take_first(self, speed: ReceiverSpeed, origin: str) -> DeliveryRecord:
        """Take the first delivery of the origin's next webhook; move the webhook and the origin to the end."""
        queue = self._by_speed[speed]
        webhooks = queue.pop(origin)
        webhook_id = next(iter(webhooks))
        webhook = webhooks.pop(webhook_id)
        delivery = webhook.waiting.popleft()
        if webhook.waiting:
            webhooks[webhook_id] = webhook
        if webhooks:
            queue[origin] = webhooks
        webhook.out += 1
        self._out_at[speed] += 1
        self._out_to[origin] = self._out_to.get(origin, 0) + 1
        return delivery

    def _update_speeds(self, webhooks: Iterable[_WebhookQueue]) -> None:
        """Move the webhooks whose speed has changed to the queue of their new speed."""
        for webhook in webhooks:
            speed = self._speeds.of(webhook.webhook_id, webhook.origin)
            if speed is webhook.speed:
                continue
            self._out_at[webhook.speed] -= webhook.out
            self._out_at[speed] += webhook.out
            if webhook.waiting:
                self._unqueue(webhook)
            webhook.speed = speed
            if webhook.waiting:
                self._queue(webhook)

    def _queue(self, webhook: _WebhookQueue) -> None:
        self._by_speed[webhook.speed].setdefault(webhook.origin, {})[webhook.webhook_id] = webhook

    def _unqueue(self, webhook: _WebhookQueue) -> None:
        queue = self._by_speed[webhook.speed]
        webhooks = queue[webhook.origin]
        del webhooks[webhook.webhook_id]
        if not webhooks:
            del queue[webhook.origin]

    def _remove(self, webhook: _WebhookQueue) -> None:
        del self._webhooks[webhook.webhook_id]
        webhooks = self._by_origin[webhook.origin]
        del webhooks[webhook.webhook_id]
        if not webhooks:
            del self._by_origin[webhook.origin]


def _places(limit: int, parts: int) -> tuple[int, int]:
    """Return how many places a group gets, and how many of them are reserved for origins with no delivery out."""
    size = max(1, limit // parts)
    return size, max(1, size // _RESERVED) if size > 1 else 0
