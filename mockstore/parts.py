"""Builds the parts of a Mockstore, for a test and for the server."""

from collections.abc import Callable, Mapping, MutableSequence, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import lru_cache, partial
from os import PathLike
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from mockstore.delivery.engine import Engine, SignatureTime
from mockstore.delivery.pump import InlinePump
from mockstore.delivery.schedule import RetryPolicy, policy, time_limit
from mockstore.delivery.workers import WorkerPump
from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue, EventFactory
from mockstore.model import Observation, Payload, Pulse
from mockstore.news import News
from mockstore.provider import Provider, petstore
from mockstore.registration import checked_signatures
from mockstore.settings import Settings
from mockstore.world.clock import EPOCH, Chance, RunningClock, Shelf, TravellingClock, VirtualClock
from mockstore.world.notes import Note, read_notes
from mockstore.world.seams import Clock, Store, Transport
from mockstore.world.store_memory import MemoryStore
from mockstore.world.transports.address_policy import AddressPolicy, anywhere, beyond_metadata, public_only
from mockstore.world.transports.router import Router, http_network

ClockName = Literal["virtual", "travel", "system"]

_BUSY = frozenset({429, 503})
"""The statuses whose `Retry-After` is followed."""

_CLOCKS: Mapping[str, Callable[..., Clock]] = {
    "virtual": VirtualClock,
    "travel": TravellingClock,
    "system": RunningClock,
}


class Pump(Protocol):
    """Runs what is due: on the caller's thread (tests), or on threads of its own (the server)."""

    raised: MutableSequence[BaseException]
    """Exceptions that nobody has looked at yet; on a server only the latest ones."""

    def look(self) -> None:
        """Notice what other servers on the same records have done."""

    def kick(self) -> None:
        """Run what is due now, or have it run."""

    async def akick(self) -> None:
        """Do the same on the running event loop."""

    def deliver_briefly(self) -> bool:
        """Deliver on the caller's thread without waiting for much; return whether to come back soon."""

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Return once nothing is due or under way, or False after `timeout`."""

    def advance(self, by: timedelta) -> None:
        """Move the clock, and run what falls due on the way, in order."""

    async def aadvance(self, by: timedelta) -> None:
        """Do the same on the running event loop."""

    @property
    def pulse(self) -> Pulse:
        """How the deliveries are going."""

    def deferred(self) -> AbstractContextManager[None]:
        """Put off what falls due inside until the next `kick`, `akick` or `deliver_briefly`."""

    def forget(self, clear: Callable[[], None]) -> None:
        """Delete the records by `clear`; an attempt under way is not recorded."""

    def stop(self) -> None:
        """Start no new deliveries; those under way go on."""

    def close(self) -> None:
        """Stop, once what is under way has ended."""


class Options(Struct, frozen=True):
    """The options of a Mockstore that concern its test."""

    strict: bool = True
    """Whether the end of a test, or of a `with` block, judges what went wrong and was never looked at."""
    raise_errors: bool = True
    """Whether an exception of the consumer's code comes out of `emit` and `advance`."""
    url_schemes: tuple[str, ...] = ("http", "https")
    """The URL schemes that webhooks may have."""
    reach: AddressPolicy = anywhere
    """The rule for the addresses of webhooks."""
    webhooks: int | None = None
    """How many webhooks may be registered; None means no limit."""
    history: int | None = None
    """How many finished deliveries are kept; None means all."""

    def __post_init__(self) -> None:
        for name in ("strict", "raise_errors"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidInputError(f"{name} is {value!r}; it must be True or False", field=name)


class Keeping(Struct, frozen=True):
    """The store of a tenant, and what distinguishes its runs over the same records; in memory there is one run."""

    store: Store
    shelf: Shelf | None = None
    salt: str = ""
    """Different for each run with the same seed, so that no id is made twice; empty for the first."""
    root: bytes | None = None
    """The source of keys when there is no seed."""


class Parts(Struct, frozen=True):
    """Everything that a Mockstore owns, or shares with other ones."""

    provider: Provider
    factory: EventFactory
    store: Store
    clock: Clock
    chance: Chance
    engine: Engine
    pump: Pump
    router: Router
    news: News
    options: Options
    tenant: str | None = None
    """The tenant (the header `X-Tenant-ID`); None is the shared one."""
    base_url: str = "/v1"
    """The base URL of the API from outside."""

    def note(self, its_id: str) -> Note:
        """Return a document that is kept among the records beside those of the shop."""
        return Note(self.store, its_id)

    def notes(self) -> Mapping[str, Payload]:
        """Read all such documents that are written, by id."""
        return read_notes(self.store)

    def reset(self) -> None:
        """Remove every record, and reset the clock and the dice. Mounted apps stay."""
        self.pump.forget(self.store.clear)
        self.chance.reseed()
        self.clock.reset()
        self.engine.reset()
        self.pump.raised.clear()

    def close(self) -> None:
        """Stop delivering, and release connections, event loops and the process's time.

        The store is left to whoever opened it: the next Mockstore over the same records may be at work in it already.
        """
        self.pump.close()
        self.router.close()
        self.clock.close()


def provider_with(  # noqa: PLR0913 - what can be said of a provider, each once
    provider: Provider | None,
    *,
    schedule: RetryPolicy | Sequence[timedelta | float] | None = None,
    timeout: timedelta | float | None = None,
    signatures: str | Sequence[str] | None = None,
    retry_after: bool | None = None,
    schemas: Sequence[str | PathLike[str]] = (),
) -> Provider:
    """Return the provider's rules (by default the Petstore's) with the caller's changes.

    `schedule` is the waits between attempts and `timeout` the time for an answer, both as timedelta
    or seconds; `schemas` are folders with further event schemas. `retry_after` is whether `Retry-After` in a 429 or
    503 moves the next attempt (contract 1.3); False ignores it with whatever status it comes.
    """
    rules = provider or petstore()
    if schedule is not None:
        rules = replace(rules, schedule=policy(schedule))
    if timeout is not None:
        rules = replace(rules, timeout=time_limit(timeout))
    if signatures is not None:
        rules = replace(rules, signatures=checked_signatures(signatures) or ())
    if retry_after is not None:
        rules = replace(rules, retry_after_statuses=rules.retry_after_statuses | _BUSY if retry_after else frozenset())
    if schemas:
        rules = replace(rules, catalogue=_catalogue_with(tuple(map(str, schemas))))
    return rules


def in_process_parts(  # noqa: PLR0913 - the composition root names every part once
    provider: Provider,
    *,
    seed: int | None,
    clock: ClockName,
    start: datetime | None,
    factory: EventFactory | None,
    signature_time: SignatureTime,
    options: Options,
) -> Parts:
    """Return the parts of a test: no socket until one is asked for, no thread, no waiting."""
    if clock not in _CLOCKS:
        raise InvalidInputError(f"unknown clock {clock!r}; known clocks: {', '.join(_CLOCKS)}", field="clock")
    if signature_time not in ("wall", "virtual"):
        raise InvalidInputError(
            f"unknown signature_time {signature_time!r}; allowed: wall, virtual", field="signature_time"
        )
    its_clock = _CLOCKS[clock](start) if start is not None else _CLOCKS[clock]()
    store, chance, router, news = MemoryStore(), Chance(seed), Router.in_process(), News()
    engine = Engine(provider, store, its_clock, chance, tell=news.tell, signature_time=signature_time)
    return Parts(
        provider=provider,
        factory=factory if factory is not None and factory.catalogue is provider.catalogue else _factory(provider),
        store=store,
        clock=its_clock,
        chance=chance,
        engine=engine,
        pump=InlinePump(engine, router, is_remote=router.is_remote),
        router=router,
        news=news,
        options=options,
    )


def standalone_rules(settings: Settings) -> Provider:
    """Return the Petstore's rules with the changes in the settings."""
    return provider_with(
        None,
        schedule=settings.schedule,
        timeout=settings.timeout,
        signatures=settings.signatures or None,
        retry_after=settings.retry_after or None,
    )


def reach_of(settings: Settings) -> AddressPolicy:
    """Return the rule for the addresses that a server may deliver to."""
    return public_only if settings.deny_private else beyond_metadata


def standalone_parts(  # noqa: PLR0913 - the composition root names every part once
    settings: Settings,
    *,
    provider: Provider | None = None,
    factory: EventFactory | None = None,
    network: Callable[[], Transport] | None = None,
    tenant: str | None = None,
    observe: Callable[[Observation], None] | None = None,
    keeping: Keeping | None = None,
) -> Parts:
    """Return the parts of a server's tenant: sockets, threads that start with the first delivery, time that runs.

    `provider`, `factory` and `network` may be shared by many; what `network` returns is closed by each, and
    without `network` there is one that reaches what the settings allow. `observe` is told what happens. `keeping` is
    where it outlives the process, if it does.
    """
    rules = provider or standalone_rules(settings)
    kept = keeping or Keeping(MemoryStore())
    store, chance = kept.store, Chance(settings.seed, salt=kept.salt, root=kept.root)
    clock = RunningClock(EPOCH if settings.clock == "virtual" else None, shelf=kept.shelf)
    router, news = Router.standalone(network or partial(http_network, reach_of(settings))), News()
    engine = Engine(
        rules,
        store,
        clock,
        chance,
        tell=news.tell,
        signature_time=settings.signature_time,
        observe=observe,
        history=settings.history,
    )
    return Parts(
        provider=rules,
        factory=factory or _factory(rules),
        store=store,
        clock=clock,
        chance=chance,
        engine=engine,
        pump=WorkerPump(
            engine,
            router,
            threads=settings.threads,
            follow=clock.follow,
            begin=router.begin if keeping is None else None,
        ),
        router=router,
        news=news,
        options=_server_options(settings),
        tenant=tenant,
    )


def _server_options(settings: Settings) -> Options:
    return Options(
        strict=False,
        raise_errors=False,
        url_schemes=("https",) if settings.require_https else ("http", "https"),
        reach=reach_of(settings),
        webhooks=settings.webhooks,
        history=settings.history,
    )


def _factory(provider: Provider) -> EventFactory:
    return EventFactory(provider.catalogue)


@lru_cache(maxsize=8)
def _catalogue_with(folders: tuple[str, ...]) -> Catalogue:
    return Catalogue.with_folders(folders)
