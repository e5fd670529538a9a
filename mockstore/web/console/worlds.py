"""What a page reads of a Mockstore: its latest deliveries, events and webhooks as records."""

from collections.abc import Iterator
from typing import Final

from mockstore.errors import NotFoundError
from mockstore.model import DeliveryRecord, WebhookRecord
from mockstore.service import Mockstore
from mockstore.web.console.rows import Told

LATEST: Final = 1000
"""How many of the latest deliveries the picture and the counts speak of."""


def latest_deliveries(shop: Mockstore) -> list[DeliveryRecord]:
    """Return the latest deliveries, oldest first."""
    found = []
    for delivery in shop.deliveries[-LATEST:]:
        try:
            found.append(delivery.record)
        except NotFoundError:  # forgotten since the list was made
            continue
    return found


def told_events(shop: Mockstore) -> Iterator[Told]:
    """Yield each event with its deliveries, the newest first."""
    for event in reversed(shop.events[:]):
        try:
            yield Told(event.record, tuple(delivery.record for delivery in event.deliveries))
        except NotFoundError:
            continue


def webhooks_of(shop: Mockstore) -> list[WebhookRecord]:
    """Return the registrations, oldest first."""
    return [webhook.record for webhook in shop.webhooks]


def webhook_of(shop: Mockstore, webhook_id: str) -> WebhookRecord | None:
    """Return the registration, or None when it was deleted."""
    try:
        return shop.webhooks[webhook_id].record
    except NotFoundError:
        return None
