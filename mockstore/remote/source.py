"""Reads the records of a server for the handles of a `RemoteMockstore`, without caching."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from mockstore.collection import Collection, Waiter
from mockstore.errors import NotFoundError
from mockstore.examined import Examined
from mockstore.handles import Event
from mockstore.model import Attempt, DeliveryRecord, EventRecord, WebhookRecord
from mockstore.provider import Provider
from mockstore.remote.callbacks import Callbacks
from mockstore.remote.wire import Wire
from mockstore.source import parsed
from mockstore.strict import RaisedThereError
from mockstore.timeline import JoinedRecords
from mockstore.web.records import from_json
from mockstore.world.clock import wall_time
from mockstore.world.transports.rules import Deadline

ATTEMPT_WAIT: Final = timedelta(seconds=10)
"""How long an assertion waits for an attempt under way."""
LONGEST_POLL: Final = 10.0
"""How many seconds one request for news waits; then it is repeated."""
_NO_COUNT: Final = -1
"""No count of changes equals this one, so the first request returns at once."""


class RemoteReader:
    """The `Source` of the handles; adds the exceptions that apps of this process raised to their attempts."""

    def __init__(self, wire: Wire, provider: Provider, callbacks: Callbacks, examined: Examined | None = None) -> None:
        self._wire = wire
        self._provider = provider
        self._callbacks = callbacks
        self.examined = examined or Examined()
        """What the test has looked at."""

    @property
    def wait(self) -> Waiter:
        """A function that blocks until a condition is true, checked after each change on the server."""
        return self._wait

    @property
    def raised(self) -> Sequence[BaseException]:
        """The exceptions that were raised in the server's process."""
        return [RaisedThereError(text) for text in self._wire.get("records", "raised")["data"]]

    def webhook_records(self) -> Sequence[WebhookRecord]:
        """Return the registrations, oldest first."""
        return [from_json(WebhookRecord, one) for one in self._wire.get("records", "webhooks")["data"]]

    def webhook_record(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook's record, or None."""
        try:
            return from_json(WebhookRecord, self._wire.get("records", "webhooks", webhook_id))
        except NotFoundError:
            return None

    def event_records(self) -> Sequence[EventRecord]:
        """Return all events, oldest first."""
        return [from_json(EventRecord, one) for one in self._wire.get("records", "events")["data"]]

    def event_record(self, event_id: str) -> EventRecord:
        """Return the event's record; raise `NotFoundError`."""
        return from_json(EventRecord, self._wire.get("records", "events", event_id))

    def delivery_record(self, delivery_id: str) -> DeliveryRecord:
        """Return the delivery's record; raise `NotFoundError`."""
        return self._with_exceptions(from_json(DeliveryRecord, self._wire.get("records", "deliveries", delivery_id)))

    def delivery_records(
        self, *, webhook_id: str | None = None, event_id: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """Return the deliveries to a webhook, of an event, or all."""
        found = self._wire.get("records", "deliveries", webhook=webhook_id, event=event_id)["data"]
        return [self._with_exceptions(from_json(DeliveryRecord, one)) for one in found]

    def events(self) -> Collection[Event]:
        """Return the live collection of all events, oldest first."""

        def find() -> list[Event]:
            return [Event(self, record) for record in self.event_records()]

        return Collection(find, self.wait, noun="event", check=self.check_type)

    def joined_records(self) -> Iterator[JoinedRecords]:
        """Yield each delivery with its event and its webhook, then each event that has no delivery."""
        events = {event.id: event for event in self.event_records()}
        undelivered = dict(events)
        webhooks: dict[str, WebhookRecord | None] = {webhook.id: webhook for webhook in self.webhook_records()}
        for record in self.delivery_records():
            if record.webhook_id not in webhooks:  # a callback's, or deleted
                webhooks[record.webhook_id] = self.webhook_record(record.webhook_id)
            event = events.get(record.event_id) or self.event_record(record.event_id)
            undelivered.pop(event.id, None)
            yield record, event, webhooks[record.webhook_id]
        for event in undelivered.values():
            yield None, event, None

    def let_end(self, delivery_id: str) -> None:
        """Wait until no attempt of the delivery is due, for 10 seconds at most."""
        self.wait(lambda: not self._is_due(delivery_id), ATTEMPT_WAIT.total_seconds())

    def check_type(self, wanted: str) -> None:
        """Raise `UnknownEventTypeError` unless `wanted` is an event type or a pattern."""
        self._provider.catalogue.check_patterns([wanted])

    def mistakes(self, event: EventRecord) -> Sequence[str]:
        """Return the schema violations of the event's body."""
        payload = parsed(event.body)
        if payload is None:
            return ["body: is not JSON"]
        return [str(mistake) for mistake in self._provider.catalogue.mistakes(payload)]

    def process_time(self) -> datetime:
        """Return the system time of this process."""
        return wall_time()

    def now(self) -> datetime:
        """Return the server's time."""
        return datetime.fromisoformat(self._wire.get("settings")["now"])

    def _with_exceptions(self, record: DeliveryRecord) -> DeliveryRecord:
        if not record.attempts:
            return record
        return replace(record, attempts=tuple(map(self._completed, record.attempts)))

    def _completed(self, attempt: Attempt) -> Attempt:
        return self._callbacks.completed(attempt, self._provider)

    def _is_due(self, delivery_id: str) -> bool:
        record = self.delivery_record(delivery_id)
        return record.due is not None and record.due <= self.now()

    def _wait(self, claim: Callable[[], bool], timeout: float | None) -> bool:
        latest, deadline = _NO_COUNT, None if timeout is None else Deadline(timedelta(seconds=timeout))
        while not claim():
            if deadline is not None and deadline.passed():
                return False
            left = LONGEST_POLL if deadline is None else min(deadline.left(), LONGEST_POLL)
            query = {"after": latest, "timeoutSeconds": left}
            latest = self._wire.post("records", "news", **query)["news"]
        return True
