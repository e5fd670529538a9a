"""What pages read from a Mockstore: its latest deliveries, events and webhooks as records."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.model import DeliveryRecord, EventRecord, WebhookRecord
from mockstore.service import Mockstore
from mockstore.web.console.rows import SHOWN, EventWithDeliveries

LATEST: Final = 1000
"""How many of the latest deliveries, and of the latest events, a page reads at most."""


class LatestRecords(Struct, frozen=True):
    """The latest deliveries and events, each oldest first."""

    events: Sequence[EventRecord]
    deliveries: Sequence[DeliveryRecord]

    @property
    def events_with_deliveries(self) -> Iterator[EventWithDeliveries]:
        """Yield each event with its deliveries, newest first, as far back as all deliveries of an event are known."""
        of_event: dict[str, list[DeliveryRecord]] = {}
        for delivery in self.deliveries:
            of_event.setdefault(delivery.event_id, []).append(delivery)
        first = self.deliveries[0].event_id if len(self.deliveries) == LATEST else None
        for event in reversed(self.events):
            yield EventWithDeliveries(event, tuple(of_event.get(event.id, ())))
            if event.id == first:
                return


def latest_records(shop: Mockstore) -> LatestRecords:
    """Return the latest deliveries and events."""
    events = shop.reader.event_records(latest=LATEST)
    return LatestRecords(events, shop.reader.delivery_records(latest=LATEST))


def events_delivered_to(shop: Mockstore, webhook_id: str) -> Iterator[EventWithDeliveries]:
    """Yield the latest events that were delivered to a webhook, each with its delivery, newest delivery first."""
    for delivery in reversed(shop.reader.delivery_records(webhook_id=webhook_id, latest=SHOWN)):
        try:
            yield EventWithDeliveries(shop.reader.event_record(delivery.event_id), (delivery,))
        except NotFoundError:  # deleted since the list was made
            continue


def webhooks_of(shop: Mockstore) -> list[WebhookRecord]:
    """Return the webhooks, oldest first."""
    return shop.webhooks.records


def webhook_of(shop: Mockstore, webhook_id: str) -> WebhookRecord | None:
    """Return the webhook; None when it was deleted."""
    try:
        return shop.webhooks[webhook_id].record
    except NotFoundError:
        return None
