"""What a user holds: live views of webhooks, events and deliveries, with the assertions of a test."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from mockstore.collection import Collection
from mockstore.errors import NotFoundError
from mockstore.looks import Attempts
from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Json,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.reports import no_rejection, report_text
from mockstore.source import Source, parsed, unacknowledged
from mockstore.timeline import delivery_text, nobody_text, timeline_text

if TYPE_CHECKING:
    from mockstore.exporting import Form


class Webhook:
    """A registration: who wants which events, and where."""

    def __init__(self, source: Source, webhook_id: str, seen: WebhookRecord | None = None) -> None:
        """Look the registration up, unless its record was `seen` just now; raise `NotFoundError`."""
        self._source = source
        self.id = webhook_id
        """The registration's id."""
        self._last_seen = self._read() if seen is None else seen

    def _read(self) -> WebhookRecord:
        record = self._source.webhook_record(self.id)
        if record is None:
            raise NotFoundError("webhook", self.id)
        return record

    @property
    def record(self) -> WebhookRecord:
        """The registration as it stands now; as it last stood, once it is deleted."""
        self._last_seen = self._source.webhook_record(self.id) or self._last_seen
        return self._last_seen

    @property
    def url(self) -> str:
        """Where its deliveries go."""
        return self.record.url

    @property
    def secret(self) -> str:
        """The secret that signs, whole."""
        return self.record.secret

    @property
    def events(self) -> tuple[str, ...]:
        """The event types or patterns it subscribes to."""
        return self.record.events

    @property
    def status(self) -> WebhookStatus:
        """`active` or `disabled`."""
        return self.record.status

    @property
    def deliveries(self) -> "Deliveries":
        """Everything that was sent to it, oldest first."""
        return Deliveries.of_source(self._source, webhook_id=self.id)

    def assert_disabled(self) -> None:
        """Raise `AssertionError` unless it is disabled."""
        __tracebackhide__ = True
        self._assert_status(WebhookStatus.DISABLED)

    def assert_active(self) -> None:
        """Raise `AssertionError` unless it is active."""
        __tracebackhide__ = True
        self._assert_status(WebhookStatus.ACTIVE)

    def _assert_status(self, expected: WebhookStatus) -> None:
        __tracebackhide__ = True
        deliveries = list(self.deliveries)
        for delivery in deliveries:
            delivery.look()
        if self.status is not expected:
            raise AssertionError(
                f"webhook {self.id} -> {self.url} is {self.status}, expected {expected}. Its deliveries:\n"
                f"{_timeline(deliveries)}"
            )

    def __repr__(self) -> str:
        return f"<Webhook {self.id} -> {self.url} {self.status}>"


class Event:
    """Something that happened in the shop, and what became of telling it."""

    def __init__(self, source: Source, record: EventRecord) -> None:
        self._source = source
        self.record = record

    @property
    def id(self) -> str:
        """The event's id, the same over all retries."""
        return self.record.id

    @property
    def type(self) -> str:
        """The event type, `pet.adopted` for instance."""
        return self.record.type

    @property
    def timestamp(self) -> datetime:
        """When it happened, in UTC."""
        return self.record.timestamp

    @property
    def body(self) -> bytes:
        """The exact bytes that are sent."""
        return self.record.body

    @property
    def payload(self) -> Json:
        """The whole event as sent; None when the body is not JSON (sent so on purpose)."""
        return parsed(self.record.body)

    @property
    def data(self) -> Json:
        """The event's `data`; None when there is none (sent so on purpose)."""
        payload = self.payload
        return payload.get("data") if isinstance(payload, dict) else None

    @property
    def deliveries(self) -> "Deliveries":
        """One for each webhook that wanted the event."""
        return Deliveries.of_source(self._source, event_id=self.id)

    async def tried(self) -> "Event":
        """Return it once each delivery that is due has been tried, while the running event loop goes on."""
        from asyncio import to_thread  # noqa: PLC0415 - whoever awaits this has loaded it

        for record in self._source.delivery_records(event_id=self.id):
            await to_thread(self._source.let_end, record.id)
        return self

    def told(self) -> list[tuple[DeliveryRecord, EventRecord, WebhookRecord | None]]:
        """Return its deliveries as they stand, each with the event and its webhook, and all of them read once."""
        records = self._source.delivery_records(event_id=self.id)
        webhooks = {id_: self._source.webhook_record(id_) for id_ in {record.webhook_id for record in records}}
        return [(record, self.record, webhooks[record.webhook_id]) for record in records]

    @property
    def delivery(self) -> "Delivery":
        """The only delivery; raise `AssertionError` that lists them when there is none or several."""
        __tracebackhide__ = True
        found = list(self.deliveries)
        self._source.looks.counted(self.id)
        if len(found) != 1:
            raise AssertionError(
                f"{self.type} {self.id} has {len(found)} deliveries, expected exactly one"
                + (f":\n{_timeline(found)}" if found else ": no active webhook subscribes to it")
            )
        return found[0]

    def assert_acknowledged(self) -> None:
        """Raise `AssertionError` unless there is a delivery and every one was acknowledged."""
        __tracebackhide__ = True
        found = list(self.deliveries)
        self._source.looks.counted(self.id)
        if not found:
            raise AssertionError(f"{self.type} {self.id} was delivered to nobody: no active webhook subscribes to it")
        for delivery in found:
            delivery.assert_acknowledged()

    def summary(self) -> str:
        """Return its id and its deliveries."""
        told = self.told()
        return timeline_text(told) if told else nobody_text(self.record)

    def __repr__(self) -> str:
        return f"<Event {self.type} {self.id}>"


class Delivery:
    """One event on its way to one webhook."""

    def __init__(self, source: Source, delivery_id: str) -> None:
        self._source = source
        self.id = delivery_id
        """The delivery's id."""

    @property
    def record(self) -> DeliveryRecord:
        """The delivery as it stands now; reading it does not count as looking."""
        return self._source.delivery_record(self.id)

    def told(self) -> tuple[DeliveryRecord, EventRecord, WebhookRecord | None]:
        """Return the delivery, its event and its webhook (None once it is deleted), each read once."""
        record = self.record
        return record, self._source.event_record(record.event_id), self._source.webhook_record(record.webhook_id)

    @property
    def event(self) -> Event:
        """The event."""
        return Event(self._source, self._source.event_record(self.record.event_id))

    @property
    def webhook(self) -> Webhook:
        """The webhook; raise `NotFoundError` when it was deleted."""
        return Webhook(self._source, self.record.webhook_id)

    @property
    def type(self) -> str:
        """The event's type."""
        return self.event.type

    @property
    def data(self) -> Json:
        """The event's data."""
        return self.event.data

    @property
    def state(self) -> DeliveryState:
        """`held`, `pending`, `delivered`, `failed` or `discarded`."""
        return self.look().state

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt so far. Reading one counts as looking; how many there are does not say how they ended."""
        record = self.record
        return Attempts.seen_by(lambda: self._source.looks.note(record), record.attempts)

    def look(self) -> DeliveryRecord:
        """Settle the delivery as it stands, and return that: a strict test complains only about what comes later."""
        record = self.record
        self._source.looks.note(record)
        return record

    def assert_acknowledged(self) -> None:
        """Raise `AssertionError` with the timeline unless the receiver acknowledged it."""
        __tracebackhide__ = True
        self._source.let_end(self.id)
        if self.state is not DeliveryState.DELIVERED:
            raise AssertionError(f"expected {self.type} to be acknowledged\n{self.report()}")

    def assert_rejected(self, status: int | None = None) -> None:
        """Raise `AssertionError` unless the latest attempt was answered 4xx, or exactly `status`.

        Without `status`, an answer that does not come from the endpoint is no refusal: 404, 405, Django's CSRF page.
        """
        __tracebackhide__ = True
        self._source.let_end(self.id)
        attempts = self.attempts
        why = no_rejection(attempts[-1] if attempts else None, status)
        if why is not None:
            raise AssertionError(f"expected {self.type} to be rejected{why}\n{self.report()}")

    def assert_valid(self) -> None:
        """Raise `AssertionError` with all mistakes unless each request was signed and the body fits its schema."""
        from mockstore.signing import verify  # noqa: PLC0415 - most never need the doctor

        __tracebackhide__ = True
        self._source.let_end(self.id)
        mistakes = list(self._source.mistakes(self.event.record))
        secret = self.webhook.secret
        for attempt in self.attempts:
            request = attempt.request
            verdict = verify(request.body, request.headers, secret)
            if not verdict.ok:
                mistakes.append(f"attempt {attempt.number}: {verdict.message}")
        if mistakes:
            listed = "\n".join(f"  {mistake}" for mistake in mistakes)
            raise AssertionError(f"{self.type} {self.event.id} is not valid:\n{listed}\n{self.report()}")

    def report(self) -> str:
        """Return the timeline and what may explain a refusal."""
        return report_text(*self.told(), process_time=self._source.process_time())

    def export(self, as_: "Form" = "pytest", *, app: str | None = None) -> str:
        """Return a regression test of it: a pytest file, or a `cassette` that `mockstore.replay` signs afresh.

        `app` (`shop.web:app`, or `shop.web:create_app()`) is what the pytest file imports. No secret, signature or
        person's data is in it.
        """
        return _exported([self], as_, app)

    def summary(self) -> str:
        """Return its timeline."""
        return delivery_text(*self.told())

    @property
    def ended_or_tried(self) -> bool:
        """Whether there is something to judge: an attempt, or an end without one."""
        return bool(self.record.attempts) or self.record.state is DeliveryState.DISCARDED

    def __repr__(self) -> str:
        record = self.record
        return f"<Delivery {self.type} {record.id} {record.state} after {len(record.attempts)} attempts>"


class Deliveries(Collection[Delivery]):
    """Deliveries, oldest first."""

    @classmethod
    def of_source(cls, source: Source, *, webhook_id: str | None = None, event_id: str | None = None) -> "Deliveries":
        """Return the live collection of those to a webhook, of an event, or of all."""

        def find() -> list[Delivery]:
            records = source.delivery_records(webhook_id=webhook_id, event_id=event_id)
            return [Delivery(source, record.id) for record in records]

        counted = partial(source.looks.counted, event_id)
        return cls(find, source.wait, noun="delivery", counted=counted, check=source.check_type)

    @property
    def failed(self) -> Sequence[Delivery]:
        """Those with a failed attempt that have not been acknowledged since; each counts as looked at."""
        found = [delivery for delivery in self if unacknowledged(delivery.record)]
        for delivery in found:
            delivery.look()
        return found

    def export(self, as_: "Form" = "pytest", *, app: str | None = None) -> str:
        """Return a regression test of all of them, in one file; see `Delivery.export`."""
        return _exported(self, as_, app)

    if TYPE_CHECKING:  # what is narrowed has the same assertions

        def of(self, event_type: str) -> "Deliveries":
            """Return those of `event_type` (or of a pattern, `order.*`), as a live collection."""

    def _complete(self) -> Sequence[Delivery]:
        return [delivery for delivery in self._find() if delivery.ended_or_tried]


def _exported(deliveries: Iterable[Delivery], as_: "Form", app: str | None) -> str:
    from mockstore.exporting import exported, recorded  # noqa: PLC0415 - most tests export nothing

    return exported([recorded(one.record, one.event.record) for one in deliveries], as_, app=app)


def _timeline(deliveries: Sequence[Delivery]) -> str:
    return timeline_text(one.told() for one in deliveries)
