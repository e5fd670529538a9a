"""What a page reads of a Mockstore: its latest deliveries, events and webhooks as records."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.model import DeliveryRecord, EventRecord, WebhookRecord
from mockstore.service import Mockstore
from mockstore.web.console.rows import SHOWN, Told

LATEST: Final = 1000
"""How many of the latest deliveries, and of the latest events, a page reads: however long the history is."""


class Past(Struct, frozen=True):
    """The latest of what there is to tell, each oldest first."""

    events: Sequence[EventRecord]
    deliveries: Sequence[DeliveryRecord]

    @property
    def told(self) -> Iterator[Told]:
        """Each event with its deliveries, the newest first; it ends where deliveries are no longer remembered here."""
        of_event: dict[str, list[DeliveryRecord]] = {}
        for delivery in self.deliveries:
            of_event.setdefault(delivery.event_id, []).append(delivery)
        first = self.deliveries[0].event_id if len(self.deliveries) == LATEST else None
        for event in reversed(self.events):
            yield Told(event, tuple(of_event.get(event.id, ())))
            if event.id == first:
                return


def past(shop: Mockstore) -> Past:
    """Return the latest of all."""
    events = shop.reader.event_records(latest=LATEST)
    return Past(events, shop.reader.delivery_records(latest=LATEST))


def told_to(shop: Mockstore, webhook_id: str) -> Iterator[Told]:
    """Yield the latest events that a webhook was told, each with its delivery, the newest delivery first."""
    for delivery in reversed(shop.reader.delivery_records(webhook_id=webhook_id, latest=SHOWN)):
        try:
            yield Told(shop.reader.event_record(delivery.event_id), (delivery,))
        except NotFoundError:  # forgotten since the list was made
            continue


def webhooks_of(shop: Mockstore) -> list[WebhookRecord]:
    """Return the registrations, oldest first."""
    return shop.webhooks.records


def webhook_of(shop: Mockstore, webhook_id: str) -> WebhookRecord | None:
    """Return the registration, or None when it was deleted."""
    try:
        return shop.webhooks[webhook_id].record
    except NotFoundError:
        return None
