"""The tables. Every row belongs to one tenant; `seq` is the order of insertion, which is the meaning of «oldest first».

What queries search by has columns; the rest of a record is a JSON text in `record`, and bytes are stored as bytes.
Moments and durations are whole microseconds, so nothing is rounded.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

VERSION: Final = 4
"""The version of the tables below; a database with another version is refused."""

metadata: Final = MetaData()


def _seq() -> Column[Any]:
    return Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


about: Final = Table(
    "mockstore",
    metadata,
    Column("version", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
)

servers: Final = Table(
    "servers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("beat_at", DateTime(timezone=True)),  # by the database's own time; NULL once the server is gone
    sqlite_autoincrement=True,  # a number is never used again
)

clocks: Final = Table(
    "clocks",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("ahead", BigInteger, nullable=False),
    Column("frozen_at", BigInteger),
)

webhooks: Final = Table(
    "webhooks",
    metadata,
    _seq(),
    _text("tenant"),
    _text("id"),
    _text("record"),
    UniqueConstraint("tenant", "id"),
)

events: Final = Table(
    "events",
    metadata,
    _seq(),
    _text("tenant"),
    _text("id"),
    _text("type"),
    _text("record"),
    Column("body", LargeBinary, nullable=False),
    Column("lone", Boolean, nullable=False),  # had no delivery at the last trimming
    UniqueConstraint("tenant", "id"),
    Index("events_in_order", "tenant", "seq"),
)
Index(
    "lone_events",
    events.c.tenant,
    events.c.seq,
    sqlite_where=events.c.lone.is_(True),
    postgresql_where=events.c.lone.is_(True),
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    _seq(),
    _text("tenant"),
    _text("id"),
    _text("event_id"),
    _text("webhook_id"),
    Column("created_at", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("turn", BigInteger, nullable=False),  # when `due` was set: with `seq`, the order of those due together
    _text("state"),
    Column("round_start", Integer, nullable=False),
    Column("made", Integer, nullable=False),  # how many attempts are recorded
    Column("reason", Text),
    Column("faults", Text),
    Column("ended", BigInteger),  # when it was finished: the order in which finished ones are deleted
    Column("claimed_by", Integer),  # the number of the server that holds it
    UniqueConstraint("tenant", "id"),
    Index("deliveries_in_order", "tenant", "seq"),
    Index("deliveries_of_event", "tenant", "event_id", "seq"),
    Index("deliveries_of_webhook", "tenant", "webhook_id", "seq"),
)
_PENDING = deliveries.c.state == "pending"
Index(
    "queue",
    deliveries.c.tenant,
    deliveries.c.due,
    deliveries.c.turn,
    deliveries.c.seq,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
_ENDED = deliveries.c.ended.is_not(None)
Index(
    "finished",
    deliveries.c.tenant,
    deliveries.c.ended,
    deliveries.c.seq,
    sqlite_where=_ENDED,
    postgresql_where=_ENDED,
)
_CLAIMED = deliveries.c.claimed_by.is_not(None)
Index("claimed", deliveries.c.claimed_by, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)

attempts: Final = Table(
    "attempts",
    metadata,
    _text("tenant"),
    _text("delivery_id"),
    Column("number", Integer, nullable=False),
    _text("record"),
    Column("request_body", LargeBinary, nullable=False),
    Column("reply_body", LargeBinary),
    PrimaryKeyConstraint("tenant", "delivery_id", "number"),  # each attempt is recorded once
)

resources: Final = Table(
    "resources",
    metadata,
    _seq(),
    _text("tenant"),
    _text("kind"),
    _text("id"),
    _text("document"),
    _text("hidden"),
    Column("removed", Boolean, nullable=False),
    UniqueConstraint("tenant", "kind", "id"),
    Index("resources_of_kind", "tenant", "kind", "seq"),
)

OF_TENANTS: Final = (webhooks, events, deliveries, attempts, resources)
"""The tables with the records of the tenants' stores."""
