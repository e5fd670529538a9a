"""The protocol through which handles read: from a Mockstore in this process, or from a server."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from mockstore.collection import Waiter
from mockstore.examined import Examined
from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, Json, WebhookRecord


class Source(Protocol):
    """What handles read from, and where they record what the test has looked at."""

    @property
    def examined(self) -> Examined:
        """Which events and deliveries the test has looked at."""

    @property
    def wait(self) -> Waiter:
        """A function that blocks until a condition is true."""

    def webhook_record(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook's record, or None."""

    def event_record(self, event_id: str) -> EventRecord:
        """Return the event's record; raise `NotFoundError` when there is none."""

    def delivery_record(self, delivery_id: str) -> DeliveryRecord:
        """Return the delivery's record; raise `NotFoundError` when there is none."""

    def delivery_records(
        self, *, webhook_id: str | None = None, event_id: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """Return the deliveries to a webhook, of an event, or all, oldest first."""

    def let_end(self, delivery_id: str) -> None:
        """Wait until the attempt that is due now has been made, by another thread or a server."""

    def check_type(self, wanted: str) -> None:
        """Raise `UnknownEventTypeError` unless `wanted` is an event type or a pattern."""

    def mistakes(self, event: EventRecord) -> Sequence[str]:
        """Return the violations of the schema in the event's body."""

    def process_time(self) -> datetime:
        """Return the time that the consumer's code sees."""


def unacknowledged(record: DeliveryRecord) -> bool:
    """Return whether the delivery has failed, was discarded, or is pending after a failed attempt of its round."""
    if record.state in (DeliveryState.FAILED, DeliveryState.DISCARDED):
        return True
    return record.state is DeliveryState.PENDING and len(record.attempts) > record.round_start


def parsed(body: bytes) -> Json:
    """Return the JSON value of `body`, or None when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
