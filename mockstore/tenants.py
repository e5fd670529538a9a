"""The Mockstores of a server: one for each tenant, made with its first request, and one for requests without tenant."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

from msgspec import Struct

from mockstore.durable import Records, Rounds, started
from mockstore.errors import InvalidInputError, StoreUnavailableError
from mockstore.events import EventFactory
from mockstore.model import Observation
from mockstore.parts import Pump, reach_of, standalone_parts, standalone_rules
from mockstore.provider import Provider
from mockstore.served_inbox import ServedInbox
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.world.seams import Store
from mockstore.world.transports.shared import SharedNetwork

TURNS: Final = 10
"""The number of checks of the database over which the opening of all tenants is spread, at least."""
CLOSERS: Final = 32
"""How many tenants are closed at once."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Tenant(Struct, frozen=True):
    """The Mockstore of one tenant, with its pump and its inbox at the server."""

    mockstore: Mockstore
    inbox: ServedInbox
    pump: Pump | None = None
    """Its pump, where that runs on threads."""
    id: str | None = None
    """The tenant's id; None for the shared one."""
    store: Store | None = None
    """Its store; None where that cannot fail."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Record all or nothing of what happens inside; what that makes due is delivered afterwards."""
        with self.deferred(), nullcontext() if self.store is None else self.store.transaction():
            yield
        self.kick()

    def look(self) -> None:
        """Notice what other servers on the same records have done, and deliver what is due."""
        if self.pump is not None:
            self.pump.look()

    def deferred(self) -> AbstractContextManager[None]:
        """Put off what falls due inside until the next `kick` or `deliver_briefly`."""
        return nullcontext() if self.pump is None else self.pump.deferred()

    def kick(self) -> None:
        """Deliver what is due."""
        if self.pump is not None:
            self.pump.kick()

    def deliver_briefly(self) -> bool:
        """Deliver on the caller's thread without waiting for much; return whether to come back soon."""
        return self.pump is not None and self.pump.deliver_briefly()

    def reset(self) -> None:
        """Forget everything."""
        self.mockstore.reset()

    def stop(self) -> None:
        """Start no new deliveries; those under way go on."""
        if self.pump is not None:
            self.pump.stop()

    def close(self) -> None:
        """Stop its deliveries, when those under way have ended."""
        with suppress(StoreUnavailableError):  # its claims end with the server then
            self.mockstore.close()


class Tenants:
    """The Mockstores of a server. They share rules, factory and connections; nothing else passes between them.

    At most `settings.tenants` are kept beside the shared one; the one that was silent longest makes room. `observe` is
    told what happens in any of them, and whose it is. With `settings.database` nothing is lost with the process: who
    makes room is only closed, and whoever has something to be delivered is opened for that. Raises `StartupError` when
    the database cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        provider: Provider | None = None,
        observe: Callable[[str | None, Observation], None] | None = None,
    ) -> None:
        self._settings = settings
        self._observe = observe
        self._provider = provider or standalone_rules(settings)
        self._factory = EventFactory(self._provider.catalogue)
        self._network = SharedNetwork(reach_of(settings))
        self._lock = Lock()  # held for a few steps only: no world is opened or closed under it
        self._kept: OrderedDict[str, Tenant] = OrderedDict()
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        """Locks by tenant: only one thread at a time opens or closes a tenant."""
        self._leaving: list[Thread] = []
        """The threads that close tenants which had to make room."""
        self.closing = Event()
        """Set when requests that wait for something should stop waiting."""
        self._records = None if settings.database is None else Records(settings.database)
        self._stale: set[str | None] = set()
        """Tenants whose clock another server may have moved in the last second."""
        self._made_room = False
        with ExitStack() as stack:
            if self._records is not None:
                stack.callback(self._records.close)
            self._shared = self._make(None)
            stack.pop_all()
        self._watching = None if self._records is None else Rounds(self._watch, "mockstore-watch", until=self.closing)

    def of(self, tenant_id: str | None) -> Mockstore:
        """Return the tenant's Mockstore, for None the shared one; raise `InvalidInputError` if the id is not a UUID."""
        return self.tenant(tenant_id).mockstore

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the tenant, for None the shared one; raise `InvalidInputError` when the id is not a UUID."""
        found = self._shared if tenant_id is None else self._own(checked_tenant(tenant_id))
        if self._stale and found.id in self._stale:
            self._stale.discard(found.id)
            with suppress(StoreUnavailableError):  # whoever needs the store will hear of it
                found.look()
        return found

    def _own(self, id_: str) -> Tenant:
        return self._known(id_) or self._opened(id_)

    def _known(self, id_: str) -> Tenant | None:
        with self._lock:
            if id_ in self._kept:
                self._kept.move_to_end(id_)
            return self._kept.get(id_)

    def _opened(self, id_: str) -> Tenant:
        with self._turn(id_):
            found = self._known(id_)  # another thread may have been faster
            return self._keep(self._make(id_)) if found is None else found

    def _turn(self, id_: str) -> Lock:
        with self._lock:
            return self._turns.setdefault(id_, Lock())

    def _keep(self, tenant: Tenant) -> Tenant:
        """Keep a tenant; when there are too many, the one that was silent for longest is closed."""
        silent = None
        with self._lock:
            self._kept[str(tenant.id)] = tenant
            if len(self._kept) > self._settings.tenants:
                _, silent = self._kept.popitem(last=False)
                self._made_room = True
        if silent is not None:
            self._leave(silent)
        if self.closing.is_set():
            tenant.stop()
        return tenant

    def _leave(self, silent: Tenant) -> None:
        """Close a tenant on another thread, since that may have to wait for a receiver."""
        with self._lock:
            self._leaving = [one for one in self._leaving if one.is_alive()]
            if len(self._leaving) < CLOSERS:
                with suppress(RuntimeError):  # no further thread can be started
                    self._leaving.append(started(silent.close, "mockstore-close"))
                    return
        silent.close()

    def renew(self) -> None:
        """Replace all tenants by new ones, after deliveries under way have ended. Only without a database."""
        shared = self._make(None)
        with self._lock:
            old = [self._shared, *self._kept.values()]
            self._kept.clear()
            self._shared = shared
        for tenant in old:
            tenant.close()

    def change(self, tenant_id: str, settings: Settings, provider: Provider) -> Tenant:
        """Replace one tenant by a new one with rules of its own, which apply until it is removed."""
        id_ = checked_tenant(tenant_id)
        with ExitStack() as afterwards, self._turn(id_):
            self._take_away(id_, afterwards)
            changed = self._make(id_, settings, provider)
            changed.reset()  # a database keeps the old clock: it is to stand or run as the new rules say
            return self._keep(changed)

    def forget(self, tenant_id: str) -> None:
        """Remove one tenant; the next request for it gets a new one with the server's rules."""
        id_ = checked_tenant(tenant_id)
        with ExitStack() as afterwards, self._turn(id_):
            self._take_away(id_, afterwards)

    def _take_away(self, id_: str, afterwards: ExitStack) -> None:
        """Remove all records of a tenant, in the database as well; it is closed `afterwards`.

        That may have to wait for a receiver, which may ask for the same tenant.
        """
        with self._lock:
            old = self._kept.pop(id_, None)
        if old is None and self._records is not None:
            old = self._make(id_)
        if old is not None:
            afterwards.callback(old.close)
            old.reset()

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the tenants that are open, the one that was silent for longest first."""
        with self._lock:
            return list(self._kept)

    @property
    def broken(self) -> Sequence[str]:
        """The names of background threads of the database that have ended by an error."""
        if self._records is None or self._watching is None:
            return ()
        return [one.name for one in (self._records.beating, self._watching) if one.broken]

    def __len__(self) -> int:
        return len(self._kept) + 1

    def __iter__(self) -> Iterator[Tenant]:
        with self._lock:
            return iter([self._shared, *self._kept.values()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def stop(self) -> None:
        """Start no new deliveries, and wake those who wait for something; attempts under way go on."""
        self.closing.set()
        for tenant in self:
            tenant.stop()

    def close(self) -> None:
        """Stop all deliveries after those under way have ended, and release claims and connections."""
        self.stop()
        with ExitStack() as stack:
            stack.callback(self._network.close)
            if self._records is not None:
                stack.callback(self._records.close)  # until then the server says that it lives
            if self._watching is not None:
                self._watching.join()
            for thread in self._leaving:
                thread.join()
            _close_all(list(self))

    def _watch(self) -> None:
        """Deliver everything that is due: what was left from before, and what other servers have made due."""
        with suppress(StoreUnavailableError):  # the next look may find it there
            self._look_around()

    def _look_around(self) -> None:
        records = self._records
        if records is None:
            return
        if records.database.shared:
            self._stale = {None, *self.ids}
        elif records.looked and not self._made_room:
            return
        at_work, open_now = records.database.tenants_at_work(), {None, *self.ids}
        shut = [one for one in at_work if one not in open_now]
        for tenant_id in [*(open_now & set(at_work)), *shut[: max(1, self._settings.tenants // TURNS)]]:
            if self.closing.is_set():
                return
            (self._shared if tenant_id is None else self._own(tenant_id)).look()
        records.looked = True

    def _make(
        self, tenant_id: str | None, settings: Settings | None = None, provider: Provider | None = None
    ) -> Tenant:
        parts = standalone_parts(
            settings or self._settings,
            provider=provider or self._provider,
            factory=self._factory,
            network=self._network.lend,
            tenant=tenant_id,
            observe=None if self._observe is None else partial(self._observe, tenant_id),
            keeping=None if self._records is None else self._records.keeping(tenant_id),
        )
        mockstore = Mockstore(parts)
        return Tenant(mockstore, ServedInbox(mockstore), parts.pump, tenant_id, parts.store)


def checked_tenant(tenant_id: str) -> str:
    """Return the id in lower case; raise `InvalidInputError` unless it is a UUID (contract 2)."""
    lowered = tenant_id.strip().lower()
    if _UUID.fullmatch(lowered) is None:
        raise InvalidInputError(
            f"{tenant_id!r} is no tenant: send a UUID such as 019b4132-70aa-764f-b315-e2803d882a24, or no such header "
            f"for the pool that all share",
            field="X-Tenant-ID",
            code="invalid_tenant",
        )
    return lowered


def _close_all(tenants: Sequence[Tenant]) -> None:
    """Close them in parallel: each may have to wait for a receiver."""
    if len(tenants) == 1:
        tenants[0].close()
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for the end of a server with tenants

    with ThreadPoolExecutor(min(len(tenants), CLOSERS)) as threads:
        list(threads.map(Tenant.close, tenants))
