"""Deletes the deliveries that finished first, occasionally instead of at every call."""

from typing import Any, Final

from sqlalchemy import BindParameter, Select, and_, bindparam, delete, exists, select, update

from mockstore.world.store_sql.connections import Session
from mockstore.world.store_sql.prepared import Among
from mockstore.world.store_sql.records import webhook_of
from mockstore.world.store_sql.tables import attempts, deliveries, events, webhooks

SLACK: Final = 10
"""Up to `keep` // `SLACK` deliveries more than `keep` may remain."""

BATCH: Final = 500
"""How many deliveries one statement deletes."""

_d: Final = deliveries.c
_TENANT: Final[BindParameter[str]] = bindparam("of")

_newest_to_delete: Final = (
    select(_d.ended, _d.seq)
    .where(_d.tenant == _TENANT, _d.ended.is_not(None))
    .order_by(_d.ended.desc(), _d.seq.desc())
    .limit(1)
    .offset(bindparam("keep"))
)
_to_delete: Final = (
    select(_d.seq, _d.id, _d.event_id, _d.webhook_id)
    .where(
        _d.tenant == _TENANT,
        _d.ended.is_not(None),
        (_d.ended < bindparam("ended")) | and_(_d.ended == bindparam("ended"), _d.seq <= bindparam("seq")),
    )
    .order_by(_d.ended, _d.seq)
    .limit(BATCH)
)
_delete_attempts: Final = delete(attempts).where(attempts.c.tenant == _TENANT, Among(attempts.c.delivery_id, "ids"))
_delete_deliveries: Final = delete(deliveries).where(_d.tenant == _TENANT, Among(_d.id, "ids"))
_delete_events: Final = delete(events).where(
    events.c.tenant == _TENANT,
    Among(events.c.id, "ids"),
    ~exists().where(_d.tenant == events.c.tenant, _d.event_id == events.c.id),
)
_without_deliveries: Final = select(webhooks).where(
    webhooks.c.tenant == _TENANT,
    Among(webhooks.c.id, "ids"),
    ~exists().where(_d.tenant == webhooks.c.tenant, _d.webhook_id == webhooks.c.id),
)
_delete_webhooks: Final = delete(webhooks).where(webhooks.c.tenant == _TENANT, Among(webhooks.c.id, "ids"))
_no_longer_lone: Final = (
    update(events)
    .where(
        events.c.tenant == _TENANT,
        events.c.lone.is_(True),
        exists().where(_d.tenant == events.c.tenant, _d.event_id == events.c.id),
    )
    .values(lone=False)
)
_newest_lone_to_delete: Final = (
    select(events.c.seq)
    .where(events.c.tenant == _TENANT, events.c.lone.is_(True))
    .order_by(events.c.seq.desc())
    .limit(1)
    .offset(bindparam("keep"))
)
_delete_lone: Final = delete(events).where(
    events.c.tenant == _TENANT, events.c.lone.is_(True), events.c.seq <= bindparam("seq")
)


class Trimming:
    """Counts the new records, so that most calls need no query."""

    def __init__(self) -> None:
        self._more = 0
        """How many were added since the last trimming."""
        self._kept: int | None = None
        """The maximum that was left then; None when that is not known."""

    def count(self, more: int = 1) -> None:
        """Record that up to `more` records were added."""
        self._more += more

    def is_time(self, keep: int) -> bool:
        """Return whether there may be over a tenth more than `keep`."""
        return self._kept is None or self._kept + self._more > keep + keep // SLACK

    def trim(self, session: Session, tenant: str, keep: int) -> None:
        """Delete all that exceeds `keep`, in the session's transaction."""
        self._more, self._kept = 0, keep
        session.on_failure.append(self._forget_count)
        wanted = {"of": tenant, "keep": keep}
        session.change(_no_longer_lone, {"of": tenant})  # once here is cheaper than with each delivery
        for last in session.rows(_newest_to_delete, wanted):
            while _trim_batch(session, {"of": tenant, "ended": last.ended, "seq": last.seq}):
                pass
        for last in session.rows(_newest_lone_to_delete, wanted):
            session.change(_delete_lone, {"of": tenant, "seq": last.seq})

    def _forget_count(self) -> None:
        self._kept = None


def _trim_batch(session: Session, before: dict[str, Any]) -> bool:
    """Delete a batch of deliveries, and events and webhooks left without any; return whether there was one."""
    query: Select[Any] = _to_delete
    rows = session.rows(query, before)
    if rows:
        ids = [row.id for row in rows]
        session.change(_delete_attempts, {"of": before["of"], "ids": ids})
        session.change(_delete_deliveries, {"of": before["of"], "ids": ids})
        session.change(_delete_events, {"of": before["of"], "ids": list({row.event_id for row in rows})})
        left = session.rows(_without_deliveries, {"of": before["of"], "ids": list({row.webhook_id for row in rows})})
        once = [row.id for row in left if webhook_of(row.id, row.record).is_for_once]
        if once:
            session.change(_delete_webhooks, {"of": before["of"], "ids": once})
    return bool(rows)
