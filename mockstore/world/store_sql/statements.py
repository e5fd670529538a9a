"""The SQL statements of a store; each is built and compiled once."""

from collections.abc import Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Select,
    Table,
    bindparam,
    case,
    delete,
    false,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from mockstore.model import DeliveryState
from mockstore.world.store_sql.prepared import Among
from mockstore.world.store_sql.tables import OF_TENANTS, attempts, deliveries, events, resources, webhooks

TENANT: Final[BindParameter[str]] = bindparam("of")


def by_id(table: Table) -> Select[Any]:
    """Return the query for the row with an id."""
    return select(table).where(table.c.tenant == TENANT, table.c.id == bindparam("id"))


def _all(table: Table) -> Select[Any]:
    return select(table).where(table.c.tenant == TENANT).order_by(table.c.seq)


def _latest_of(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row is one of the `latest` newest; SQLite finds them by an index alone."""
    places = select(table.c.seq).where(*conditions)
    return table.c.seq.in_(places.order_by(table.c.seq.desc()).limit(bindparam("latest")))


def _part_of(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row is one of `limit` from position `first` on."""
    places = select(table.c.seq).where(*conditions)
    return table.c.seq.in_(places.order_by(table.c.seq).limit(bindparam("limit")).offset(bindparam("first")))


WEBHOOK: Final = by_id(webhooks)
WEBHOOKS: Final = _all(webhooks)
EVENT: Final = by_id(events)
EVENTS: Final = _all(events)
_ALL_EVENTS: Final = (events.c.tenant == TENANT,)
_OF_TYPE: Final = (*_ALL_EVENTS, events.c.type == bindparam("event_type"))
LATEST_EVENTS: Final = EVENTS.where(_latest_of(events, *_ALL_EVENTS))
PART_OF_EVENTS: Final = EVENTS.where(_part_of(events, *_ALL_EVENTS))
PART_OF_TYPE: Final = EVENTS.where(_part_of(events, *_OF_TYPE))
COUNT_EVENTS: Final = select(func.count()).where(*_ALL_EVENTS)
COUNT_OF_TYPE: Final = select(func.count()).where(*_OF_TYPE)
RESOURCE: Final = by_id(resources).where(resources.c.kind == bindparam("kind"))
RESOURCES: Final = _all(resources).where(resources.c.kind == bindparam("kind"))

CLEAR: Final = [delete(table).where(table.c.tenant == TENANT) for table in OF_TENANTS]

REMOVE_WEBHOOK: Final = delete(webhooks).where(webhooks.c.tenant == TENANT, webhooks.c.id == bindparam("id"))
MADE: Final = select(deliveries.c.made).where(deliveries.c.tenant == TENANT, deliveries.c.id == bindparam("id"))
ATTEMPT: Final = select(*(column for column in attempts.c if column.name not in ("tenant", "delivery_id"))).where(
    attempts.c.tenant == TENANT, attempts.c.delivery_id == bindparam("id"), attempts.c.number == bindparam("number")
)


def with_attempts(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for deliveries that meet the conditions: a row for each attempt, or one when there is none.

    It is one statement, so that a delivery and its attempts are consistent.
    """
    both = deliveries.outerjoin(
        attempts, (attempts.c.tenant == deliveries.c.tenant) & (attempts.c.delivery_id == deliveries.c.id)
    )
    found = attempts.c.number, attempts.c.record.label("attempt_record"), attempts.c.request_body, attempts.c.reply_body
    return select(deliveries, *found).select_from(both).where(*conditions).order_by(deliveries.c.seq, attempts.c.number)


_OF_TENANT: Final = deliveries.c.tenant == TENANT

DELIVERY: Final = with_attempts(_OF_TENANT, deliveries.c.id == bindparam("id"))
WITH_WEBHOOK_AND_EVENT: Final = (
    DELIVERY.add_columns(
        webhooks.c.record.label("webhook_record"),
        events.c.type.label("event_type"),
        events.c.record.label("event_record"),
        events.c.body.label("event_body"),
    )
    .outerjoin(webhooks, (webhooks.c.tenant == deliveries.c.tenant) & (webhooks.c.id == deliveries.c.webhook_id))
    .outerjoin(events, (events.c.tenant == deliveries.c.tenant) & (events.c.id == deliveries.c.event_id))
)
"""A delivery with its webhook and its event, which its next attempt needs."""

CLAIMED: Final = with_attempts(Among(deliveries.c.seq, "seqs"))


_NAMED: Final = MappingProxyType(
    {
        "webhook_id": deliveries.c.webhook_id == bindparam("webhook_id"),
        "event_id": deliveries.c.event_id == bindparam("event_id"),
        "event_type": deliveries.c.event_id.in_(select(events.c.id).where(*_OF_TYPE)),
        "since": deliveries.c.created_at >= bindparam("since"),
    }
)
"""The SQL condition for each member of `Sought` but `states`."""


_ENDED: Final[dict[str, Any]] = {
    "state": bindparam("state"),
    "reason": bindparam("reason"),
    "due": None,
    "ended": func.coalesce(deliveries.c.ended, bindparam("ended")),
}
"""The new values of deliveries that are ended together; those that had ended before keep their `ended`."""


_ROUND: Final[dict[str, Any]] = {
    "state": literal_column(f"'{DeliveryState.PENDING}'"),
    "reason": None,
    "due": bindparam("due"),
    "turn": case((deliveries.c.due.is_not_distinct_from(bindparam("due")), deliveries.c.turn), else_=bindparam("turn")),
    "round_start": deliveries.c.made,
    "ended": None,
}
"""The new values of deliveries for which a new round is begun together."""


class Deliveries:
    """The statements for the deliveries of a tenant that are in one of `states` and meet the conditions of `names`."""

    def __init__(self, names: frozenset[str], states: frozenset[DeliveryState] | None) -> None:
        conditions = [_OF_TENANT, *(condition for name, condition in _NAMED.items() if name in names)]
        if states is not None:  # literals: parameters would prevent the use of the index of pending ones
            is_in = (deliveries.c.state == literal_column(f"'{state}'") for state in sorted(states))
            conditions.append(or_(false(), *is_in))
        self.all = with_attempts(*conditions)
        self.latest = with_attempts(_latest_of(deliveries, *conditions))
        self.part = with_attempts(_part_of(deliveries, *conditions))
        self.count = select(func.count()).where(*conditions)
        self.end = update(deliveries).where(*conditions).values(_ENDED)
        self.restart = update(deliveries).where(*conditions).values(_ROUND).returning(deliveries.c.id, deliveries.c.seq)

    @staticmethod
    @cache
    def of(names: frozenset[str], states: frozenset[DeliveryState] | None) -> "Deliveries":
        """Return the cached object for these arguments, so that its statements are compiled once."""
        return Deliveries(names, states)


class Upserts:
    """Statements that add or replace a row; the SQL is the same, but SQLAlchemy has a class for each database."""

    def __init__(self, *, shared: bool) -> None:
        self._insert: Any = postgresql.insert if shared else sqlite.insert
        self.webhook = self._replacing(webhooks, "tenant", "id")
        self.event = self._replacing(events, "tenant", "id", keep=("lone",))
        self.resource = self._replacing(resources, "tenant", "kind", "id")
        added = self._insert(attempts).values({column.name: bindparam(column.name) for column in attempts.c})
        self.attempt: Executable = added.on_conflict_do_nothing().returning(attempts.c.number)
        self.new_delivery, self.delivery = self._deliveries()

    def _replacing(self, table: Table, *unique: str, keep: Sequence[str] = ()) -> Executable:
        names = [column.name for column in table.c if column.name != "seq"]
        added = self._insert(table).inline().values({name: bindparam(name) for name in names})
        changed = {name: added.excluded[name] for name in names if name not in (*unique, *keep)}
        result: Executable = added.on_conflict_do_update(index_elements=unique, set_=changed)
        return result

    def _deliveries(self) -> tuple[Executable, Executable]:
        """Return two statements: one adds a delivery, and returns a row if it was new; the other adds or replaces."""
        names = [column.name for column in deliveries.c if column.name not in ("seq", "claimed_by")]
        added = self._insert(deliveries).inline().values({name: bindparam(name) for name in names})
        changed = {name: added.excluded[name] for name in names if name not in ("tenant", "id", "ended")}
        is_same = deliveries.c.due.is_not_distinct_from(added.excluded.due)
        changed["turn"] = case((is_same, deliveries.c.turn), else_=added.excluded.turn)
        first_end = case((deliveries.c.ended.is_(None), added.excluded.ended), else_=deliveries.c.ended)
        changed["ended"] = case((added.excluded.ended.is_(None), None), else_=first_end)
        new: Executable = added.on_conflict_do_nothing().returning(deliveries.c.seq)
        return new, added.on_conflict_do_update(index_elements=("tenant", "id"), set_=changed)
