"""Reads records for the handles, and records what the test has looked at."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Unpack

from mockstore.collection import Collection, Waiter
from mockstore.errors import NotFoundError
from mockstore.examined import Examined
from mockstore.handles import Event
from mockstore.model import DeliveryRecord, EventRecord, WebhookRecord
from mockstore.news import News
from mockstore.parts import Parts
from mockstore.source import parsed
from mockstore.timeline import JoinedRecords
from mockstore.world.clock import wall_time
from mockstore.world.seams import Sought

PATIENCE = timedelta(seconds=10)
"""How long an assertion waits for an attempt in progress."""


class Reader:
    """The `Source` of the handles that reads from the store of one Mockstore."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.examined = Examined(limit=parts.options.history)
        """Which events and deliveries the test has looked at."""

    @property
    def wait(self) -> Waiter:
        """A function that blocks until a condition is true; it is checked whenever something was recorded."""
        return self._parts.news.wait_for

    @property
    def news(self) -> News:
        """Wakes threads that wait for a change."""
        return self._parts.news

    @property
    def raised(self) -> Sequence[BaseException]:
        """The exceptions that have not been looked at yet."""
        return tuple(self._parts.pump.raised)

    @property
    def holding(self) -> bool:
        """Whether new deliveries are held."""
        return self._parts.engine.hold.is_on

    def webhook_record(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook's record, or None."""
        return self._parts.store.webhook(webhook_id)

    def webhook_records(self) -> Sequence[WebhookRecord]:
        """Return the webhooks, oldest first."""
        return self._parts.store.webhooks()

    def must_know(self, webhook_id: str) -> None:
        """Raise `NotFoundError` unless there is such a webhook."""
        if self.webhook_record(webhook_id) is None:
            raise NotFoundError("webhook", webhook_id)

    def event_record(self, event_id: str) -> EventRecord:
        """Return the event's record; raise `NotFoundError` when there is none."""
        record = self._parts.store.event(event_id)
        if record is None:
            raise NotFoundError("event", event_id)
        return record

    def event_records(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all events, or the `latest` newest ones, oldest first."""
        return self._parts.store.events(latest=latest)

    def event_page(self, first: int, limit: int, *, event_type: str | None = None) -> tuple[Sequence[EventRecord], int]:
        """Return at most `limit` events, of all types or of one, from position `first` on, and the total number."""
        store = self._parts.store
        return store.events_from(first, limit, event_type=event_type), store.count_events(event_type=event_type)

    def delivery_record(self, delivery_id: str) -> DeliveryRecord:
        """Return the delivery's record; raise `NotFoundError` when there is none."""
        record = self._parts.store.delivery(delivery_id)
        if record is None:
            raise NotFoundError("delivery", delivery_id)
        return record

    def delivery_records(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return the deliveries that match, or the `latest` newest ones of them, oldest first."""
        return self._parts.store.deliveries(latest=latest, **sought)

    def delivery_page(self, first: int, limit: int, **sought: Unpack[Sought]) -> tuple[Sequence[DeliveryRecord], int]:
        """Return at most `limit` of the deliveries that match, from position `first` on, and the total number."""
        return self._parts.store.deliveries_from(first, limit, **sought), self._parts.store.count(**sought)

    def count(self, **sought: Unpack[Sought]) -> int:
        """Return how many deliveries match."""
        return self._parts.store.count(**sought)

    def count_events(self) -> int:
        """Return how many events there are."""
        return self._parts.store.count_events()

    def events(self) -> Collection[Event]:
        """Return the collection of all events, oldest first; it reads the store each time."""

        def find() -> list[Event]:
            return [Event(self, record) for record in self.event_records()]

        return Collection(find, self.wait, noun="event", check=self.check_type)

    def joined_records(self) -> Iterator[JoinedRecords]:
        """Yield each delivery with its event and its webhook, then each event that has no delivery."""
        alone = {event.id: event for event in self.event_records()}
        for record in self.delivery_records():
            alone.pop(record.event_id, None)
            yield record, self.event_record(record.event_id), self.webhook_record(record.webhook_id)
        for event in alone.values():
            yield None, event, None

    def emitted(self, record: EventRecord, *, with_fault: bool) -> Event:
        """Record that the test emitted this event, and return its handle."""
        self.examined.emitted(record.id, with_fault=with_fault)
        return Event(self, record)

    def came_out(self) -> BaseException:
        """Return the first exception in `raised`, clear `raised`, and record its delivery as looked at."""
        error = self._parts.pump.raised[0]
        self._parts.pump.raised.clear()
        for record in self._parts.store.deliveries():
            if any(attempt.exception is error for attempt in record.attempts):
                self.examined.note(record)
        return error

    def let_end(self, delivery_id: str) -> None:
        """Wait up to `PATIENCE` until the attempt that is due now has been made on another thread."""
        self.wait(lambda: not self._is_due(delivery_id), PATIENCE.total_seconds())

    def check_type(self, wanted: str) -> None:
        """Raise `UnknownEventTypeError` unless `wanted` is an event type or a pattern."""
        self._parts.provider.catalogue.check_patterns([wanted])

    def mistakes(self, event: EventRecord) -> Sequence[str]:
        """Return the violations of the schema in the event's body."""
        payload = parsed(event.body)
        if payload is None:
            return ["body: is not JSON"]
        return [str(mistake) for mistake in self._parts.provider.catalogue.mistakes(payload)]

    def process_time(self) -> datetime:
        """Return the time that the consumer's code sees."""
        return wall_time()

    def _is_due(self, delivery_id: str) -> bool:
        record = self.delivery_record(delivery_id)
        return record.due is not None and record.due <= self._parts.clock.now()
