"""`Mockstore` for a server: the methods of `mockstore.service`, each as one request or a few."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, Self, Unpack, cast

from msgspec.structs import replace

from mockstore.collection import Collection
from mockstore.delivery.schedule import RetryPolicy, describe, span_of
from mockstore.errors import InvalidInputError
from mockstore.examined import must_be_awaited
from mockstore.handles import Deliveries, Delivery, Event, Webhook
from mockstore.model import Json
from mockstore.parts import Options, provider_with
from mockstore.playing import Replay
from mockstore.provider import Provider
from mockstore.publishing import Emission, check_emission
from mockstore.receivers import DEFAULT_PATH
from mockstore.registration import checked_events
from mockstore.remote.callbacks import Callbacks
from mockstore.remote.controls import RemoteClock, RemoteFaults, RemoteWebhooks, fault_names
from mockstore.remote.inbox import RemoteInbox
from mockstore.remote.player import RemotePlayer
from mockstore.remote.shop import RemoteFront
from mockstore.remote.source import RemoteReader
from mockstore.remote.wire import Wire, path_to
from mockstore.strict import complaints, require_none
from mockstore.timeline import timeline_text
from mockstore.web.address import address_of

if TYPE_CHECKING:
    from mockstore.service import Mockstore
    from mockstore.shopfront import Orders, Pets, Users

DEFAULT_WAIT = timedelta(seconds=10)
"""How long `settle` waits by default."""
GRACE: Final = timedelta(seconds=1)
"""The end of a `with` block waits for attempts that long beyond the provider's timeout."""
_INSTEAD: Final = MappingProxyType(
    {
        "assert_conforms": "an audit runs in the test's own process; use the fixture mockstore (Mockstore.in_process), "
        "or the command `mockstore audit URL --secret whsec_…`",
        "explore_orders": "orders are explored in the test's own process; use the fixture mockstore "
        "(Mockstore.in_process)",
        "wsgi_app": "the server answers over HTTP; call it at the URL in mockstore.url, or use the fixture mockstore "
        "(Mockstore.in_process)",
        "aserve": "the server's own threads deliver; say `await asyncio.to_thread(mockstore.orders.place, pet)`, "
        "or ask mockstore.url with an async client",
        "httpx_transport": "the server answers over HTTP; say httpx.Client(base_url=mockstore.url), or use the fixture "
        "mockstore (Mockstore.in_process)",
    }
)
"""Methods that only a Mockstore in process has, and what to use instead."""


class RemoteMockstore:
    """One tenant of a server, with the methods and handles of `Mockstore`. A context manager.

    Nothing is cached here: each call asks the server. Exceptions that apps of this process raise are added to their
    attempts. If `strict`, the end of the `with` block waits for attempts under way, and raises `AssertionError` over
    failures that were never looked at.
    """

    def __init__(self, wire: Wire, *, tenant: str | None, provider: Provider, callback_host: str, strict: bool) -> None:
        self._wire = wire
        self.tenant = tenant
        """The UUID of the tenant; None is the shared tenant."""
        self.url = address_of(wire.url, tenant)
        """The base URL of its API, with the tenant, without a slash at the end."""
        self.provider = provider
        self.options = Options(strict=strict, raise_errors=False)
        self._callbacks = Callbacks(callback_host)
        self.reader = RemoteReader(wire, provider, self._callbacks)
        self.reader.examined.is_judged = strict
        self._requests_at_forget: int | None = None
        """The number of requests when `forget` was called; None before."""
        self._front = RemoteFront(wire)
        self._inboxes: dict[str, RemoteInbox] = {}
        self.clock = RemoteClock(wire)
        self.webhooks = RemoteWebhooks(wire, self.reader)
        self.faults = RemoteFaults(wire, self.reader)
        self.play = RemotePlayer(wire, provider, self._address)
        self.replay = Replay(cast("Mockstore", self))  # it only uses `emit`

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            found = self._final_complaints() if kind is None and self.options.strict else ()
        finally:
            self.close()
        require_none(found, "Mockstore.connect(…, strict=False)")

    def _final_complaints(self) -> Sequence[str]:
        """Return the complaints; ask the server only if the tenant still exists there."""
        if self._requests_at_forget == self._wire.request_count:
            return self.reader.examined.complaints
        with suppress(TimeoutError):
            self.settle(self.provider.timeout + GRACE)
        return self.complaints()

    def close(self) -> None:
        """Stop serving the apps of this process, and close the connections; the server keeps the tenant."""
        self._callbacks.close()
        self._wire.close()

    def forget(self) -> None:
        """Delete this tenant from the server, including its rules."""
        self.reader.examined.forget(self.complaints)
        self._wire.delete("tenant")
        self._requests_at_forget = self._wire.request_count

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

        `target` is a URL, or an app or callable of this process, which is then served on a free port: see
        `Mockstore.subscribe`.
        """
        checked_events(events, self.provider.catalogue)  # before the app is mounted
        url = self._address(target, path)
        return self.webhooks.add(url, events, secret=secret, description=description, signatures=signatures)

    def open_inbox(self, events: str | Sequence[str] = "*") -> RemoteInbox:
        """Subscribe an inbox on the server: it captures deliveries and answers as scripted."""
        opened = self._wire.post("records", "inboxes", events=events if isinstance(events, str) else list(events))
        webhook = Webhook(self.reader, opened["id"])
        inbox = RemoteInbox(self._wire, webhook, self.provider, self.reader.wait)
        self._inboxes[webhook.id] = inbox
        return inbox

    @property
    def shop(self) -> RemoteFront:
        """The shop: `shop.pets`, `shop.orders`, `shop.users`."""
        return self._front

    @property
    def pets(self) -> "Pets":
        """The pets: `add`, `find`, `[id].adopt()` and more."""
        return self._front.pets

    @property
    def orders(self) -> "Orders":
        """The orders: `place`, `[id].pay()`, `.ship()`, `.deliver()`, `.cancel()`."""
        return self._front.orders

    @property
    def users(self) -> "Users":
        """The users: `add`, `[id]`."""
        return self._front.users

    def emit(self, event_type: str, overrides: Mapping[str, Json] | None = None, **options: Unpack[Emission]) -> Event:
        """Emit an event to every webhook that subscribes to it, and return the event; see `Mockstore.emit`."""
        __tracebackhide__ = True
        check_emission(event_type, overrides, options)
        document: dict[str, Json] = {"type": event_type, "invalid": options.get("invalid", False)}
        body, to = options.get("body"), options.get("to")
        if body is not None:
            document["bodyBase64"] = b64encode(body.encode() if isinstance(body, str) else body).decode()
        if overrides is not None:
            document["overrides"] = dict(overrides)
        if to is not None:
            document["to"] = to.id
        if "content_type" in options:
            document["contentType"] = options["content_type"]
        document["fault"] = fault_names(options.get("fault", ()))
        (made,) = self._wire.post("emit", **document)["data"]
        self.reader.examined.emitted(made["id"], with_fault=bool(document["fault"]))
        return self.event(made["id"])

    @must_be_awaited
    async def aemit(
        self, event_type: str, overrides: Mapping[str, Json] | None = None, **options: Unpack[Emission]
    ) -> Event:
        """Do the same as `emit`, and await the first attempts without blocking the event loop."""
        from asyncio import to_thread  # noqa: PLC0415 - imported already by async code

        __tracebackhide__ = True
        return await (await to_thread(self.emit, event_type, overrides, **options)).tried()

    @property
    def events(self) -> Collection[Event]:
        """All events, oldest first."""
        return self.reader.events()

    @property
    def deliveries(self) -> Deliveries:
        """All deliveries, oldest first."""
        return Deliveries.of_source(self.reader)

    def event(self, event_id: str) -> Event:
        """Return the event with this id; raise `NotFoundError`."""
        return Event(self.reader, self.reader.event_record(event_id))

    def delivery(self, delivery_id: str) -> Delivery:
        """Return the delivery with this id; raise `NotFoundError`."""
        return Delivery(self.reader, self.reader.delivery_record(delivery_id).id)

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Advance the clock by a timedelta or its keywords (`minutes=5`), and run what falls due, in order."""
        __tracebackhide__ = True
        self.clock.advance(by, **units)

    @must_be_awaited
    async def aadvance(self, /, by: timedelta | None = None, **units: float) -> None:
        """Do the same as `advance` without blocking the event loop."""
        from asyncio import to_thread  # noqa: PLC0415 - imported already by async code

        __tracebackhide__ = True
        await to_thread(self.advance, by, **units)

    def settle(self, timeout: timedelta | None = None) -> None:
        """Wait until no delivery is due or under way; raise `TimeoutError` after `timeout` (default 10 seconds)."""
        __tracebackhide__ = True
        limit = DEFAULT_WAIT if timeout is None else span_of(timeout, "timeout")
        if not self._wire.post("settle", timeoutSeconds=limit.total_seconds())["settled"]:
            raise TimeoutError(f"deliveries are still under way after {describe(limit)}")

    def hold(self) -> None:
        """Hold back new deliveries until `release`."""
        self._wire.post("hold")

    def release(self, order: Sequence[int] | None = None) -> Sequence[Delivery]:
        """Send the held deliveries, oldest first or in `order`, and stop holding. See `Mockstore.release`."""
        __tracebackhide__ = True
        return self._handles(self._wire.post("records", "release", **({} if order is None else {"order": list(order)})))

    def redeliver(self, delivery: Delivery | str) -> Delivery:
        """Send a delivery again, whatever its state, with the same body and event id and a new retry ladder."""
        __tracebackhide__ = True
        its_id = delivery if isinstance(delivery, str) else delivery.id
        return Delivery(self.reader, self._wire.post("deliveries", its_id, "redeliver")["id"])

    def recover(self, webhook: Webhook | str, since: datetime | None = None) -> Sequence[Delivery]:
        """Send failed and discarded deliveries again: those since `since`, or all. The webhook must be active."""
        __tracebackhide__ = True
        document = {} if since is None else {"since": since.isoformat()}
        return self._handles(self._wire.post("records", "webhooks", _id(webhook), "recover", **document))

    def rotate_secret(self, webhook: Webhook | str, *, overlap: timedelta = timedelta()) -> str:
        """Give the webhook a new secret and return it; the old one signs as well for `overlap`."""
        seconds = span_of(overlap, "overlap").total_seconds()
        response = self._wire.post("records", "webhooks", _id(webhook), "rotate-secret", overlapSeconds=seconds)
        return str(response["secret"])

    def reset(self) -> None:
        """Delete everything of this tenant, and restart its clock and random numbers; see `Mockstore.reset`."""
        self.reader.examined.forget(self.complaints)
        self._wire.post("reset")
        self.play.forget()
        self._inboxes.clear()

    def change(self, **rules: Json) -> None:
        """Reset this tenant, with rules of its own: the members of `PUT /_mockstore/settings`."""
        self.reader.examined.forget(self.complaints)
        settings = self._wire.ask("PUT", path_to("settings"), rules)
        self._inboxes.clear()
        self._use_rules(rules_of(settings, self.provider))

    def timeline(self) -> str:
        """Return what happened, as a readable text."""
        return timeline_text(self.reader.joined_records())

    def complaints(self) -> list[str]:
        """Return the failures that a strict test reports: those that it never looked at."""
        return complaints(self.reader, scripted=self._inboxes, rules=self.faults)

    if not TYPE_CHECKING:  # or a type checker would accept every attribute

        def __getattr__(self, name: str) -> object:
            """Raise `AttributeError`; for a method that only a Mockstore in process has, say what to use instead."""
            instead = _INSTEAD.get(name)
            if instead is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            raise AttributeError(f"a Mockstore on a server has no {name}: {instead}")

    def __repr__(self) -> str:
        return f"<RemoteMockstore at {self.url}>"

    def _use_rules(self, provider: Provider) -> None:
        self.provider = provider
        self.reader = RemoteReader(self._wire, provider, self._callbacks, self.reader.examined)
        self.webhooks = RemoteWebhooks(self._wire, self.reader)
        self.faults = RemoteFaults(self._wire, self.reader)
        self.play = RemotePlayer(self._wire, provider, self._address)

    def _address(self, target: object, path: str = DEFAULT_PATH) -> str:
        """Return `target` if it is a URL, else the URL at which that app of this process is served."""
        if isinstance(target, str) and target != "django":
            return target
        if target == "django":
            from mockstore.world.transports.django import refuse_inside_a_transaction  # noqa: PLC0415 - imports Django

            refuse_inside_a_transaction()
        return self._callbacks.address(target, path, self.provider)

    def _handles(self, answer: Json) -> Sequence[Delivery]:
        return [Delivery(self.reader, its_id) for its_id in answer["ids"]]


def rules_of(document: Json, provider: Provider) -> Provider:
    """Return the rules in a settings document; raise `InvalidInputError` for another provider than `provider`."""
    if document["provider"] != provider.name:
        raise InvalidInputError(
            f"the server plays {document['provider']!r}, and only {provider.name!r} can be shared", field="provider"
        )
    waits = tuple(timedelta(seconds=wait) for wait in document["scheduleSeconds"])
    return replace(
        provider_with(provider, retry_after=document["retryAfter"]),
        schedule=RetryPolicy(waits, document["jitter"]),
        timeout=timedelta(seconds=document["timeoutSeconds"]),
        signatures=tuple(document["signatures"]),
    )


def _id(webhook: Webhook | str) -> str:
    return webhook if isinstance(webhook, str) else webhook.id
