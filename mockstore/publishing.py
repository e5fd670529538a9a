"""From what a caller asks to a recorded event with its deliveries. Nothing is sent here."""

from collections.abc import Mapping
from datetime import datetime

from mockstore.errors import InvalidPayloadError
from mockstore.events import encode, rfc3339, uuid7
from mockstore.model import EventRecord, Json, Payload, WebhookRecord, WebhookStatus
from mockstore.parts import Parts
from mockstore.source import parsed


class Publisher:
    """Makes events of one Mockstore, and puts a delivery for each webhook that wants them into the outbox."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def make(
        self,
        event_type: str,
        overrides: Mapping[str, Json] | None = None,
        *,
        body: bytes | str | None = None,
        content_type: str = "application/json",
        invalid: bool = False,
    ) -> EventRecord:
        """Return a new event of the factory's making, or with the `body` that is given.

        Raises `InvalidPayloadError` for what breaks the schema, unless it is `invalid` on purpose.
        """
        now = self._parts.clock.now()
        if body is None:
            event = self._parts.factory.make(
                event_type, now=now, dice=self._parts.chance.dice, overrides=overrides, invalid=invalid
            )
            its_id, content = event.get("id"), encode(event)
        else:
            content = body.encode() if isinstance(body, str) else body
            its_id = self._checked_id(event_type, content, invalid=invalid)
        if not isinstance(its_id, str):
            its_id = uuid7(now, self._parts.chance.dice)
        return EventRecord(
            its_id, event_type, now, content, content_type, declared_invalid=invalid, checked=not invalid
        )

    def announce(self, event_type: str, data: Payload) -> None:
        """Publish a change of the shop, with its own values as `data`; the caller runs what is due afterwards."""
        now = self._parts.clock.now()
        its_id = uuid7(now, self._parts.chance.dice)
        event = {"id": its_id, "eventType": event_type, "timestamp": rfc3339(now), "data": data}
        self.publish(EventRecord(its_id, event_type, now, encode(event)))

    def call_back(self, url: str, document: Payload, *, name: str) -> EventRecord:
        """Publish an unsigned answer to one URL, retried like a delivery (contract 2, `POST /orders/{id}`)."""
        now = self._parts.clock.now()
        record = EventRecord(self._new_id(now), name, now, encode(document), declared_invalid=True)
        once = WebhookRecord(self._new_id(now), url, (), "", now, now, signatures=())
        with self._parts.store.transaction():
            self._parts.store.save_webhook(once)
            self.publish(record, once)
        return record

    def publish(self, record: EventRecord, to: WebhookRecord | None = None) -> None:
        """Record the event with its deliveries: to every active webhook that subscribes to it, or to one alone."""
        self._parts.engine.publish(record, [to] if to is not None else self._subscribers(record.type))

    def _subscribers(self, event_type: str) -> list[WebhookRecord]:
        matches = self._parts.provider.catalogue.matches
        return [
            webhook
            for webhook in self._parts.store.webhooks()
            if webhook.status is WebhookStatus.ACTIVE and matches(webhook.events, event_type)
        ]

    def _checked_id(self, event_type: str, body: bytes, *, invalid: bool) -> str | None:
        """Return the id in the body, if there is one that is not taken."""
        event = parsed(body)
        if not invalid:
            catalogue = self._parts.provider.catalogue
            catalogue.check_type(event_type)
            mistakes = catalogue.mistakes(event) if event is not None else ["body: is not JSON"]
            if mistakes:
                raise InvalidPayloadError(event_type, [str(mistake) for mistake in mistakes])
        its_id = event.get("id") if isinstance(event, dict) else None
        return its_id if isinstance(its_id, str) and self._parts.store.event(its_id) is None else None

    def _new_id(self, now: datetime) -> str:
        return uuid7(now, self._parts.chance.dice)
