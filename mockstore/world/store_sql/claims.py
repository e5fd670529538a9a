"""The claims: which server process is working on which delivery. Claims of a server that has stopped are freed.

Servers can share a PostgreSQL: each records a heartbeat about every second, in the database's time. A SQLite file
belongs to one server at a time, so all claims are freed when it is opened.
"""

from collections.abc import Iterable
from datetime import timedelta
from threading import Lock
from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, func, literal_column, select, update

from mockstore.world.store_sql.prepared import Among
from mockstore.world.store_sql.tables import deliveries, servers

BEAT: Final = timedelta(seconds=1)
"""The interval between a server's heartbeats."""

LOST: Final = timedelta(seconds=10)
"""How long after its last heartbeat the claims of a server are freed."""

_d: Final = deliveries.c


def _claimable(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a delivery can be claimed, now or when due, and is not one of the list `excluded`."""
    return and_(
        table.c.tenant == bindparam("of"),
        table.c.state == literal_column("'pending'"),  # a parameter would prevent the use of the index
        table.c.due.is_not(None),
        table.c.claimed_by.is_(None),
        Among(table.c.id, "excluded", negated=True),
    )


_earliest: Final = (
    select(_d.seq)
    .where(_claimable(deliveries), _d.due <= bindparam("now"))
    .order_by(_d.due, _d.turn, _d.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)  # servers skip each other's locked rows; SQLite ignores it
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
"""Claims the deliveries that are due and returns them; the column `later` has the next due time after now.

A CTE finds them, so that this is done once, before any row is changed.
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
"""The numbers of servers that have claims but no recent heartbeat. A second statement frees their claims by number, so
that it does not touch claims that another server makes in between."""

BEAT_NOW: Final = update(servers).where(servers.c.number == bindparam("server")).values(beat_at=func.clock_timestamp())

END: Final = update(servers).where(servers.c.number == bindparam("server")).values(beat_at=None)


class Held:
    """The deliveries of one tenant that threads of this process work on, so that no two threads get the same one.

    Safe for threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.ids: set[str] = set()
        self.excluded: set[str] = set()
        """Deliveries that a thread still works on although the claim was freed as lost; not to be claimed again."""
        self.uncertain = False
        """Whether the database may contain claims of this process that are not in `ids`, since a call has failed."""

    def has(self, id_: str) -> bool:
        """Return whether a thread of this process works on it, with a claim that was not freed as lost."""
        return id_ in self.ids and id_ not in self.excluded

    def add(self, ids: Iterable[str]) -> set[str]:
        """Add claims; return those of deliveries that a thread of this process works on already."""
        taken = set(ids)
        with self._lock:
            again = taken & self.ids
            self.excluded |= again
            self.ids |= taken
        return again

    def remove(self, id_: str) -> None:
        """Remove the claim: no thread works on the delivery any more."""
        with self._lock:
            self.ids.discard(id_)
            self.excluded.discard(id_)

    def clear(self) -> None:
        """Remove all claims."""
        with self._lock:
            self.ids.clear()
            self.excluded.clear()
