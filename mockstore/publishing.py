"""Makes events and records them with their deliveries. Nothing is sent here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final, TypedDict, Unpack

from mockstore.errors import InvalidInputError, InvalidPayloadError
from mockstore.events import encode, rfc3339, uuid7
from mockstore.faults.catalogue import Wanted, wanted
from mockstore.faults.fault import Fault
from mockstore.faults.plan import planned
from mockstore.faults.standing import StandingFaults
from mockstore.handles import Webhook
from mockstore.model import EventRecord, Json, Payload, PlannedFault, WebhookRecord, WebhookStatus
from mockstore.parts import Parts
from mockstore.source import parsed


class Emission(TypedDict, total=False):
    """The keywords of `emit`, besides the event type and the overrides."""

    body: bytes | str | None
    """The exact body to send instead of a generated one; its id becomes the event's, unless another event has it."""
    content_type: str
    invalid: bool
    """Whether the event may break its schema."""
    to: Webhook | None
    """The only webhook to deliver to."""
    fault: Wanted
    """A fault, its name, or several."""


LONGEST_ID: Final = 200
"""The longest id in a body that becomes the event's id; with a longer one the event gets a generated id."""

_KEYWORDS: Final = tuple(Emission.__annotations__)


def check_emission(event_type: object, overrides: object, keywords: Mapping[str, object]) -> None:
    """Raise `TypeError` for an unknown keyword of `emit`, `InvalidInputError` for a wrong type or wrong overrides."""
    if unknown := keywords.keys() - _KEYWORDS:
        near = get_close_matches(min(unknown), _KEYWORDS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise TypeError(f"emit() has no keyword {min(unknown)!r}: {hint}its keywords: {', '.join(_KEYWORDS)}")
    if not isinstance(event_type, str):
        raise InvalidInputError(f"{event_type!r} is no event type; write a text, such as 'pet.adopted'", field="events")
    if overrides is not None and not isinstance(overrides, Mapping):
        raise InvalidInputError(
            f"{overrides!r} overrides nothing; write a dict, such as {{'pet.name': 'Rex'}}", field="overrides"
        )


class Publisher:
    """Makes the events of one Mockstore, and records a delivery for each webhook that subscribes to them."""

    def __init__(self, parts: Parts, standing: StandingFaults) -> None:
        self._parts = parts
        self._standing = standing

    def emit(
        self, event_type: str, overrides: Mapping[str, Json] | None = None, **options: Unpack[Emission]
    ) -> EventRecord:
        """Record a generated event, or one with the given `body`, and its deliveries; return the event.

        Raises `InvalidPayloadError` for a payload that breaks its schema, unless `invalid` is true.
        """
        check_emission(event_type, overrides, options)
        content_type, invalid = options.get("content_type", "application/json"), options.get("invalid", False)
        record = self._make(event_type, overrides, options.get("body"), content_type, invalid=invalid)
        to = options.get("to")
        self.publish(record, to.record if to is not None else None, options.get("fault", ()))
        return record

    def _make(
        self,
        event_type: str,
        overrides: Mapping[str, Json] | None,
        body: bytes | str | None,
        content_type: str,
        *,
        invalid: bool,
    ) -> EventRecord:
        now = self._parts.clock.now()
        if body is None:
            event = self._parts.factory.make(
                event_type, now=now, dice=self._parts.chance.dice, overrides=overrides, invalid=invalid
            )
            event_id, content = event.get("id"), encode(event)
        else:
            content = body.encode() if isinstance(body, str) else body
            event_id = self._checked_id(event_type, content, invalid=invalid)
        if not isinstance(event_id, str) or len(event_id) > LONGEST_ID:
            event_id = uuid7(now, self._parts.chance.dice)
        return EventRecord(event_id, event_type, now, content, content_type, fits=not invalid)

    def announce(self, event_type: str, data: Payload) -> None:
        """Record an event about a change of the shop, and its deliveries; the caller then runs what is due."""
        now = self._parts.clock.now()
        event_id = uuid7(now, self._parts.chance.dice)
        event = {"id": event_id, "eventType": event_type, "timestamp": rfc3339(now), "data": data}
        self.publish(EventRecord(event_id, event_type, now, encode(event)))

    def call_back(self, url: str, document: Payload, *, name: str) -> EventRecord:
        """Record an unsigned callback to one URL, retried like a delivery (contract 2, `POST /orders/{id}`)."""
        now = self._parts.clock.now()
        record = EventRecord(self._new_id(now), name, now, encode(document), fits=False)
        receiver = WebhookRecord(self._new_id(now), url, (), "", now, now, signatures=())
        with self._parts.store.transaction():
            self._parts.store.save_webhook(receiver)
            self.publish(record, receiver)
        return record

    def publish(self, record: EventRecord, to: WebhookRecord | None = None, fault: Wanted = ()) -> None:
        """Record the event with its deliveries: to every active webhook that subscribes to it, or to `to` alone.

        `fault` is applied to each delivery, after the faults of the standing rules that match it. Raises
        `InvalidInputError` for an unknown fault, and for one that needs a socket when the webhook is an app in process;
        then nothing is recorded.
        """
        with self._parts.store.transaction():  # so that no hold ends and no rule is used up meanwhile
            webhooks = [to] if to is not None else self._subscribers(record.type)
            notes = self._parts.notes()
            held = self._parts.engine.hold.is_on_in(notes)
            if fault or self._standing.are_in(notes):
                self._publish_with_faults(record, webhooks, wanted(fault), held=held)
            else:
                self._parts.engine.publish(record, webhooks, held=held)

    def _publish_with_faults(
        self, record: EventRecord, webhooks: Sequence[WebhookRecord], own: tuple[Fault, ...], *, held: bool
    ) -> None:
        standing = list(self._standing)
        rules = {
            webhook.id: self._standing.matching(record, webhook, standing)
            for webhook in webhooks
            if _is_registered(webhook)
        }
        faults = {
            webhook.id: [*(one for rule in rules.get(webhook.id, ()) for one in rule.faults), *own]
            for webhook in webhooks
        }
        for webhook in webhooks:
            self._check_transport(faults[webhook.id], webhook)

        def plan_for(webhook: WebhookRecord) -> tuple[PlannedFault, ...]:
            return planned(faults[webhook.id], self._parts.chance.dice)

        self._parts.engine.publish(record, webhooks, plan_for, held=held)
        self._standing.use(rule for matched in rules.values() for rule in matched)

    def _check_transport(self, faults: list[Fault], webhook: WebhookRecord) -> None:
        needing = [fault.name for fault in faults if fault.needs_socket]
        if needing and not self._parts.router.is_remote(webhook.url):
            raise InvalidInputError(
                f"{needing[0]} needs a socket, and {webhook.url} is an app in process: subscribe a URL",
                field="fault",
                code="needs_socket",
            )

    def _subscribers(self, event_type: str) -> list[WebhookRecord]:
        matches = self._parts.provider.catalogue.matches
        return [
            webhook
            for webhook in self._parts.store.webhooks()
            if webhook.status is WebhookStatus.ACTIVE and matches(webhook.events, event_type)
        ]

    def _checked_id(self, event_type: str, body: bytes, *, invalid: bool) -> str | None:
        """Return the id in the body, or None when it has none or another event has that id.

        Raises `InvalidPayloadError` for a body that breaks its schema, unless `invalid` is true.
        """
        event = parsed(body)
        if not invalid:
            catalogue = self._parts.provider.catalogue
            catalogue.check_type(event_type)
            mistakes = catalogue.mistakes(event) if event is not None else ["body: is not JSON"]
            if mistakes:
                raise InvalidPayloadError(event_type, [str(mistake) for mistake in mistakes])
        event_id = event.get("id") if isinstance(event, dict) else None
        return event_id if isinstance(event_id, str) and self._parts.store.event(event_id) is None else None

    def _new_id(self, now: datetime) -> str:
        return uuid7(now, self._parts.chance.dice)


def _is_registered(webhook: WebhookRecord) -> bool:
    """Tell whether the webhook was registered, and not created for a callback."""
    return webhook.signatures != ()
