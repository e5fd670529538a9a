"""The store of one tenant in the database that all tenants share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeVar, Unpack

from sqlalchemy import Executable

from mockstore.errors import AttemptExistsError
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord, ResourceRecord, WebhookRecord
from mockstore.world.seams import Sought
from mockstore.world.store_sql import records, statements
from mockstore.world.store_sql.connections import Connections, Session, TenantLock
from mockstore.world.store_sql.prepared import Row
from mockstore.world.store_sql.queue import Queue
from mockstore.world.store_sql.records import Values, key, microseconds, unkey
from mockstore.world.store_sql.statements import Upserts
from mockstore.world.store_sql.trimming import Trimming

T = TypeVar("T")

_WEBHOOKS: Final = 2048
"""How many parsed webhooks are cached. More than a tenant may have by default: each event reads all of them in turn,
so in a smaller cache the next one would never be found."""


class SqlStore:
    """Keeps the records of one tenant in a database; safe for many threads, each with a transaction of its own.

    Records are read as they were saved, except for `exception`, which is not stored.
    """

    def __init__(  # noqa: PLR0913 - what all stores of a database share
        self,
        connections: Connections,
        upserts: Upserts,
        *,
        tenant: str,
        server: int,
        stamp: Callable[[], int],
        closed: Callable[["SqlStore"], None],
    ) -> None:
        self.tenant = tenant
        """The tenant, encoded by `records.tenant_key`."""
        self._connections = connections
        self._upserts = upserts
        self._stamp = stamp
        self._closed = closed
        self._tenant_lock = TenantLock(tenant)
        self._trimming = Trimming()
        self._webhook_of = lru_cache(maxsize=_WEBHOOKS)(records.webhook_of)
        self._queue = Queue(connections, tenant=tenant, server=server, webhook_of=self._webhook_of)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Return a context in which all changes are made or none; an inner transaction joins the outer one."""
        with self._connections.transaction(self._tenant_lock):
            yield

    def when_kept(self, call: Callable[[], object]) -> None:
        """Call it at once; inside a transaction of this thread, after its commit."""
        session = self._connections.session
        if session is None:
            call()
        else:
            session.after_locks.append(call)

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace the webhook, by id."""
        self._save(self._upserts.webhook, records.webhook_values(webhook))

    def remove_webhook(self, webhook_id: str) -> None:
        """Delete the webhook; its deliveries stay as history."""
        with self._connections.autocommit() as session:
            session.change(statements.REMOVE_WEBHOOK, {"of": self.tenant, "id": key(webhook_id)})

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""
        return self._known_or_read("webhook", key(webhook_id), self._read_webhook)

    def _read_webhook(self, id_: str) -> WebhookRecord | None:
        return next((self._webhook_of(row.id, row.record) for row in self._rows(statements.WEBHOOK, id=id_)), None)

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all webhooks, oldest first."""
        return [self._webhook_of(row.id, row.record) for row in self._rows(statements.WEBHOOKS)]

    def add_event(self, event: EventRecord) -> None:
        """Add the event, by id."""
        self._save(self._upserts.event, records.event_values(event) | {"lone": True})
        self._trimming.count()

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""
        return self._known_or_read("event", key(event_id), self._read_event)

    def _read_event(self, id_: str) -> EventRecord | None:
        return next(map(_event, self._rows(statements.EVENT, id=id_)), None)

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all events, or the `latest` newest ones, oldest first."""
        if latest is None:
            return list(map(_event, self._rows(statements.EVENTS)))
        return list(map(_event, self._rows(statements.LATEST_EVENTS, latest=latest)))

    def events_from(self, first: int, limit: int, *, event_type: str | None = None) -> Sequence[EventRecord]:
        """Return at most `limit` events, all or those of one type, from position `first` on; 0 is the oldest."""
        part = {"first": first, "limit": limit}
        if event_type is None:
            return list(map(_event, self._rows(statements.PART_OF_EVENTS, **part)))
        return list(map(_event, self._rows(statements.PART_OF_TYPE, **part, event_type=key(event_type))))

    def count_events(self, *, event_type: str | None = None) -> int:
        """Return the number of events, of all types or of one."""
        if event_type is None:
            return int(self._rows(statements.COUNT_EVENTS)[0][0])
        return int(self._rows(statements.COUNT_OF_TYPE, event_type=key(event_type))[0][0])

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace the delivery, by id; if it is pending and has a `due`, it can be claimed then.

        Raises `AttemptExistsError` when recorded attempts are missing or different.
        """
        finished, stamp = delivery.state in records.FINISHED, self._stamp()
        values = records.delivery_values(delivery) | {"tenant": self.tenant, "turn": stamp}
        values["ended"] = stamp if finished else None
        with self._connections.transaction() as session:
            known: DeliveryRecord | None = session.known.get(("delivery", self.tenant, values["id"]))
            is_new = known is None and not delivery.attempts and session.change(self._upserts.new_delivery, values)
            if not is_new:
                self._add_attempts(session, delivery, known)
                session.change(self._upserts.delivery, values)
            self._queue.saved(session, delivery, values, is_new=bool(is_new))
        if finished:
            self._trimming.count()

    def _add_attempts(self, session: Session, delivery: DeliveryRecord, known: DeliveryRecord | None) -> None:
        of = {"tenant": self.tenant, "delivery_id": key(delivery.id)}
        if known is not None and delivery.attempts[: len(known.attempts)] == known.attempts:
            made = len(known.attempts)
        else:
            made = self._made(session, delivery, of)
        for attempt in delivery.attempts[made:]:
            if not session.change(self._upserts.attempt, of | records.attempt_values(attempt)):
                raise AttemptExistsError(delivery.id, attempt.number)

    def _made(self, session: Session, delivery: DeliveryRecord, of: Values) -> int:
        """Return how many attempts are recorded; raise `AttemptExistsError` if `delivery` lacks the latest of them."""
        before = session.rows(statements.MADE, {"of": self.tenant, "id": of["delivery_id"]})
        made: int = before[0].made if before else 0
        if made and not self._is_recorded(of, delivery.attempts[made - 1 : made]):
            raise AttemptExistsError(delivery.id, made)
        return made

    def _is_recorded(self, of: Values, latest: Sequence[Attempt]) -> bool:
        wanted = [records.attempt_values(attempt) for attempt in latest]
        found = [self._rows(statements.ATTEMPT, id=of["delivery_id"], number=values["number"]) for values in wanted]
        return bool(wanted) and [[row._asdict() for row in rows] for rows in found] == [wanted]

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""
        return self._known_or_read("delivery", key(delivery_id), self._read_delivery)

    def _read_delivery(self, id_: str) -> DeliveryRecord | None:
        return next(iter(records.deliveries_of(self._rows(statements.DELIVERY, id=id_))), None)

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return the deliveries that match, or the `latest` newest ones of them, oldest first."""
        queries, wanted = _queries(sought)
        if latest is None:
            return records.deliveries_of(self._rows(queries.all, **wanted))
        return records.deliveries_of(self._rows(queries.latest, **wanted, latest=latest))

    def deliveries_from(self, first: int, limit: int, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return at most `limit` of the deliveries that match, from position `first` on; 0 is the oldest."""
        queries, wanted = _queries(sought)
        return records.deliveries_of(self._rows(queries.part, **wanted, first=first, limit=limit))

    def count(self, **sought: Unpack[Sought]) -> int:
        """Return how many deliveries match."""
        queries, wanted = _queries(sought)
        return int(self._rows(queries.count, **wanted)[0][0])

    def end(self, state: DeliveryState, reason: str, **sought: Unpack[Sought]) -> None:
        """Set state and reason of all deliveries that match; none of them is due any more."""
        queries, wanted = _queries(sought)
        more = {"of": self.tenant, "state": str(state), "reason": key(reason), "ended": self._stamp()}
        with self._connections.transaction() as session:
            count = self.count(**sought)
            session.change(queries.end, wanted | more)
            self._queue.changed(session)
        self._trimming.count(count)

    def restart(self, due: datetime, **sought: Unpack[Sought]) -> Sequence[str]:
        """Begin a new round of all deliveries that match, pending and due at `due`; return their ids, oldest first."""
        queries, wanted = _queries(sought)
        more = {"of": self.tenant, "due": microseconds(due), "turn": self._stamp()}
        with self._connections.transaction() as session:
            rows = session.change(queries.restart, wanted | more)
            self._queue.changed(session)
        return [unkey(row.id) for row in sorted(rows, key=lambda row: row.seq)]

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Claim up to `limit` pending deliveries that are due, earliest first, until they are released."""
        return self._queue.claim(microseconds(now), limit)

    def holds(self, delivery_id: str) -> bool:
        """Return whether this process still has the claim, and it was not freed as lost."""
        return self._queue.holds(key(delivery_id))

    def release(self, delivery_id: str) -> None:
        """Release the claim; a delivery that is still pending can be claimed again when due."""
        self._queue.release(key(delivery_id))

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due, or None; see `look` for other servers."""
        due = self._queue.next_due()
        return None if due is None else records.moment_of(due)

    def look(self) -> None:
        """Let `next_due` consider the changes of other servers."""
        self._queue.look()

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace the resource, by kind and id."""
        self._save(self._upserts.resource, records.resource_values(resource))

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""
        found = self._rows(statements.RESOURCE, kind=key(kind), id=key(resource_id))
        return next(map(records.resource_of, found), None)

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""
        return list(map(records.resource_of, self._rows(statements.RESOURCES, kind=key(kind))))

    def trim(self, keep: int) -> None:
        """Delete the deliveries that finished first; keeps up to a tenth more than `keep`, so most calls are cheap."""
        if self._trimming.is_time(keep):
            with self._connections.transaction(self._tenant_lock) as session:
                self._trimming.trim(session, self.tenant, keep)

    def clear(self) -> None:
        """Delete everything."""
        with self._connections.transaction(self._tenant_lock) as session, self._queue.emptied(session):
            for forget in statements.CLEAR:
                session.change(forget, {"of": self.tenant})

    def close(self) -> None:
        """Release the claims; the database stays open for other stores."""
        self._closed(self)
        self._queue.close()

    def _save(self, statement: Executable, values: Values) -> None:
        with self._connections.autocommit() as session:
            session.change(statement, values | {"tenant": self.tenant})

    def _known_or_read(self, kind: str, id_: str, read: Callable[[str], T]) -> T:
        """Return the record if this transaction has read it already, otherwise read it."""
        session = self._connections.session
        known: T | None = None if session is None else session.known.get((kind, self.tenant, id_))
        return read(id_) if known is None else known

    def _rows(self, statement: Executable, **values: object) -> Sequence[Row]:
        return self._connections.rows(statement, values | {"of": self.tenant})


def _event(row: Row) -> EventRecord:
    return records.event_of(row.id, row.type, row.record, row.body)


def _queries(sought: Sought) -> tuple[statements.Deliveries, Values]:
    """Return the statements for the deliveries that match, and the values of their parameters."""
    told = {"webhook_id": sought.get("webhook_id"), "event_id": sought.get("event_id")}
    told["event_type"] = sought.get("event_type")
    wanted: Values = {name: key(value) for name, value in told.items() if value is not None}
    states, since = sought.get("states"), sought.get("since")
    if since is not None:
        wanted["since"] = microseconds(since)
    return statements.Deliveries.of(frozenset(wanted), None if states is None else frozenset(states)), wanted
