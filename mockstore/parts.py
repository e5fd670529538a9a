"""What a Mockstore is put together from, for a test and for the server."""

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
from mockstore.world.transports.reach import Reach, anywhere, beyond_metadata, public_only
from mockstore.world.transports.router import Router, http_network

ClockName = Literal["virtual", "travel", "system"]

_BUSY = frozenset({429, 503})
"""Statuses with which a receiver may say when to come again."""

_CLOCKS: Mapping[str, Callable[..., Clock]] = {
    "virtual": VirtualClock,
    "travel": TravellingClock,
    "system": RunningClock,
}


class Pump(Protocol):
    """Runs what is due: on the caller's thread (tests), or on threads of its own (the server)."""

    raised: MutableSequence[BaseException]
    """What nobody has seen yet; on a server the latest ones."""

    def look(self) -> None:
        """Take note of what others over the same records have done."""

    def kick(self) -> None:
        """Have run what is due now."""

    async def akick(self) -> None:
        """Do the same on the running event loop."""

    def moment(self) -> bool:
        """Deliver for a moment on the caller's thread, which waits for nothing; return whether to come back at once."""

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Return once nothing is due or under way, or False after `timeout`."""

    def advance(self, by: timedelta) -> None:
        """Move the clock, and have run what falls due on the way, in order."""

    async def aadvance(self, by: timedelta) -> None:
        """Do the same on the running event loop."""

    @property
    def pulse(self) -> Pulse:
        """How the deliveries are going."""

    def deferred(self) -> AbstractContextManager[None]:
        """Leave what falls due inside to the next `kick`, `akick` or `moment`."""

    def forget(self, clear: Callable[[], None]) -> None:
        """Have `clear` forget the records; an attempt that is under way is not recorded."""

    def stop(self) -> None:
        """Take nothing new up from now on; what is under way goes on."""

    def close(self) -> None:
        """Stop, once what is under way has ended."""


class Options(Struct, frozen=True):
    """How a Mockstore behaves towards the test that holds it."""

    strict: bool = True
    """Whether the end of a test, or of a `with` block, judges what went wrong and was never looked at."""
    raise_errors: bool = True
    """Whether an exception of the consumer's code comes out of `emit` and `advance`."""
    url_schemes: tuple[str, ...] = ("http", "https")
    """Which URLs a registration may have."""
    reach: Reach = anywhere
    """Which addresses it may name."""
    webhooks: int | None = None
    """How many webhooks may be registered; None is no limit."""
    history: int | None = None
    """How much of what happened is remembered; None is everything."""

    def __post_init__(self) -> None:
        for name in ("strict", "raise_errors"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidInputError(f"{name} is {value!r}; it must be True or False", field=name)


class Keeping(Struct, frozen=True):
    """Where a tenant's world is kept, and what tells its runs apart; with the store alone, it is the only run."""

    store: Store
    shelf: Shelf | None = None
    salt: str = ""
    """Another one for each run of the same seed, so that no id is made twice; none for the first."""
    root: bytes | None = None
    """What keys are made of when there is no seed."""


class Parts(Struct, frozen=True):
    """Everything that a Mockstore owns, or shares with others of its kind."""

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
    """Whose world it is (the header `X-Tenant-ID`); None is the shared one."""
    base_url: str = "/v1"
    """Where the API is found from outside."""

    def note(self, its_id: str) -> Note:
        """Return a document among the records that is none of the shop's."""
        return Note(self.store, its_id)

    def notes(self) -> Mapping[str, Payload]:
        """Read all such documents that are written, by id."""
        return read_notes(self.store)

    def reset(self) -> None:
        """Forget every record; start time and chance anew. What is mounted stays."""
        self.pump.forget(self.store.clear)
        self.chance.reseed()
        self.clock.reset()
        self.engine.reset()
        self.pump.raised.clear()

    def close(self) -> None:
        """Stop delivering, and give back connections, loops and the process's time.

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
    """Return the provider's rules (the Petstore's by default) with what the caller wants different.

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
    """Return the Petstore's rules with what the settings want different."""
    return provider_with(
        None,
        schedule=settings.schedule,
        timeout=settings.timeout,
        signatures=settings.signatures or None,
        retry_after=settings.retry_after or None,
    )


def reach_of(settings: Settings) -> Reach:
    """Return where a server's deliveries may go."""
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
