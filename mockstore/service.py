"""The façade: every verb a user knows, once. The entry points (plugin, web, command) call nothing else."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from mockstore.clock_control import ClockControl, span
from mockstore.collection import Collection
from mockstore.delivery.engine import SignatureTime
from mockstore.delivery.schedule import RetryPolicy, span_of
from mockstore.errors import InvalidInputError
from mockstore.events import EventFactory
from mockstore.examined import must_be_awaited
from mockstore.faults.standing import StandingFaults
from mockstore.handles import Deliveries, Delivery, Event, Webhook
from mockstore.inbox import Inbox
from mockstore.model import Json
from mockstore.parts import ClockName, Options, Parts, in_process_parts, provider_with, standalone_parts
from mockstore.playing import Conformance, OrderExplorer, Player, Replay
from mockstore.provider import Provider
from mockstore.publishing import Emission, Publisher
from mockstore.reader import Reader
from mockstore.receivers import DEFAULT_PATH, Receivers
from mockstore.registration import checked_events
from mockstore.registry import Webhooks
from mockstore.settings import Settings
from mockstore.strict import complaints, consumers_frames, require_none
from mockstore.timeline import timeline_text
from mockstore.world.seams import Transport

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockstore.remote import RemoteMockstore
    from mockstore.shopfront import Front, Orders, Pets, Users
    from mockstore.web.httpx_transport import PetstoreTransport

T = TypeVar("T")


class Mockstore:
    """A shop that emits signed webhook events, for one tenant. A context manager, made by `in_process` or a server."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.reader = self._reader = Reader(parts)
        self.faults = StandingFaults(parts.provider.catalogue, self._reader.must_know, parts.note("faults"))
        self._publisher, self.receivers = Publisher(parts, self.faults), Receivers(parts)
        self.url = ""
        """The base URL of its server, without a slash at the end; empty in process."""
        self.clock, self.news = ClockControl(self, parts.clock), parts.news
        self.webhooks, self.play = Webhooks(self._reader, parts), Player(self, parts)
        self.on_reset: list[Callable[[], None]] = [self.receivers.forget, self.play.forget]
        """Called by `reset` to clear what is not in the store; entry points append functions of their own."""
        self.assert_conforms, self.explore_orders, self.replay = Conformance(parts), OrderExplorer(parts), Replay(self)

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
        retry_after: bool | None = None,
        schemas: Sequence[str | PathLike[str]] = (),
        require_https: bool = False,
        factory: EventFactory | None = None,
    ) -> Self:
        """Return a Mockstore for a test: deliveries run on the caller's thread, time moves by `advance` alone.

        `seed`: the same one produces the same bytes; None is random. `clock`: `virtual`, `travel` (moves the time of
        the process, needs time-machine) or `system`; `start` is its first time. `strict`: the end of the `with` block
        raises `AssertionError` for failures that were never looked at. `raise_errors`: see `Options`. `provider`: whose
        rules apply; `schedule` (waits between attempts), `timeout`, `signatures` (names of schemes), `retry_after`
        (whether a 429 or 503 may delay the next attempt) and `schemas` (folders of further ones) change single rules.
        `signature_time`: the time that is signed, `wall` or `virtual`. Raises `InvalidInputError`.
        """
        rules = provider_with(provider, schedule=schedule, timeout=timeout, signatures=signatures, schemas=schemas)
        rules = provider_with(rules, retry_after=retry_after)
        schemes = ("https",) if require_https else ("http", "https")
        options = Options(strict=strict, raise_errors=raise_errors, url_schemes=schemes)
        parts = in_process_parts(
            rules, seed=seed, clock=clock, start=start, factory=factory, signature_time=signature_time, options=options
        )
        return cls(parts)

    @classmethod
    def standalone(
        cls,
        settings: Settings,
        *,
        provider: Provider | None = None,
        factory: EventFactory | None = None,
        network: Callable[[], Transport] | None = None,
        tenant: str | None = None,
    ) -> Self:
        """Return a Mockstore of a server: time runs, threads deliver over HTTP, no call waits for a delivery.

        `provider`, `factory` and what `network` returns may be shared; each Mockstore closes the latter.
        """
        return cls(standalone_parts(settings, provider=provider, factory=factory, network=network, tenant=tenant))

    @staticmethod
    def connect(
        url: str, *, tenant: str | None = None, token: str | None = None, strict: bool | None = None
    ) -> "RemoteMockstore":
        """Return the Mockstore of a server at `url`, for a `tenant` or a new one: see `mockstore.remote.connected`."""
        from mockstore.remote import connected  # noqa: PLC0415 - for tests that share a server

        return connected(url, tenant=tenant, token=token, strict=strict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        found = self.complaints() if kind is None and self.options.strict else []
        self.close()
        require_none(found, "Mockstore.in_process(strict=False)")

    def close(self) -> None:
        """Stop delivering, close connections and event loops, and restore the time of the process."""
        self._parts.close()

    @property
    def provider(self) -> Provider:
        """The provider whose rules apply."""
        return self._parts.provider

    @property
    def options(self) -> Options:
        """The options that concern its test, such as `strict`."""
        return self._parts.options

    @property
    def factory(self) -> EventFactory:
        """The factory that generates the payloads."""
        return self._parts.factory

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

        `target` is a URL, a WSGI or ASGI app, `"django"`, or a callable that takes the request (`request.body`,
        `request.headers["X-Webhook-Signature"]`); an app is mounted at a host of its own and gets its events at `path`.
        `events` are types or patterns. Without `secret`, one is generated. Raises `InvalidInputError`.
        """
        checked_events(events, self.provider.catalogue)  # before anything is mounted
        url = self.receivers.address(target, path)
        return self.webhooks.add(url, events, secret=secret, description=description, signatures=signatures)

    def open_inbox(self, events: str | Sequence[str] = "*") -> Inbox:
        """Subscribe a receiver that captures requests and answers as scripted (200 by default)."""
        return self.receivers.open_inbox(self.webhooks.add, events)

    @cached_property
    def shop(self) -> "Front":
        """The shop: `shop.pets`, `shop.orders`, `shop.users`; each change emits its events."""
        from mockstore.shopfront import Front  # noqa: PLC0415 - most tests only emit

        return Front(self._parts, self._publisher, self._raise_consumer_error)

    @property
    def pets(self) -> "Pets":
        """The pets: `add`, `find`, `[id].adopt()` and more."""
        return self.shop.pets

    @property
    def orders(self) -> "Orders":
        """The orders: `place`, `[id].pay()`, `.ship()`, `.deliver()`, `.cancel()`."""
        return self.shop.orders

    @property
    def users(self) -> "Users":
        """The users: `add`, `[id]`."""
        return self.shop.users

    async def aserve(self, answer: Callable[[], T]) -> T:
        """Return the result of `answer()`; its deliveries run on the running event loop, and raise nothing here."""
        with self._parts.pump.deferred():
            result = answer()
        await self._parts.pump.akick()
        return result

    @cached_property
    def wsgi_app(self) -> "WSGIApplication":
        """A WSGI app with the whole API and the control routes of this Mockstore, in process."""
        from mockstore.web.in_process import wsgi_app  # noqa: PLC0415 - most tests never use it

        return wsgi_app(self)

    def httpx_transport(self) -> "PetstoreTransport":
        """Return a transport for `httpx.Client` and `httpx.AsyncClient`: this Mockstore answers for any host."""
        from mockstore.web.httpx_transport import PetstoreTransport  # noqa: PLC0415 - httpx is optional

        return PetstoreTransport(self)

    def emit(self, event_type: str, overrides: Mapping[str, Json] | None = None, **options: Unpack[Emission]) -> Event:
        """Emit an event to every webhook that subscribes to it, run what is due, and return the event.

        `overrides` are merged into `data` (nested, or by dotted path). `invalid=True` allows an event that breaks its
        schema, and any `body`, which is signed and sent unchanged. `to` delivers to that webhook alone. `fault` is a
        fault, its name, or several, applied to each delivery (see `mockstore.faults`).
        Raises `UnknownEventTypeError`, `UnknownPathError`, `InvalidPayloadError`, and what the consumer's own
        code raised unless `raise_errors` is off.
        """
        __tracebackhide__ = True
        event = self._publish(event_type, overrides, options)
        self._run()
        return event

    @must_be_awaited
    async def aemit(
        self, event_type: str, overrides: Mapping[str, Json] | None = None, **options: Unpack[Emission]
    ) -> Event:
        """Do what `emit` does, on the running event loop; on a server, wait in a thread for the first attempts."""
        __tracebackhide__ = True
        event = self._publish(event_type, overrides, options)
        await self._parts.pump.akick()
        self._raise_consumer_error()
        return await event.tried() if self.url else event

    def _publish(self, event_type: str, overrides: Mapping[str, Json] | None, options: Emission) -> Event:
        __tracebackhide__ = True
        try:
            made = self._publisher.emit(event_type, overrides, **options)
        except InvalidInputError as error:
            raise error.with_traceback(None) from None  # the caller's mistake: show the caller's line
        return self._reader.emitted(made, with_fault=bool(options.get("fault")))

    @property
    def events(self) -> Collection[Event]:
        """All events, oldest first."""
        return self._reader.events()

    @property
    def deliveries(self) -> Deliveries:
        """All deliveries, oldest first."""
        return Deliveries.of_source(self._reader)

    def event(self, event_id: str) -> Event:
        """Return the event of this id; raise `NotFoundError`."""
        return Event(self._reader, self._reader.event_record(event_id))

    def delivery(self, delivery_id: str) -> Delivery:
        """Return the delivery of this id; raise `NotFoundError`."""
        return Delivery(self._reader, self._reader.delivery_record(delivery_id).id)

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the clock by a timedelta or its keywords (`minutes=5`), and run what falls due, each at its own time."""
        __tracebackhide__ = True
        self._parts.pump.advance(span(by, units, self.clock.now()))
        self._raise_consumer_error()

    @must_be_awaited
    async def aadvance(self, /, by: timedelta | None = None, **units: float) -> None:
        """Do the same as `advance` on the running event loop."""
        __tracebackhide__ = True
        await self._parts.pump.aadvance(span(by, units, self.clock.now()))
        self._raise_consumer_error()

    def settle(self, timeout: timedelta | None = None) -> None:
        """Run the deliveries that are due, or wait until threads have; raise `TimeoutError` after `timeout`."""
        __tracebackhide__ = True
        if not self._parts.pump.settle(timeout if timeout is None else span_of(timeout, "timeout")):
            raise TimeoutError(f"deliveries are still under way after {timeout}")
        self._raise_consumer_error()

    def hold(self) -> None:
        """Hold every delivery that is created from now on, until `release`."""
        self._parts.engine.hold.turn(on=True)

    def release(self, order: Sequence[int] | None = None) -> Sequence[Delivery]:
        """Stop holding, and send the held deliveries: oldest first, or in `order` (their positions, from 0).

        A position that is not in `order` stays held; one that occurs twice is delivered twice, as a duplicate of the
        event. Returns what is sent, in that order. Raises `InvalidInputError` for a position that does not exist.
        """
        __tracebackhide__ = True
        return self._sent([record.id for record in self._parts.engine.release(order)])

    def redeliver(self, delivery: Delivery | str) -> Delivery:
        """Send a delivery again, in whatever state it is: same bytes, same event id, a new series of retries."""
        __tracebackhide__ = True
        return self._sent([self.webhooks.redeliver(delivery if isinstance(delivery, str) else delivery.id).id])[0]

    def recover(self, webhook: Webhook | str, since: datetime | None = None) -> Sequence[Delivery]:
        """Send again the webhook's failed or discarded deliveries created since then; it must be active."""
        __tracebackhide__ = True
        return self._sent(self.webhooks.recover(webhook if isinstance(webhook, str) else webhook.id, since))

    def rotate_secret(self, webhook: Webhook | str, *, overlap: timedelta = timedelta()) -> str:
        """Give the webhook a new secret and return it; during `overlap` the old one signs as well."""
        return self.webhooks.rotate_secret(webhook if isinstance(webhook, str) else webhook.id, overlap=overlap).secret

    def reset(self) -> None:
        """Remove all records, and restart the clock and the random values. Apps stay mounted.

        Handles from before, such as an inbox or a delivery, raise `NotFoundError` when they are used.
        """
        self._reader.examined.forget(self.complaints)
        self._parts.reset()
        for forget in self.on_reset:
            forget()

    def timeline(self) -> str:
        """Return all events with their deliveries and attempts, as text."""
        return timeline_text(self._reader.joined_records())

    def complaints(self) -> list[str]:
        """Return a text for each failure that the test did not look at; a strict test fails if there is one."""
        return complaints(self._reader, scripted=self.receivers.inboxes, rules=self.faults)

    def note(self, error: BaseException) -> None:
        """Record an error of mockstore itself, so that a strict test fails."""
        self._parts.pump.raised.append(error)

    def _sent(self, ids: Sequence[str]) -> Sequence[Delivery]:
        __tracebackhide__ = True
        self._run()
        return [Delivery(self._reader, id_) for id_ in ids]

    def _run(self) -> None:
        __tracebackhide__ = True
        self._parts.pump.kick()
        self._raise_consumer_error()

    def _raise_consumer_error(self) -> None:
        """Raise the first exception of a consumer's code that was not raised yet, unless `raise_errors` is off."""
        __tracebackhide__ = True
        if self.options.raise_errors and self._reader.raised:
            error = self._reader.came_out()
            raise error.with_traceback(consumers_frames(error))
