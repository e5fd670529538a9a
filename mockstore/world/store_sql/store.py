"""The store of one tenant, over the database that all share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from threading import Lock
from typing import Any

from sqlalchemy import Executable, Row, delete

from mockstore.errors import AttemptExistsError
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord, ResourceRecord, WebhookRecord
from mockstore.world.store_sql import claims, records, statements
from mockstore.world.store_sql.connections import Connections, Session, Turn
from mockstore.world.store_sql.records import Values, key, microseconds
from mockstore.world.store_sql.statements import Upserts
from mockstore.world.store_sql.tables import OF_TENANTS
from mockstore.world.store_sql.trimming import Trimming


class SqlStore:
    """Keeps the records of one tenant in a database; safe for many threads, each with a transaction of its own.

    What is read is what was saved, but for `exception`, which no database can keep.
    """

    def __init__(  # noqa: PLR0913 - what all stores of a database share, each once
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
        """Whose it is, as the tables say it."""
        self._connections = connections
        self._upserts = upserts
        self._server = server
        self._stamp = stamp
        self._closed = closed
        self._turn = Turn(tenant)
        self._claiming = Lock()
        self._held = claims.Held()
        self._trimming = Trimming()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside all or nothing; an inner transaction joins the outer."""
        with self._connections.transaction(self._turn):
            yield

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace, by id."""
        self._save(self._upserts.webhook, records.webhook_values(webhook))

    def remove_webhook(self, webhook_id: str) -> None:
        """Forget the webhook; its deliveries stay as history."""
        with self._connections.transaction() as session:
            session.run(statements.REMOVE_WEBHOOK, {"of": self.tenant, "id": key(webhook_id)})

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""
        return next(map(records.webhook_of, self._rows(statements.WEBHOOK, id=key(webhook_id))), None)

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all, oldest first."""
        return list(map(records.webhook_of, self._rows(statements.WEBHOOKS)))

    def add_event(self, event: EventRecord) -> None:
        """Add, by id."""
        self._save(self._upserts.event, records.event_values(event) | {"lone": True})
        self._trimming.count()

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""
        return next(map(records.event_of, self._rows(statements.EVENT, id=key(event_id))), None)

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all, or so many of the latest, oldest first."""
        if latest is None:
            return list(map(records.event_of, self._rows(statements.EVENTS)))
        return list(map(records.event_of, self._rows(statements.LATEST_EVENTS, latest=latest)))

    def count_events(self) -> int:
        """Return how many there are."""
        return int(self._rows(statements.COUNT_EVENTS)[0][0])

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace; a pending one with a `due` becomes claimable. Recorded attempts stay as they are."""
        finished, stamp = delivery.state in records.FINISHED, self._stamp()
        values = records.delivery_values(delivery) | {"tenant": self.tenant, "turn": stamp}
        values["ended"] = stamp if finished else None
        with self._connections.transaction() as session:
            before = session.rows(statements.MADE, {"of": self.tenant, "id": values["id"]})
            self._add_attempts(session, delivery, before[0].made if before else 0)
            session.run(self._upserts.delivery, values)
            if not before:
                session.run(statements.NOT_LONE, {"of": self.tenant, "event": values["event_id"]})
        if finished:
            self._trimming.count()

    def _add_attempts(self, session: Session, delivery: DeliveryRecord, made: int) -> None:
        of = {"tenant": self.tenant, "delivery_id": key(delivery.id)}
        if made and not self._is_recorded(of, delivery.attempts[made - 1 : made]):
            raise AttemptExistsError(delivery.id, made)
        for attempt in delivery.attempts[made:]:
            if not session.rows(self._upserts.attempt, of | records.attempt_values(attempt)):
                raise AttemptExistsError(delivery.id, attempt.number)

    def _is_recorded(self, of: Values, latest: Sequence[Attempt]) -> bool:
        wanted = [records.attempt_values(attempt) for attempt in latest]
        found = [self._rows(statements.ATTEMPT, id=of["delivery_id"], number=values["number"]) for values in wanted]
        return bool(wanted) and [[dict(row._mapping) for row in rows] for rows in found] == [wanted]  # noqa: SLF001 - its public name

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""
        return next(iter(_deliveries(self._rows(statements.DELIVERY, id=key(delivery_id)))), None)

    def deliveries(
        self, *, webhook_id: str | None = None, event_id: str | None = None, latest: int | None = None
    ) -> Sequence[DeliveryRecord]:
        """Return those of the webhook, of the event, or all, or so many of the latest of them, oldest first."""
        query = statements.deliveries_query(
            to_webhook=webhook_id is not None, of_event=event_id is not None, latest=latest is not None
        )
        ids = {"webhook_id": webhook_id, "event_id": event_id}
        wanted: Values = {name: key(id_) for name, id_ in ids.items() if id_ is not None}
        return _deliveries(self._rows(query, **wanted, **({} if latest is None else {"latest": latest})))

    def count(self, state: DeliveryState) -> int:
        """Return how many deliveries are in this state."""
        return int(self._rows(statements.COUNT[state])[0][0])

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Take up to `limit` pending deliveries that are due, earliest first; nobody else gets them until released."""
        wanted = {"of": self.tenant, "server": self._server, "now": microseconds(now), "limit": limit}
        with self._connections.transaction() as session, self._claiming:
            self._come_home(session)
            taken = session.rows(claims.CLAIM, wanted | {"apart": list(self._held.apart)})
            again = self._held.take([row.id for row in taken])
            fresh = {row.id for row in taken} - again
            session.undone.append(lambda: self._unclaim(fresh))
            if again:
                self._free(session, again)
            seqs = [row.seq for row in taken if row.id in fresh]
            return _deliveries(session.rows(statements.CLAIMED, {"seqs": seqs})) if seqs else []

    def _unclaim(self, ids: Iterable[str]) -> None:
        """Forget claims that came to nothing, or of which nobody knows whether they did."""
        for id_ in ids:
            self._held.give_back(id_)
        self._go_astray()

    def holds(self, delivery_id: str) -> bool:
        """Tell whether this process has the claim, and nobody took it for lost in the meantime."""
        id_ = key(delivery_id)
        if id_ not in self._held.ids or id_ in self._held.apart:
            return False
        return [row.claimed_by for row in self._rows(claims.HOLDER, id=id_)] == [self._server]

    def release(self, delivery_id: str) -> None:
        """Give a claim back; a delivery that is still pending can be claimed again when due."""
        id_ = key(delivery_id)
        self._held.give_back(id_)
        try:
            with self._connections.transaction() as session:
                session.undone.append(self._go_astray)
                self._free(session, [id_])
        except BaseException:
            self._go_astray()
            raise

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due."""
        if self._held.astray:
            with self._connections.transaction() as session, self._claiming:
                self._come_home(session)
        rows = self._rows(claims.NEXT_DUE, apart=list(self._held.apart))
        return records.moment_of(rows[0].due) if rows else None

    def _free(self, session: Session, ids: Iterable[str]) -> None:
        session.run(claims.RELEASE, {"of": self.tenant, "ids": list(ids), "server": self._server})

    def _go_astray(self) -> None:
        self._held.astray = True

    def _come_home(self, session: Session) -> None:
        """Give back what the database has as claimed here, and nobody here has in hand: a call had failed half-way."""
        if self._held.astray:
            session.undone.append(self._go_astray)
            held = session.rows(claims.HELD, {"of": self.tenant, "server": self._server})
            self._free(session, {row.id for row in held} - self._held.ids)
            self._held.astray = False

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace, by kind and id."""
        self._save(self._upserts.resource, records.resource_values(resource))

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""
        found = self._rows(statements.RESOURCE, kind=key(kind), id=key(resource_id))
        return next(map(records.resource_of, found), None)

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""
        return list(map(records.resource_of, self._rows(statements.RESOURCES, kind=key(kind))))

    def trim(self, keep: int) -> None:
        """Forget what was finished first; a tenth more than `keep` may stay, so most calls cost nothing."""
        if self._trimming.is_time(keep):
            with self._connections.transaction(self._turn) as session:
                self._trimming.trim(session, self.tenant, keep)

    def clear(self) -> None:
        """Forget everything."""
        with self._connections.transaction(self._turn) as session, self._claiming:
            for table in OF_TENANTS:
                session.run(delete(table).where(table.c.tenant == self.tenant))
            self._held.clear()

    def close(self) -> None:
        """Give the claims back. The database stays open for others."""
        self._closed(self)
        with self._connections.transaction() as session, self._claiming:
            self._held.clear()
            self._go_astray()
            self._come_home(session)

    def _save(self, statement: Executable, values: Values) -> None:
        with self._connections.transaction() as session:
            session.run(statement, values | {"tenant": self.tenant})

    def _rows(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        return self._connections.rows(statement, values | {"of": self.tenant})


def _deliveries(rows: Sequence[Row[Any]]) -> list[DeliveryRecord]:
    """Return the deliveries of rows in which each attempt has a row, those of a delivery one after another."""
    return [_delivery(list(of_one)) for _, of_one in groupby(rows, lambda row: row.seq)]


def _delivery(rows: Sequence[Row[Any]]) -> DeliveryRecord:
    made: list[Attempt] = [records.attempt_of(row) for row in rows if row.number is not None]
    return records.delivery_of(rows[0], made)
