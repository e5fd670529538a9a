"""One tenant's queue of deliveries in one server: the claims, and when the next delivery is due."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock

from mockstore.model import DeliveryRecord, DeliveryState, WebhookRecord
from mockstore.world.store_sql import claims, records, statements
from mockstore.world.store_sql.connections import Connections, Session
from mockstore.world.store_sql.nextdue import NextDue
from mockstore.world.store_sql.prepared import Row
from mockstore.world.store_sql.records import Values, unkey


class Queue:
    """The claims of one tenant in one server; ids are encoded by `records.key`, moments are in microseconds."""

    def __init__(
        self, connections: Connections, *, tenant: str, server: int, webhook_of: Callable[[str, str], WebhookRecord]
    ) -> None:
        self._connections = connections
        self._tenant = tenant
        self._server = server
        self._webhook_of = webhook_of
        self._claiming = Lock()
        self._held = claims.Held()
        self._next = NextDue()

    def claim(self, now: int, limit: int) -> Sequence[DeliveryRecord]:
        """Claim up to `limit` deliveries that are due, earliest first."""
        if self._connections.session is None and not self._held.uncertain and self._next.is_after(now):
            return []
        wanted = {"of": self._tenant, "server": self._server, "now": now, "limit": limit}
        with self._connections.autocommit() as session, self._claiming:
            self._release_unknown(session)
            session.on_failure.append(self._mark_uncertain)
            version = self._next.version
            taken = session.change(claims.CLAIM, wanted | {"excluded": list(self._held.excluded)})
            ids = {row.id for row in taken}
            back = {id_ for id_ in ids if (self._tenant, id_) in session.released}  # if undone, held as before
            session.released -= {(self._tenant, id_) for id_ in back}
            again = self._held.add(ids - back)
            fresh = ids - again
            session.on_failure.append(partial(self._unclaim, fresh - back))
            if taken and len(taken) < limit and not again:
                session.on_commit.append(partial(self._next.took, taken[0].later, version))
            else:
                session.on_commit.append(self._next.forget)
            if again:
                self._release_rows(session, again)
            return _claimed(session, [row for row in taken if row.id in fresh])

    def _unclaim(self, ids: Iterable[str]) -> None:
        """Forget claims that were rolled back or may have been."""
        for id_ in ids:
            self._held.remove(id_)
        self._mark_uncertain()

    def holds(self, id_: str) -> bool:
        """Return whether this process still has the claim, and it was not freed as lost.

        In a transaction this also reads the delivery with its webhook and its event, since they are needed next.
        """
        if not self._held.has(id_):
            return False
        wanted, session = {"of": self._tenant, "id": id_}, self._connections.session
        if session is None:
            return [row.claimed_by for row in self._connections.rows(claims.HOLDER, wanted)] == [self._server]
        rows = session.rows(statements.WITH_WEBHOOK_AND_EVENT, wanted)
        if not rows or rows[0].claimed_by != self._server:
            return False
        self._keep_for_session(session, rows)
        return True

    def _keep_for_session(self, session: Session, rows: Sequence[Row]) -> None:
        first, known = rows[0], session.known
        known["delivery", self._tenant, first.id] = records.with_attempts_of(rows)
        if first.webhook_record is not None:
            webhook = self._webhook_of(first.webhook_id, first.webhook_record)
            known["webhook", self._tenant, first.webhook_id] = webhook
        if first.event_record is not None:
            event = records.event_of(first.event_id, first.event_type, first.event_record, first.event_body)
            known["event", self._tenant, first.event_id] = event

    def release(self, id_: str) -> None:
        """Release a claim; inside a transaction, at its commit, and not at all when it fails."""
        was_ours = self._held.has(id_)
        later = was_ours and self._connections.session is not None
        if not later:
            self._held.remove(id_)
        try:
            with self._connections.autocommit() as session:
                session.on_failure.append(self._mark_uncertain)
                freed = self._release_rows(session, [id_])
                if later:
                    session.released.add((self._tenant, id_))
                    session.on_commit.append(partial(self._forget_claim, session, id_))
                if not freed or not was_ours:
                    session.on_commit.append(self._next.forget)
                for row in freed:
                    if row.state == DeliveryState.PENDING and row.due is not None:
                        session.on_commit.append(partial(self._next.add, row.due))
        except BaseException:
            self._mark_uncertain()
            raise

    def _forget_claim(self, session: Session, id_: str) -> None:
        """Remove a claim that a transaction has released, unless the same transaction has claimed it again."""
        if (self._tenant, id_) in session.released:
            self._held.remove(id_)

    def saved(self, session: Session, delivery: DeliveryRecord, values: Values, *, is_new: bool) -> None:
        """Update the cached due time: this transaction has saved the delivery as the row `values`."""
        session.on_failure.append(self._next.forget)
        if not is_new:
            is_claimed = self._held.has(values["id"]) and (self._tenant, values["id"]) not in session.released
            if not is_claimed:  # a claimed delivery does not count for the next due time
                session.on_commit.append(self._next.forget)
        elif delivery.state is DeliveryState.PENDING and delivery.due is not None:
            session.on_commit.append(partial(self._next.add, values["due"]))

    def changed(self, session: Session) -> None:
        """Forget the cached due time: this transaction may change which delivery is due next."""
        session.on_failure.append(self._next.forget)
        session.on_commit.append(self._next.forget)

    def next_due(self) -> int | None:
        """Return when the earliest unclaimed pending delivery is due, or None; cached until something changes."""
        if self._held.uncertain:
            with self._connections.autocommit() as session, self._claiming:
                self._release_unknown(session)
        known = None if self._connections.session is not None else self._next.known
        return self._read_next_due() if known is None else known[0]

    def _read_next_due(self) -> int | None:
        version = self._next.version
        rows = self._connections.rows(claims.NEXT_DUE, {"of": self._tenant, "excluded": list(self._held.excluded)})
        due: int | None = rows[0].due if rows else None
        if self._connections.session is None:  # what a transaction reads may be rolled back
            self._next.note(due, version)
        return due

    def look(self) -> None:
        """Forget the cached due time: other servers may have changed it."""
        self._next.forget()

    @contextmanager
    def emptied(self, session: Session) -> Iterator[None]:
        """Prevent claims while all records are deleted inside, then remove all claims."""
        with self._claiming:
            session.on_failure.append(self._mark_uncertain)
            session.on_commit.append(self._next.forget)
            yield
            self._held.clear()

    def close(self) -> None:
        """Release all claims."""
        with self._connections.transaction() as session, self._claiming:
            self._held.clear()
            self._mark_uncertain()
            self._release_unknown(session)

    def _release_rows(self, session: Session, ids: Iterable[str]) -> list[Row]:
        return session.change(claims.RELEASE, {"of": self._tenant, "ids": list(ids), "server": self._server})

    def _mark_uncertain(self) -> None:
        self._held.uncertain = True
        self._next.forget()

    def _release_unknown(self, session: Session) -> None:
        """After a failed call, release the claims in the database of which this process does not know."""
        if self._held.uncertain:
            session.on_failure.append(self._mark_uncertain)
            session.on_commit.append(self._next.forget)
            held = session.rows(claims.HELD, {"of": self._tenant, "server": self._server})
            self._release_rows(session, {row.id for row in held} - self._held.ids)
            self._held.uncertain = False


def _claimed(session: Session, taken: Sequence[Row]) -> list[DeliveryRecord]:
    """Return the claimed deliveries in order of due time, with their earlier attempts."""
    seqs = [row.seq for row in taken if row.made]
    with_attempts = records.deliveries_of(session.rows(statements.CLAIMED, {"seqs": seqs})) if seqs else []
    found = {delivery.id: delivery for delivery in with_attempts}
    in_order = sorted(taken, key=lambda row: (row.due, row.turn, row.seq))
    return [found.get(unkey(row.id)) or records.delivery_of(row, ()) for row in in_order]
