"""The façade: every verb a user knows, once. The doors (plugin, web, command) call nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Self

from mockstore.clockhand import ClockHand, span
from mockstore.collection import Collection
from mockstore.delivery.engine import SignatureTime
from mockstore.delivery.schedule import RetryPolicy
from mockstore.errors import InvalidInputError, InvalidPayloadError
from mockstore.events import EventFactory, encode, uuid7
from mockstore.handles import Deliveries, Delivery, Event, Webhook, parsed
from mockstore.inbox import Expected, Inbox
from mockstore.model import (
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Json,
    Outgoing,
    Reply,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.parts import ClockName, Options, Parts, in_process_parts, provider_with
from mockstore.provider import Provider
from mockstore.reader import Reader
from mockstore.registration import checked_events
from mockstore.registry import Webhooks
from mockstore.strict import complaints
from mockstore.timeline import timeline_text
from mockstore.world.transports import FunctionTransport

DEFAULT_PATH = "/webhooks/petstore"
"""Where an app is taken to have its handler."""


class Mockstore:
    """A shop that emits signed webhook events, for one tenant.

    Make one with `in_process` (tests) or let a server make it; use it as a context manager.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reader = Reader(parts)
        self._inboxes: dict[str, Inbox] = {}
        self._opened = 0
        self.clock = ClockHand(self, parts.clock)
        self.webhooks = Webhooks(self._reader, parts)

    @classmethod
    def in_process(  # noqa: PLR0913 - each keyword is one thing a test may want different
        cls,
        *,
        seed: int | None = 0,
        clock: ClockName = "virtual",
        start: datetime | None = None,
        strict: bool = True,
        raise_errors: bool = True,
        provider: Provider | None = None,
        schedule: RetryPolicy | Sequence[timedelta | float] | None = None,
        timeout: timedelta | float | None = None,
        signatures: str | Sequence[str] | None = None,
        signature_time: SignatureTime = "wall",
        schemas: Sequence[str | PathLike[str]] = (),
        require_https: bool = False,
        factory: EventFactory | None = None,
    ) -> Self:
        """Return a Mockstore for a test: deliveries run on the caller's thread, time moves by `advance` alone.

        `seed`: the same one makes the same bytes; None is random. `clock`: `virtual`, `travel` (takes the
        process's time along, needs time-machine) or `system`; `start` is where it starts. `strict` and
        `raise_errors`: see `Options`. `provider`: whose rules; `schedule` (waits between attempts), `timeout`
        (both in seconds or as timedelta), `signatures` (names of schemes) and `schemas` (folders with further
        event schemas) change single rules. `signature_time`: whether signed timestamps carry `wall` or
        `virtual` time (contract 1.2). Raises `InvalidInputError` for a value that is not allowed.
        """
        if signature_time not in ("wall", "virtual"):
            raise InvalidInputError(
                f"unknown signature_time {signature_time!r}; allowed: wall, virtual", field="signature_time"
            )
        rules = provider_with(provider, schedule=schedule, timeout=timeout, signatures=signatures, schemas=schemas)
        schemes = ("https",) if require_https else ("http", "https")
        options = Options(strict=strict, raise_errors=raise_errors, url_schemes=schemes)
        return cls(
            in_process_parts(
                rules,
                seed=seed,
                clock=clock,
                start=start,
                factory=factory,
                signature_time=signature_time,
                options=options,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop delivering, and give back connections, loops and the process's time."""
        parts = self._parts
        parts.pump.close()
        parts.router.close()
        parts.clock.close()
        parts.store.close()

    @property
    def provider(self) -> Provider:
        """The rules in force."""
        return self._parts.provider

    @property
    def options(self) -> Options:
        """How it behaves towards a test."""
        return self._parts.options

    @property
    def factory(self) -> EventFactory:
        """What makes the payloads."""
        return self._parts.factory

    # ---- registrations ----------------------------------------------------------------------

    def subscribe(  # noqa: PLR0913 - a registration has these parts
        self,
        target: object,
        events: str | Sequence[str] = "*",
        path: str = DEFAULT_PATH,
        secret: str | None = None,
        *,
        description: str | None = None,
        signatures: str | Sequence[str] | None = None,
    ) -> Webhook:
        """Register a webhook and return it.

        `target` is a URL, a WSGI or ASGI app, `"django"`, or a callable that takes the request; an app is
        mounted at a host of its own and gets its events at `path`. `events` are event types or patterns.
        A secret is made when none is given. Raises `InvalidInputError` for what makes no sense.
        """
        checked_events(events, self.provider.catalogue)  # before anything is mounted
        url = self._address(target, path)
        return self.webhooks.add(url, events, secret=secret, description=description, signatures=signatures)

    def open_inbox(self, events: str | Sequence[str] = "*") -> Inbox:
        """Subscribe a receiver that captures what it gets and answers as told."""
        inbox = Inbox(self._parts.news)
        self._opened += 1
        host = f"inbox-{self._opened}.mockstore.test"
        self._parts.router.mount(host, FunctionTransport(lambda outgoing: self._capture(inbox, outgoing)))
        scheme = self._parts.options.url_schemes[-1]
        inbox.webhook = self.subscribe(f"{scheme}://{host}{DEFAULT_PATH}", events)
        self._inboxes[inbox.webhook.id] = inbox
        return inbox

    def _capture(self, inbox: Inbox, outgoing: Outgoing) -> Reply:
        return inbox.take(outgoing, Expected(self.provider, lambda: inbox.webhook.secret))

    def _address(self, target: object, path: str) -> str:
        if isinstance(target, str) and target != "django":
            return target
        if not path.startswith("/"):
            raise InvalidInputError(f"the path {path!r} must start with a slash", field="path")
        scheme = self._parts.options.url_schemes[0]
        return f"{scheme}://{self._parts.router.mount_app(target)}{path}"

    # ---- events -----------------------------------------------------------------------------

    def emit(  # noqa: PLR0913 - each keyword is one thing to say of an event
        self,
        event_type: str,
        overrides: Mapping[str, Json] | None = None,
        *,
        body: bytes | str | None = None,
        content_type: str = "application/json",
        invalid: bool = False,
        to: Webhook | None = None,
    ) -> Event:
        """Make an event, tell every webhook that wants it, and run what is due; return the event.

        `overrides` are merged into `data` (nested, or by dotted path). `invalid=True` allows what breaks the
        schema, and any `body` at all, sent and signed as it stands. `to` delivers to that webhook alone.
        Raises `UnknownEventTypeError`, `UnknownPathError`, `InvalidPayloadError`, and what the consumer's own
        code raised unless `raise_errors` is off.
        """
        event = self._publish(event_type, overrides, body, content_type, invalid=invalid, to=to)
        self._parts.pump.kick()
        self._come_out()
        return event

    async def aemit(  # noqa: PLR0913 - the twin of `emit`
        self,
        event_type: str,
        overrides: Mapping[str, Json] | None = None,
        *,
        body: bytes | str | None = None,
        content_type: str = "application/json",
        invalid: bool = False,
        to: Webhook | None = None,
    ) -> Event:
        """Do what `emit` does, on the running event loop."""
        event = self._publish(event_type, overrides, body, content_type, invalid=invalid, to=to)
        await self._parts.pump.akick()
        self._come_out()
        return event

    def _publish(  # noqa: PLR0913 - what `emit` was told
        self,
        event_type: str,
        overrides: Mapping[str, Json] | None,
        body: bytes | str | None,
        content_type: str,
        *,
        invalid: bool,
        to: Webhook | None,
    ) -> Event:
        parts = self._parts
        now = parts.clock.now()
        if body is None:
            payload = parts.factory.make(
                event_type, now=now, dice=parts.chance.dice, overrides=overrides, invalid=invalid
            )
            content = encode(payload)
            its_id = payload["id"] if isinstance(payload.get("id"), str) else uuid7(now, parts.chance.dice)
        else:
            content = body.encode() if isinstance(body, str) else body
            its_id = self._checked_body(event_type, content, now, invalid=invalid)
        record = EventRecord(
            its_id, event_type, now, content, content_type, declared_invalid=invalid, checked=not invalid
        )
        webhooks = [to.record] if to is not None else self._subscribers(event_type)
        parts.engine.publish(record, webhooks)
        return Event(self._reader, record)

    def _checked_body(self, event_type: str, body: bytes, now: datetime, *, invalid: bool) -> str:
        event = parsed(body)
        if not invalid:
            self.provider.catalogue.check_type(event_type)
            mistakes = self.provider.catalogue.mistakes(event) if event is not None else ["body: is not JSON"]
            if mistakes:
                raise InvalidPayloadError(event_type, [str(mistake) for mistake in mistakes])
        its_id = event.get("id") if isinstance(event, dict) else None
        taken = not isinstance(its_id, str) or self._parts.store.event(its_id) is not None
        return uuid7(now, self._parts.chance.dice) if taken else str(its_id)

    def _subscribers(self, event_type: str) -> list[WebhookRecord]:
        matches = self.provider.catalogue.matches
        return [
            webhook
            for webhook in self._parts.store.webhooks()
            if webhook.status is WebhookStatus.ACTIVE and matches(webhook.events, event_type)
        ]

    @property
    def events(self) -> Collection[Event]:
        """Everything that was emitted, oldest first."""
        reader = self._reader
        return Collection(
            lambda: [Event(reader, record) for record in self._parts.store.events()], reader.wait, noun="event"
        )

    @property
    def deliveries(self) -> Deliveries:
        """Everything that was sent, oldest first."""
        return Deliveries.of_source(self._reader)

    # ---- time and order ---------------------------------------------------------------------

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the clock by a timedelta or its keywords (`minutes=5`), and run what falls due on the way, in order."""
        self._parts.pump.advance(span(by, units))
        self._come_out()

    async def aadvance(self, by: timedelta | None = None, **units: float) -> None:
        """Do what `advance` does, on the running event loop."""
        await self._parts.pump.aadvance(span(by, units))
        self._come_out()

    def settle(self, timeout: timedelta | None = None) -> None:
        """Run what is due now, or wait for the threads that do; raise `TimeoutError` after `timeout`."""
        if not self._parts.pump.settle(timeout):
            raise TimeoutError(f"deliveries are still under way after {timeout}")
        self._come_out()

    def hold(self) -> None:
        """Keep back every delivery that is made from now on."""
        self._parts.engine.holding = True

    def release(self, order: Sequence[int] | None = None) -> None:
        """Send what was held, oldest first, or in `order` (positions among the held, from 0); stop holding.

        A position may be left out (that one stays held) but not named twice; raises `InvalidInputError` for one
        that does not exist.
        """
        self._parts.engine.holding = False
        for delivery in self._held_in(order):
            self._parts.engine.restart(delivery)
        self._parts.pump.kick()
        self._come_out()

    def _held_in(self, order: Sequence[int] | None) -> list[DeliveryRecord]:
        held = [record for record in self._parts.store.deliveries() if record.state is DeliveryState.HELD]
        wanted = range(len(held)) if order is None else order
        wrong = [position for position in wanted if not 0 <= position < len(held)]
        if wrong or len(set(wanted)) < len(wanted):
            raise InvalidInputError(
                f"{list(wanted)} is no order of the {len(held)} held deliveries (0 to {len(held) - 1})"
            )
        return [held[position] for position in wanted]

    def redeliver(self, delivery: Delivery | str) -> Delivery:
        """Send a delivery again, whatever became of it: the same bytes under the same event id, the ladder anew."""
        record = self.webhooks.redeliver(delivery if isinstance(delivery, str) else delivery.id)
        self._parts.pump.kick()
        self._come_out()
        return Delivery(self._reader, record.id)

    def recover(self, webhook: Webhook | str, since: datetime | None = None) -> Sequence[Delivery]:
        """Send again what failed or was discarded since then (contract 1.3); the webhook must be active."""
        records = self.webhooks.recover(webhook if isinstance(webhook, str) else webhook.id, since)
        self._parts.pump.kick()
        self._come_out()
        return [Delivery(self._reader, record.id) for record in records]

    def rotate_secret(self, webhook: Webhook | str, *, overlap: timedelta = timedelta()) -> str:
        """Give the webhook a new secret and return it; for `overlap` the old one signs as well."""
        id_ = webhook if isinstance(webhook, str) else webhook.id
        return self.webhooks.rotate_secret(id_, overlap=overlap).secret

    def reset(self) -> None:
        """Forget webhooks, events, deliveries and captures; start time and chance anew. Mounted apps stay."""
        parts = self._parts
        parts.store.clear()
        parts.chance.reseed()
        parts.clock.reset()
        parts.engine.holding = False
        parts.pump.raised.clear()
        self._reader.forget()
        self._inboxes.clear()

    def timeline(self) -> str:
        """Return what happened, as text for people."""
        reader = self._reader
        return timeline_text(
            (record, reader.event_record(record.event_id), reader.webhook_record(record.webhook_id))
            for record in reader.delivery_records()
        )

    def complaints(self) -> list[str]:
        """Return what a strict test has against itself: what went wrong and nobody looked at."""
        return complaints(self._reader, self._parts, scripted=self._inboxes)

    def _come_out(self) -> None:
        """Raise what a consumer's code raised, unless that is switched off."""
        raised = self._parts.pump.raised
        if self.options.raise_errors and raised:
            error = raised[0]
            raised.clear()
            raise error
