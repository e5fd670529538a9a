"""Filters and slices the records of an ordered table. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Reversible
from itertools import islice
from typing import TypeVar

from mockstore.model import DeliveryRecord, EventRecord
from mockstore.world.seams import Sought

T = TypeVar("T")


def backwards(kept: Reversible[T], latest: int | None) -> Iterable[T]:
    """Return `kept`, reversed if only the `latest` newest are wanted."""
    return kept if latest is None else reversed(kept)


def forwards(found: Iterable[T], latest: int | None) -> list[T]:
    """Return all of `found`, or the `latest` newest, oldest first; `found` is in the order of `backwards`."""
    return list(found) if latest is None else list(islice(found, latest))[::-1]


def part_of(found: Iterable[T], first: int, limit: int) -> list[T]:
    """Return at most `limit` of `found`, from position `first` on."""
    return list(islice(found, first, first + limit))


def sought_among(
    deliveries: Iterable[DeliveryRecord], sought: Sought, events: Mapping[str, EventRecord]
) -> Iterator[DeliveryRecord]:
    """Yield the deliveries that match `sought`, without regard to `event_id`; `events` has their events by id."""
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
    """Return whether the event exists and has this type; None means any type."""
    return event is not None and event_type in (None, event.type)
