"""Reads some of the entries of an ordered table. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Reversible
from itertools import islice
from typing import TypeVar

from mockstore.model import DeliveryRecord, EventRecord
from mockstore.world.seams import Sought

T = TypeVar("T")


def backwards(kept: Reversible[T], latest: int | None) -> Iterable[T]:
    """Return what is `kept`, the latest first where only some of the latest are wanted."""
    return kept if latest is None else reversed(kept)


def forwards(found: Iterable[T], latest: int | None) -> list[T]:
    """Return all, or the latest, oldest first, of what `backwards` went through."""
    return list(found) if latest is None else list(islice(found, latest))[::-1]


def part_of(found: Iterable[T], first: int, limit: int) -> list[T]:
    """Return at most `limit` of them, from position `first` on."""
    return list(islice(found, first, first + limit))


def sought_among(
    deliveries: Iterable[DeliveryRecord], sought: Sought, events: Mapping[str, EventRecord]
) -> Iterator[DeliveryRecord]:
    """Yield the deliveries that are sought, whatever event they are of; `events` are those of all, by id."""
    webhook_id, event_type, states = sought.get("webhook_id"), sought.get("event_type"), sought.get("states")
    since = sought.get("since")
    for delivery in deliveries:
        if states is not None and delivery.state not in states:
            continue
        if webhook_id is not None and delivery.webhook_id != webhook_id:
            continue
        if since is not None and delivery.created_at < since:
            continue
        if event_type is None or is_of_type(events.get(delivery.event_id), event_type):
            yield delivery


def is_of_type(event: EventRecord | None, event_type: str | None) -> bool:
    """Tell whether the event is there and of this type; None is any."""
    return event is not None and event_type in (None, event.type)
