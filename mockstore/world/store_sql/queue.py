"""What a tenant has to deliver, as one server takes it: claims, and when the next delivery is due."""

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
    """The claims of one tenant in one server; ids are as columns hold them, moments in microseconds."""

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
        """Take up to `limit` deliveries that are due, earliest first."""
        if self._connections.session is None and not self._held.astray and self._next.is_after(now):
            return []
        wanted = {"of": self._tenant, "server": self._server, "now": now, "limit": limit}
        with self._connections.each_by_itself() as session, self._claiming:
            self._come_home(session)
            session.undone.append(self._go_astray)
            version = self._next.version
            taken = session.change(claims.CLAIM, wanted | {"apart": list(self._held.apart)})
            ids = {row.id for row in taken}
            back = {id_ for id_ in ids if (self._tenant, id_) in session.freed}  # if undone, they are held as before
            session.freed -= {(self._tenant, id_) for id_ in back}
            again = self._held.take(ids - back)
            fresh = ids - again
            session.undone.append(partial(self._unclaim, fresh - back))
            if taken and len(taken) < limit and not again:
                session.done.append(partial(self._next.took, taken[0].later, version))
            else:
                session.done.append(self._next.forget)
            if again:
                self._free(session, again)
            return _claimed(session, [row for row in taken if row.id in fresh])

    def _unclaim(self, ids: Iterable[str]) -> None:
        """Forget claims that came to nothing, or of which nobody knows whether they did."""
        for id_ in ids:
            self._held.give_back(id_)
        self._go_astray()

    def holds(self, id_: str) -> bool:
        """Tell whether this process has the claim, and nobody took it for lost in the meantime.

        In a transaction the delivery is read with its webhook and its event: who asks will ask for them.
        """
        if not self._held.has(id_):
            return False
        wanted, session = {"of": self._tenant, "id": id_}, self._connections.session
        if session is None:
            return [row.claimed_by for row in self._connections.rows(claims.HOLDER, wanted)] == [self._server]
        rows = session.rows(statements.IN_HAND, wanted)
        if not rows or rows[0].claimed_by != self._server:
            return False
        self._know(session, rows)
        return True

    def _know(self, session: Session, rows: Sequence[Row]) -> None:
        first, known = rows[0], session.known
        known["delivery", self._tenant, first.id] = records.with_attempts_of(rows)
        if first.webhook_record is not None:
            webhook = self._webhook_of(first.webhook_id, first.webhook_record)
            known["webhook", self._tenant, first.webhook_id] = webhook
        if first.event_record is not None:
            event = records.event_of(first.event_id, first.event_type, first.event_record, first.event_body)
            known["event", self._tenant, first.event_id] = event

    def release(self, id_: str) -> None:
        """Give a claim back: at the end of an outer transaction if there is one, and not at all when that fails."""
        was_ours = self._held.has(id_)
        later = was_ours and self._connections.session is not None
        if not later:
            self._held.give_back(id_)
        try:
            with self._connections.each_by_itself() as session:
                session.undone.append(self._go_astray)
                freed = self._free(session, [id_])
                if later:
                    session.freed.add((self._tenant, id_))
                    session.done.append(partial(self._let_go, session, id_))
                if not freed or not was_ours:
                    session.done.append(self._next.forget)
                for row in freed:
                    if row.state == DeliveryState.PENDING and row.due is not None:
                        session.done.append(partial(self._next.add, row.due))
        except BaseException:
            self._go_astray()
            raise

    def _let_go(self, session: Session, id_: str) -> None:
        """Forget a claim that was given back in a transaction, unless the same transaction has made it again."""
        if (self._tenant, id_) in session.freed:
            self._held.give_back(id_)

    def saved(self, session: Session, delivery: DeliveryRecord, values: Values, *, is_new: bool) -> None:
        """Take note that a delivery has been saved in this transaction, as these values."""
        session.undone.append(self._next.forget)
        if not is_new:
            in_hand = self._held.has(values["id"]) and (self._tenant, values["id"]) not in session.freed
            if not in_hand:  # what is in hand is not waited for
                session.done.append(self._next.forget)
        elif delivery.state is DeliveryState.PENDING and delivery.due is not None:
            session.done.append(partial(self._next.add, values["due"]))

    def changed(self, session: Session) -> None:
        """Take note that another delivery may be the next that is due after this transaction."""
        session.undone.append(self._next.forget)
        session.done.append(self._next.forget)

    def next_due(self) -> int | None:
        """Return when the earliest unclaimed pending delivery is due, as remembered until something changes."""
        if self._held.astray:
            with self._connections.each_by_itself() as session, self._claiming:
                self._come_home(session)
        known = None if self._connections.session is not None else self._next.known
        return self._read_next_due() if known is None else known[0]

    def _read_next_due(self) -> int | None:
        version = self._next.version
        rows = self._connections.rows(claims.NEXT_DUE, {"of": self._tenant, "apart": list(self._held.apart)})
        due: int | None = rows[0].due if rows else None
        if self._connections.session is None:  # what a transaction finds may never come to be
            self._next.note(due, version)
        return due

    def look(self) -> None:
        """Take note that others may have changed something."""
        self._next.forget()

    @contextmanager
    def emptied(self, session: Session) -> Iterator[None]:
        """Have nobody claim while everything is forgotten, and hold nothing afterwards."""
        with self._claiming:
            session.undone.append(self._go_astray)
            session.done.append(self._next.forget)
            yield
            self._held.clear()

    def close(self) -> None:
        """Give all claims back."""
        with self._connections.transaction() as session, self._claiming:
            self._held.clear()
            self._go_astray()
            self._come_home(session)

    def _free(self, session: Session, ids: Iterable[str]) -> list[Row]:
        return session.change(claims.RELEASE, {"of": self._tenant, "ids": list(ids), "server": self._server})

    def _go_astray(self) -> None:
        self._held.astray = True
        self._next.forget()

    def _come_home(self, session: Session) -> None:
        """Give back what the database has as claimed here, and nobody here has in hand: a call had failed half-way."""
        if self._held.astray:
            session.undone.append(self._go_astray)
            session.done.append(self._next.forget)
            held = session.rows(claims.HELD, {"of": self._tenant, "server": self._server})
            self._free(session, {row.id for row in held} - self._held.ids)
            self._held.astray = False


def _claimed(session: Session, taken: Sequence[Row]) -> list[DeliveryRecord]:
    """Return what was taken in the order in which it was due, with the attempts that were made before."""
    seqs = [row.seq for row in taken if row.made]
    tried = records.deliveries_of(session.rows(statements.CLAIMED, {"seqs": seqs})) if seqs else []
    found = {delivery.id: delivery for delivery in tried}
    in_order = sorted(taken, key=lambda row: (row.due, row.turn, row.seq))
    return [found.get(unkey(row.id)) or records.delivery_of(row, ()) for row in in_order]
