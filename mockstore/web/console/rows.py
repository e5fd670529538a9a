"""The list of events and deliveries: one row for each, and the filter. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord

UNWANTED: Final = "unwanted"
"""The state of an event that was delivered to no webhook."""
SHOWN: Final = 50
MOST: Final = 1000

WORDS: Final[Mapping[str, str]] = {
    DeliveryState.HELD: "held",
    DeliveryState.PENDING: "pending",
    "retrying": "retrying",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "failed",
    DeliveryState.DISCARDED: "discarded",
    UNWANTED: "nobody subscribed",
}
"""The words for each state; a pending delivery that has failed before is `retrying`."""


class EventWithDeliveries(Struct, frozen=True):
    """An event and its deliveries."""

    event: EventRecord
    deliveries: tuple[DeliveryRecord, ...]


class Filter(Struct, frozen=True):
    """Which rows are shown; an empty text matches every row."""

    type: str = ""
    webhook: str = ""
    state: str = ""
    rows: int = SHOWN

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Parse the filter from the query of a URL; an invalid number of rows becomes the default."""
        rows = query.get("rows", "")
        number = int(rows) if rows.isascii() and rows.isdecimal() and len(rows) <= len(str(MOST)) else SHOWN
        type_, webhook, state = (query.get(name, "") for name in ("type", "webhook", "state"))
        return cls(type_, webhook, state, min(max(number, 1), MOST))

    @property
    def is_active(self) -> bool:
        """Whether the filter hides anything."""
        return bool(self.type or self.webhook or self.state)

    def wants(self, row: "Row") -> bool:
        """Return whether the row is shown."""
        return (
            self.type in ("", row.type)
            and self.webhook in ("", row.webhook_id)
            and self.state in ("", row.state, row.tone)
        )


class Row(Struct, frozen=True):
    """One row: a delivery, or an event without any."""

    type: str
    at: datetime
    event_id: str
    state: str = UNWANTED
    tone: str = UNWANTED
    """The state that is shown: `retrying` is distinguished from `pending`."""
    delivery_id: str = ""
    webhook_id: str = ""
    where: str = ""
    attempts: int = 0
    answer: str = ""
    """The result of the latest attempt; empty without one."""
    due: datetime | None = None
    faults: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The state in words."""
        return WORDS[self.tone]


def rows(events_with_deliveries: Iterable[EventWithDeliveries], urls: Mapping[str, str], wanted: Filter) -> list[Row]:
    """Return the rows that match `wanted`, newest event first; `urls` are those of the webhooks, by id."""
    return list(islice((row for row in _all(events_with_deliveries, urls) if wanted.wants(row)), wanted.rows))


def _all(events_with_deliveries: Iterable[EventWithDeliveries], urls: Mapping[str, str]) -> Iterator[Row]:
    for one in events_with_deliveries:
        plain = Row(one.event.type, one.event.timestamp, one.event.id)
        if not one.deliveries:
            yield plain
        for delivery in one.deliveries:
            yield _row(plain, delivery, urls)


def _row(plain: Row, delivery: DeliveryRecord, urls: Mapping[str, str]) -> Row:
    last = delivery.attempts[-1] if delivery.attempts else None
    where = urls.get(delivery.webhook_id) or (last.sent.url if last else "a deleted webhook")
    return replace(
        plain,
        state=str(delivery.state),
        tone=tone(delivery),
        delivery_id=delivery.id,
        webhook_id=delivery.webhook_id,
        where=where,
        attempts=len(delivery.attempts),
        answer=answer(last) if last else "",
        due=delivery.due if delivery.state is DeliveryState.PENDING else None,
        faults=tuple(fault.name for fault in delivery.faults),
    )


def tone(delivery: DeliveryRecord) -> str:
    """Return the state that is shown."""
    if delivery.state is DeliveryState.PENDING and len(delivery.attempts) > delivery.round_start:
        return "retrying"
    return str(delivery.state)


def answer(attempt: Attempt) -> str:
    """Return the result of an attempt: its status code, or its outcome."""
    return str(attempt.status) if attempt.status is not None else str(attempt.outcome)


def tally(deliveries: Iterable[DeliveryRecord]) -> dict[str, int]:
    """Return the number of deliveries in each state that occurs, in the order of a delivery's life."""
    counts = dict.fromkeys(WORDS, 0)
    for delivery in deliveries:
        counts[tone(delivery)] += 1
    return {str(state): count for state, count in counts.items() if count}
