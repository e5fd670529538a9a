"""Builds the parts of a Mockstore, for a test and for a server."""

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
    """Makes the attempts that are due: on the caller's thread (tests), or on threads of its own (the server)."""

    raised: MutableSequence[BaseException]
    """Exceptions that have not been looked at yet; on a server only the latest ones."""

    def look(self) -> None:
        """Notice the changes of other servers on the same database."""

    def kick(self) -> None:
        """Deliver what is due now, or have threads deliver it."""

    async def akick(self) -> None:
        """Do the same on the running event loop."""

    def deliver_briefly(self) -> bool:
        """Deliver on the caller's thread without blocking for long; return whether to call again soon."""

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Wait until nothing is due and no attempt is in progress; return False when `timeout` passes first."""

    def advance(self, by: timedelta) -> None:
        """Move the clock forward, and deliver what becomes due on the way, in order."""

    async def aadvance(self, by: timedelta) -> None:
        """Do the same on the running event loop."""

    @property
    def pulse(self) -> Pulse:
        """The number of attempts in progress, and of threads that have died."""

    def deferred(self) -> AbstractContextManager[None]:
        """Postpone the deliveries that become due inside until the next `kick`, `akick` or `deliver_briefly`."""

    def forget(self, clear: Callable[[], None]) -> None:
        """Delete the records by calling `clear`; attempts in progress are not recorded."""

    def stop(self) -> None:
        """Start no new attempts; those in progress continue."""

    def close(self) -> None:
        """Stop, after the attempts in progress have ended."""


class Options(Struct, frozen=True):
    """The options of a Mockstore that concern its test."""

    strict: bool = True
    """Whether the end of a test, or of a `with` block, fails for failures that the test has not looked at."""
    raise_errors: bool = True
    """Whether `emit` and `advance` raise an exception of the consumer's code."""
    url_schemes: tuple[str, ...] = ("http", "https")
    """The URL schemes that webhooks may have."""
    reach: AddressPolicy = anywhere
    """The rule for the IP addresses of webhooks."""
    webhooks: int | None = None
    """How many webhooks may be registered; None means no limit."""
    history: int | None = None
    """How many finished deliveries are kept; None keeps all."""

    def __post_init__(self) -> None:
        for name in ("strict", "raise_errors"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidInputError(f"{name} is {value!r}; it must be True or False", field=name)


class Keeping(Struct, frozen=True):
    """The store of a tenant, its saved clock, and what makes ids and keys differ between runs on the same records."""

    store: Store
    shelf: Shelf | None = None
    salt: str = ""
    """Differs in each run with the same seed, so that no id is made twice; empty in the first run."""
    root: bytes | None = None
    """The secret from which keys are derived when there is no seed."""


class Parts(Struct, frozen=True):
    """All objects that a Mockstore owns, or shares with other ones."""

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
    """The tenant's id (the header `X-Tenant-ID`); None is the shared one."""
    base_url: str = "/v1"
    """The base URL of the API, as clients see it."""

    def note(self, its_id: str) -> Note:
        """Return the note with this id: a document in the store that is no resource of the shop."""
        return Note(self.store, its_id)

    def notes(self) -> Mapping[str, Payload]:
        """Return the content of all notes that exist, by id."""
        return read_notes(self.store)

    def reset(self) -> None:
        """Delete all records, and reset the clock and the random numbers. Mounted apps stay."""
        self.pump.forget(self.store.clear)
        self.chance.reseed()
        self.clock.reset()
        self.engine.reset()
        self.pump.raised.clear()

    def close(self) -> None:
        """Stop delivering, and release connections, event loops and the time of the process.

        The store stays open: another Mockstore may be using it already.
        """
        self.pump.close()
        self.router.close()
        self.clock.close()


def provider_with(  # noqa: PLR0913 - one parameter for each rule that can be changed
    provider: Provider | None,
    *,
    schedule: RetryPolicy | Sequence[timedelta | float] | None = None,
    timeout: timedelta | float | None = None,
    signatures: str | Sequence[str] | None = None,
    retry_after: bool | None = None,
    schemas: Sequence[str | PathLike[str]] = (),
) -> Provider:
    """Return the provider's rules (by default the Petstore's) with the caller's changes.

    `schedule` lists the waits between attempts and `timeout` limits the time for a response, both as timedelta or
    seconds; `schemas` are folders with more event schemas. `retry_after` says whether `Retry-After` in a 429 or 503
    moves the next attempt (contract 1.3); False ignores it with every status.
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
    """Return the parts for a test: no threads, no waiting, and no socket until one is needed."""
    if clock not in _CLOCKS:
        raise InvalidInputError(f"unknown clock {clock!r}; known clocks: {', '.join(_CLOCKS)}", field="clock")
    if signature_time not in ("wall", "virtual"):
        raise InvalidInputError(
            f"unknown signature_time {signature_time!r}; allowed: wall, virtual", field="signature_time"
        )
    chosen_clock = _CLOCKS[clock](start) if start is not None else _CLOCKS[clock]()
    store, chance, router, news = MemoryStore(), Chance(seed), Router.in_process(), News()
    engine = Engine(provider, store, chosen_clock, chance, tell=news.tell, signature_time=signature_time)
    return Parts(
        provider=provider,
        factory=factory if factory is not None and factory.catalogue is provider.catalogue else _factory(provider),
        store=store,
        clock=chosen_clock,
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
    """Return the rule for the IP addresses that a server may deliver to."""
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
    """Return the parts for a server's tenant: sockets, a running clock, threads that start with the first delivery.

    `provider`, `factory` and `network` may be shared by many tenants; each closes the transport that `network`
    returns. Without `network` there is one that delivers to the addresses that the settings allow. `observe` is called
    with each observation. `keeping` has the store and clock in a database; None keeps both in memory.
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
