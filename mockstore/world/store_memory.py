"""The default store: keeps records in dicts and a heap, in the memory of the process."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from typing import Unpack

from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, ResourceRecord, WebhookRecord
from mockstore.world.attempts import check_attempts
from mockstore.world.index import Index
from mockstore.world.listing import backwards, forwards, is_of_type, part_of, sought_among
from mockstore.world.seams import Sought
from mockstore.world.undo import ALL, MISSING, Before, Table, Transaction, restore, sort_again

_FINISHED = frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DISCARDED})

_STALE = 1000
"""How many outdated entries the queue may have before it is rebuilt."""


class MemoryStore:
    """Keeps records in memory; every call is atomic, and a transaction holds the lock.

    A transaction that fails is undone from a log of the previous values. The queue may contain entries of deliveries
    that are no longer waiting; these are skipped when it is read.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._undo: list[Before] | None = None
        self._depth = 0
        self._after_commit: list[Callable[[], object]] = []
        """What to call after the current transaction is committed."""
        self._transaction = Transaction(self._begin, self._end)
        self._numbers = count()
        self._make_empty()

    def _make_empty(self) -> None:
        self._webhooks: dict[str, WebhookRecord] = {}
        self._events: dict[str, EventRecord] = {}
        self._deliveries: dict[str, DeliveryRecord] = {}
        self._resources: dict[str, dict[str, ResourceRecord]] = {}
        self._index = Index()
        self._counts = dict.fromkeys(DeliveryState, 0)
        self._finished: OrderedDict[str, int] = OrderedDict()  # deleting from the front of a plain dict is slow
        """Ids of finished deliveries, each with the number by which they are ordered."""
        self._events_alone: OrderedDict[str, int] = OrderedDict()
        """Ids of events that never had a delivery, each with the number by which they are ordered."""
        self._keep: int | None = None
        """How many finished deliveries to keep at the end of the current transaction; None keeps all."""
        self._queue: list[tuple[datetime, int, str]] = []
        self._claimed: dict[str, None] = {}

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context in which all changes are made or none; an inner transaction joins the outer one."""
        return self._transaction

    def _begin(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._undo = [(self._counts, ALL, self._counts.copy())]

    def _end(self, error: BaseException | None) -> None:
        calls: list[Callable[[], object]] = []
        try:
            self._depth -= 1
            if self._depth == 0:
                undo, self._undo = self._undo or [], None
                keep, self._keep = self._keep, None
                if self._after_commit:
                    calls, self._after_commit = self._after_commit, calls
                if error is not None:
                    calls = []
                    self._roll_back(undo)
                elif keep is not None:
                    self._trim(keep)
        finally:
            self._lock.release()
        for call in calls:
            call()

    def when_kept(self, call: Callable[[], object]) -> None:
        """Call it at once; inside a transaction, after its commit."""
        with self._lock:
            if self._depth:
                self._after_commit.append(call)
                return
        call()

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace the webhook, by id."""
        with self._lock:
            self._put(self._webhooks, webhook.id, webhook)

    def remove_webhook(self, webhook_id: str) -> None:
        """Delete the webhook; its deliveries stay as history."""
        with self._lock:
            if self._undo is not None:  # restored alone, it would be the last of the table
                self._undo.append((self._webhooks, ALL, dict(self._webhooks)))
            self._webhooks.pop(webhook_id, None)

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""
        return self._webhooks.get(webhook_id)

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all webhooks, oldest first."""
        with self._lock:
            return list(self._webhooks.values())

    def add_event(self, event: EventRecord) -> None:
        """Add the event, by id."""
        with self._lock:
            self._put(self._events, event.id, event)
            if event.id not in self._events_alone and not self._index.knows_event(event.id):
                self._put(self._events_alone, event.id, next(self._numbers))

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""
        return self._events.get(event_id)

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all events, or the `latest` newest ones, oldest first."""
        with self._lock:
            return forwards(backwards(self._events.values(), latest), latest)

    def events_from(self, first: int, limit: int, *, event_type: str | None = None) -> Sequence[EventRecord]:
        """Return at most `limit` events, all or those of one type, from position `first` on; 0 is the oldest."""
        with self._lock:
            return part_of(self._of_type(event_type), first, limit)

    def count_events(self, *, event_type: str | None = None) -> int:
        """Return the number of events, of all types or of one."""
        with self._lock:
            return len(self._events) if event_type is None else sum(1 for _ in self._of_type(event_type))

    def _of_type(self, event_type: str | None) -> Iterator[EventRecord]:
        return (event for event in self._events.values() if is_of_type(event, event_type))

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace the delivery, by id; if it is pending and has a `due`, it can be claimed then.

        Raises `AttemptExistsError` when recorded attempts are missing or different.
        """
        with self._lock:
            before = self._deliveries.get(delivery.id)
            check_attempts(before, delivery)
            if before is None:
                self._index.add(delivery, next(self._numbers))
                self._remove(self._events_alone, delivery.event_id)
            else:
                self._counts[before.state] -= 1
                if before.due != delivery.due:
                    self._put(self._index.to_webhook[delivery.webhook_id], delivery.id, next(self._numbers))
            self._counts[delivery.state] += 1
            if delivery.state not in _FINISHED:
                self._remove(self._finished, delivery.id)
            elif delivery.id not in self._finished:
                self._put(self._finished, delivery.id, next(self._numbers))
            self._put(self._deliveries, delivery.id, delivery)
            self._enqueue(delivery)

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""
        return self._deliveries.get(delivery_id)

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return the deliveries that match, or the `latest` newest ones of them, oldest first."""
        with self._lock:
            return forwards(self._sought(sought, latest), latest)

    def deliveries_from(self, first: int, limit: int, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return at most `limit` of the deliveries that match, from position `first` on; 0 is the oldest."""
        with self._lock:
            return part_of(self._sought(sought), first, limit)

    def count(self, **sought: Unpack[Sought]) -> int:
        """Return how many deliveries match."""
        with self._lock:
            if any(value is not None for name, value in sought.items() if name != "states"):
                return sum(1 for _ in self._sought(sought))
            states = sought.get("states")
            return len(self._deliveries) if states is None else sum(self._counts[state] for state in set(states))

    def _sought(self, sought: Sought, latest: int | None = None) -> Iterator[DeliveryRecord]:
        ids = self._index.ids(sought.get("webhook_id"), sought.get("event_id"))
        among = backwards(self._deliveries.keys() if ids is None else ids, latest)
        return sought_among(map(self._deliveries.__getitem__, among), sought, self._events)

    def end(self, state: DeliveryState, reason: str, **sought: Unpack[Sought]) -> None:
        """Set state and reason of all deliveries that match; none of them is due any more."""
        with self.transaction():
            for delivery in list(self._sought(sought)):
                self.save_delivery(replace(delivery, state=state, due=None, reason=reason))

    def restart(self, due: datetime, **sought: Unpack[Sought]) -> Sequence[str]:
        """Begin a new round of all deliveries that match, pending and due at `due`; return their ids, oldest first."""
        pending = DeliveryState.PENDING
        with self.transaction():
            found = list(self._sought(sought))
            for one in found:
                self.save_delivery(replace(one, state=pending, due=due, round_start=len(one.attempts), reason=None))
            return [one.id for one in found]

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Take up to `limit` pending deliveries that are due, earliest first."""
        taken: list[DeliveryRecord] = []
        with self._lock:
            while len(taken) < limit and (delivery := self._earliest()) is not None:
                if delivery.due is None or delivery.due > now:
                    break
                heappop(self._queue)
                self._put(self._claimed, delivery.id, None)
                taken.append(delivery)
        return taken

    def holds(self, delivery_id: str) -> bool:
        """Return whether it is claimed; no other process can claim it."""
        return delivery_id in self._claimed and delivery_id in self._deliveries

    def release(self, delivery_id: str) -> None:
        """Release the claim; a delivery that is still pending can be claimed again when due."""
        with self._lock:
            self._remove(self._claimed, delivery_id)
            delivery = self._deliveries.get(delivery_id)
            if delivery is not None:
                self._enqueue(delivery)

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due."""
        with self._lock:
            delivery = self._earliest()
            return None if delivery is None else delivery.due

    def look(self) -> None:
        """Do nothing: no other process can change the records."""

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace the resource, by kind and id."""
        with self._lock:
            self._put(self._resources.setdefault(resource.kind, {}), resource.id, resource)

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""
        return self._resources.get(kind, {}).get(resource_id)

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""
        with self._lock:
            return list(self._resources.get(kind, {}).values())

    def trim(self, keep: int) -> None:
        """Delete the deliveries that finished first until `keep` of them are left; in a transaction, at its end."""
        with self._lock:
            if self._depth:
                self._keep = keep
            else:
                self._trim(keep)

    def _trim(self, keep: int) -> None:
        while len(self._finished) > keep:
            id_, _ = self._finished.popitem(last=False)
            self._delete_delivery(id_)
        while len(self._events_alone) > keep:
            id_, _ = self._events_alone.popitem(last=False)
            self._events.pop(id_, None)
        if len(self._queue) > 2 * (len(self._deliveries) - len(self._finished)) + _STALE:
            self._queue = sorted({entry[2]: entry for entry in self._queue if self._is_current(entry)}.values())

    def _delete_delivery(self, id_: str) -> None:
        delivery = self._deliveries.pop(id_)
        self._counts[delivery.state] -= 1
        self._index.remove(delivery)
        if not self._index.knows_event(delivery.event_id):
            self._events.pop(delivery.event_id, None)
        if delivery.webhook_id not in self._index.to_webhook:
            webhook = self._webhooks.get(delivery.webhook_id)
            if webhook is not None and webhook.is_for_once:
                del self._webhooks[webhook.id]

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._make_empty()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _enqueue(self, delivery: DeliveryRecord) -> None:
        claimable = delivery.state is DeliveryState.PENDING and delivery.id not in self._claimed
        if claimable and delivery.due is not None:
            heappush(self._queue, (delivery.due, self._index.number(delivery), delivery.id))

    def _earliest(self) -> DeliveryRecord | None:
        """Return the first delivery of the queue, after removing outdated entries, or None."""
        while self._queue:
            if self._is_current(self._queue[0]):
                return self._deliveries[self._queue[0][2]]
            heappop(self._queue)
        return None

    def _is_current(self, entry: tuple[datetime, int, str]) -> bool:
        """Return whether the entry is up to date: its delivery can be claimed at that moment."""
        due, number, id_ = entry
        delivery = self._deliveries.get(id_)
        if delivery is None or delivery.state is not DeliveryState.PENDING or delivery.due != due:
            return False
        return self._index.number(delivery) == number and id_ not in self._claimed

    def _put(self, table: Table, key: str, record: object) -> None:
        self._log_previous(table, key)
        table[key] = record

    def _remove(self, table: Table, key: str) -> None:
        if key in table:
            self._log_previous(table, key)
            del table[key]

    def _log_previous(self, table: Table, key: str) -> None:
        if self._undo is not None:
            self._undo.append((table, key, table.get(key, MISSING)))

    def _roll_back(self, undo: list[Before]) -> None:
        """Restore the previous values, the latest change first, and bring index, order and queue in line."""
        for change in reversed(undo):
            table, key, before = change
            if table is self._deliveries and before is MISSING:
                self._index.remove(self._deliveries[key])
            restore(change)
        sort_again(undo, self._finished)
        sort_again(undo, self._events_alone)
        for table, key, _ in undo:
            if (table is self._deliveries or table is self._claimed) and key in self._deliveries:
                self._enqueue(self._deliveries[key])  # its entry may have been removed
