"""The default store: dicts and a heap. Made in microseconds, gone with the process."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from types import TracebackType
from typing import Any

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, ResourceRecord, WebhookRecord

_MISSING = object()


class MemoryStore:
    """Keeps records in the process; every call is atomic, a transaction holds the lock.

    A transaction that fails is undone from a log of what each entry was before. The indexes and
    the queue may then name what is gone; reading passes over such names.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._undo: list[tuple[dict[Any, Any], Any, Any]] | None = None
        self._depth = 0
        self._transaction = _Transaction(self)
        self._ticket = count()
        self._forget()

    def _forget(self) -> None:
        self._webhooks: dict[str, WebhookRecord] = {}
        self._events: dict[str, EventRecord] = {}
        self._deliveries: dict[str, DeliveryRecord] = {}
        self._resources: dict[str, dict[str, ResourceRecord]] = {}
        self._of_event: dict[str, list[str]] = {}
        self._of_webhook: dict[str, list[str]] = {}
        self._queue: list[tuple[datetime, int, str]] = []
        self._claimed: set[str] = set()

    def transaction(self) -> AbstractContextManager[None]:
        """Make what happens inside all or nothing; an inner transaction joins the outer."""
        return self._transaction

    def _begin(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._undo = []

    def _end(self, *, failed: bool) -> None:
        try:
            self._depth -= 1
            if self._depth == 0:
                undo, self._undo = self._undo or [], None
                if failed:
                    _put_back(undo)
        finally:
            self._lock.release()

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace, by id."""
        with self._lock:
            self._put(self._webhooks, webhook.id, webhook)

    def remove_webhook(self, webhook_id: str) -> None:
        """Forget the webhook; its deliveries stay as history."""
        with self._lock:
            self._remember(self._webhooks, webhook_id)
            self._webhooks.pop(webhook_id, None)

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""
        return self._webhooks.get(webhook_id)

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all, oldest first."""
        with self._lock:
            return list(self._webhooks.values())

    def add_event(self, event: EventRecord) -> None:
        """Add, by id."""
        with self._lock:
            self._put(self._events, event.id, event)

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""
        return self._events.get(event_id)

    def events(self) -> Sequence[EventRecord]:
        """Return all, oldest first."""
        with self._lock:
            return list(self._events.values())

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace; a pending one with a `due` becomes claimable."""
        with self._lock:
            if delivery.id not in self._deliveries:
                self._of_event.setdefault(delivery.event_id, []).append(delivery.id)
                self._of_webhook.setdefault(delivery.webhook_id, []).append(delivery.id)
            self._put(self._deliveries, delivery.id, delivery)
            self._enqueue(delivery)

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""
        return self._deliveries.get(delivery_id)

    def deliveries(self, *, webhook_id: str | None = None, event_id: str | None = None) -> Sequence[DeliveryRecord]:
        """Return those of the webhook, of the event, or all, oldest first."""
        with self._lock:
            ids: Iterable[str] = self._deliveries
            if event_id is not None:
                ids = self._of_event.get(event_id, ())
            elif webhook_id is not None:
                ids = self._of_webhook.get(webhook_id, ())
            found = (self._deliveries[id_] for id_ in ids if id_ in self._deliveries)
            return [delivery for delivery in found if webhook_id is None or delivery.webhook_id == webhook_id]

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Take up to `limit` pending deliveries that are due, earliest first."""
        taken: list[DeliveryRecord] = []
        with self._lock:
            while len(taken) < limit and (delivery := self._earliest()) is not None:
                if delivery.due is None or delivery.due > now:
                    break
                heappop(self._queue)
                self._claimed.add(delivery.id)
                taken.append(delivery)
        return taken

    def release(self, delivery_id: str) -> None:
        """Give a claim back; a delivery that is still pending can be claimed again when due."""
        with self._lock:
            self._claimed.discard(delivery_id)
            delivery = self._deliveries.get(delivery_id)
            if delivery is not None:
                self._enqueue(delivery)

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due."""
        with self._lock:
            delivery = self._earliest()
            return None if delivery is None else delivery.due

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace, by kind and id."""
        with self._lock:
            self._put(self._resources.setdefault(resource.kind, {}), resource.id, resource)

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""
        return self._resources.get(kind, {}).get(resource_id)

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""
        with self._lock:
            return list(self._resources.get(kind, {}).values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._forget()

    def close(self) -> None:
        """Nothing to give back."""

    def _enqueue(self, delivery: DeliveryRecord) -> None:
        claimable = delivery.state is DeliveryState.PENDING and delivery.id not in self._claimed
        if claimable and delivery.due is not None:
            heappush(self._queue, (delivery.due, next(self._ticket), delivery.id))

    def _earliest(self) -> DeliveryRecord | None:
        """Return the delivery at the head of the queue, after dropping entries that hold no more."""
        while self._queue:
            due, _, id_ = self._queue[0]
            delivery = self._deliveries.get(id_)
            current = delivery is not None and delivery.state is DeliveryState.PENDING and delivery.due == due
            if current and id_ not in self._claimed:
                return delivery
            heappop(self._queue)
        return None

    def _put(self, table: dict[str, Any], key: str, record: object) -> None:
        self._remember(table, key)
        table[key] = record

    def _remember(self, table: dict[str, Any], key: str) -> None:
        if self._undo is not None:
            self._undo.append((table, key, table.get(key, _MISSING)))


class _Transaction(AbstractContextManager[None]):
    """A transaction of a store. No generator: every attempt is recorded in one, and this costs a third of it."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store._begin()  # noqa: SLF001 - same file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._store._end(failed=kind is not None)  # noqa: SLF001 - same file


def _put_back(undo: list[tuple[dict[Any, Any], Any, Any]]) -> None:
    for table, key, before in reversed(undo):
        if before is _MISSING:
            table.pop(key, None)
        else:
            table[key] = before
