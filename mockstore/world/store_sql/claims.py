"""Who holds which delivery. A claim names its server; that of a server which no longer lives is free again.

PostgreSQL is shared by servers: each says about every second that it lives (`beat`), by the database's own time. A
SQLite file belongs to one server at a time, so whatever is claimed when it is opened is free.
"""

from collections.abc import Iterable
from datetime import timedelta
from threading import Lock
from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, func, literal_column, select, update

from mockstore.world.store_sql.prepared import Among
from mockstore.world.store_sql.tables import deliveries, servers

BEAT: Final = timedelta(seconds=1)
"""How often a server says that it lives."""

LOST: Final = timedelta(seconds=10)
"""How long a server may be silent before its claims are free."""

_d: Final = deliveries.c


def _claimable(table: FromClause) -> ColumnElement[bool]:
    """Return what holds for a delivery that waits to be claimed, now or later; `apart` are ids to leave alone."""
    return and_(
        table.c.tenant == bindparam("of"),
        table.c.state == literal_column("'pending'"),  # as the index has it: with a parameter it would not be used
        table.c.due.is_not(None),
        table.c.claimed_by.is_(None),
        Among(table.c.id, "apart", negated=True),
    )


_earliest: Final = (
    select(_d.seq)
    .where(_claimable(deliveries), _d.due <= bindparam("now"))
    .order_by(_d.due, _d.turn, _d.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)  # servers pass over each other's rows; SQLite has no need for it
    .cte("earliest")
)

_others: Final = deliveries.alias("others")
_later: Final = (
    select(_others.c.due)
    .where(_claimable(_others), _others.c.due > bindparam("now"))
    .order_by(_others.c.due)
    .limit(1)
    .scalar_subquery()
)

CLAIM: Final = (
    update(deliveries)
    .where(_d.seq.in_(select(_earliest.c.seq)))
    .values(claimed_by=bindparam("server"))
    .returning(*_d, _later.label("later"))
)
"""Takes what is due, and returns it, with the moment at which what is due later is due first.

A query of its own finds what is due, once, before anything is changed.
"""

NEXT_DUE: Final = select(_d.due).where(_claimable(deliveries)).order_by(_d.due).limit(1)

HELD: Final = select(_d.id).where(_d.tenant == bindparam("of"), _d.claimed_by == bindparam("server"))

HOLDER: Final = select(_d.claimed_by).where(_d.tenant == bindparam("of"), _d.id == bindparam("id"))

RELEASE: Final = (
    update(deliveries)
    .where(
        _d.tenant == bindparam("of"),
        Among(_d.id, "ids"),
        _d.claimed_by == bindparam("server"),
    )
    .values(claimed_by=None)
    .returning(_d.state, _d.due)
)

FREE: Final = update(deliveries).where(Among(_d.claimed_by, "gone")).values(claimed_by=None)

FREE_ALL: Final = update(deliveries).where(_d.claimed_by.is_not(None)).values(claimed_by=None)

_alive: Final = select(servers.c.number).where(servers.c.beat_at > func.clock_timestamp() - LOST)

GONE: Final = select(_d.claimed_by).where(_d.claimed_by.is_not(None), _d.claimed_by.not_in(_alive)).distinct()
"""Servers that hold claims and do not live. Their claims are freed by number, in a second step: a claim that a new
server makes in between has another number."""

BEAT_NOW: Final = update(servers).where(servers.c.number == bindparam("server")).values(beat_at=func.clock_timestamp())

END: Final = update(servers).where(servers.c.number == bindparam("server")).values(beat_at=None)


class Held:
    """What this process has claimed of one tenant, so that no two of its own threads get the same delivery.

    Safe for threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.ids: set[str] = set()
        self.apart: set[str] = set()
        """Claims that were taken for lost while a thread of this process still has the delivery in hand."""
        self.astray = False
        """Whether the database may hold claims of which nobody here knows: a call failed half-way."""

    def has(self, id_: str) -> bool:
        """Tell whether a thread of this process has it in hand, by a claim that nobody took for lost."""
        return id_ in self.ids and id_ not in self.apart

    def take(self, ids: Iterable[str]) -> set[str]:
        """Note claims; return those that a thread of this process has in hand already, which it must not get."""
        taken = set(ids)
        with self._lock:
            again = taken & self.ids
            self.apart |= again
            self.ids |= taken
        return again

    def give_back(self, id_: str) -> None:
        """Note that no thread has it in hand any more."""
        with self._lock:
            self.ids.discard(id_)
            self.apart.discard(id_)

    def clear(self) -> None:
        """Note that there is nothing to hold."""
        with self._lock:
            self.ids.clear()
            self.apart.clear()
