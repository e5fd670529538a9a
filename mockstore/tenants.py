"""The Mockstores of a server: one for each tenant, made at its first request, and one for requests without tenant."""

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
"""Each check of the database opens at most a tenth of the tenants allowed (1 / `TURNS`), to spread the load."""
CLOSERS: Final = 32
"""How many threads close tenants at the same time."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Tenant(Struct, frozen=True):
    """The Mockstore of one tenant, with its pump and its inbox at the server."""

    mockstore: Mockstore
    inbox: ServedInbox
    pump: Pump | None = None
    """The pump that delivers its webhooks on threads; None when there is none."""
    id: str | None = None
    """The tenant's id; None for the shared one."""
    store: Store | None = None
    """The store for `together`; None means no transaction."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all changes inside or none, in one transaction; deliver afterwards what they have made due."""
        with self.deferred(), nullcontext() if self.store is None else self.store.transaction():
            yield
        self.kick()

    def look(self) -> None:
        """Notice the changes of other servers on the same database, and deliver what is due."""
        if self.pump is not None:
            self.pump.look()

    def deferred(self) -> AbstractContextManager[None]:
        """Postpone the deliveries that become due inside until the next `kick` or `deliver_briefly`."""
        return nullcontext() if self.pump is None else self.pump.deferred()

    def kick(self) -> None:
        """Deliver what is due."""
        if self.pump is not None:
            self.pump.kick()

    def deliver_briefly(self) -> bool:
        """Deliver on the caller's thread without blocking for long; return whether to call again soon."""
        return self.pump is not None and self.pump.deliver_briefly()

    def reset(self) -> None:
        """Delete all records, and reset clock and random numbers."""
        self.mockstore.reset()

    def stop(self) -> None:
        """Start no new attempts; those in progress continue."""
        if self.pump is not None:
            self.pump.stop()

    def close(self) -> None:
        """Stop delivering, after the attempts in progress have ended."""
        with suppress(StoreUnavailableError):  # its claims are freed when the server ends
            self.mockstore.close()


class Tenants:
    """The Mockstores of a server. They share rules, event factory and connections, and are isolated otherwise.

    At most `settings.tenants` are open besides the shared one; the one without requests for longest is closed to make
    room. `observe` is called with the tenant's id and each observation. With `settings.database` the records outlive
    the process: a closed tenant keeps its records, and is opened again for its pending deliveries. Raises
    `StartupError` when the database cannot be opened.
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
        self._lock = Lock()  # held only briefly: no tenant is opened or closed under it
        self._open: OrderedDict[str, Tenant] = OrderedDict()
        self._tenant_locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        """Locks by tenant: only one thread at a time opens or closes a tenant."""
        self._closing_threads: list[Thread] = []
        """The threads that close tenants to make room."""
        self.closing = Event()
        """Set when the server closes: requests that wait for something must stop waiting."""
        self._records = None if settings.database is None else Records(settings.database)
        self._stale: set[str | None] = set()
        """Tenants whose records or clock another server may have changed; they `look` before their next request."""
        self._made_room = False
        with ExitStack() as stack:
            if self._records is not None:
                stack.callback(self._records.close)
            self._shared = self._make(None)
            stack.pop_all()
        self._watching = None if self._records is None else Rounds(self._watch, "mockstore-watch", until=self.closing)

    def of(self, tenant_id: str | None) -> Mockstore:
        """Return the tenant's Mockstore, or the shared one for None; raise `InvalidInputError` if the id is no UUID."""
        return self.tenant(tenant_id).mockstore

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the tenant, or the shared one for None; raise `InvalidInputError` when the id is no UUID."""
        found = self._shared if tenant_id is None else self._named(checked_tenant(tenant_id))
        if self._stale and found.id in self._stale:
            self._stale.discard(found.id)
            with suppress(StoreUnavailableError):  # the request gets the error when it uses the store
                found.look()
        return found

    def _named(self, id_: str) -> Tenant:
        return self._find(id_) or self._find_or_open(id_)

    def _find(self, id_: str) -> Tenant | None:
        with self._lock:
            if id_ in self._open:
                self._open.move_to_end(id_)
            return self._open.get(id_)

    def _find_or_open(self, id_: str) -> Tenant:
        with self._lock_of(id_):
            found = self._find(id_)  # another thread may have opened it meanwhile
            return self._keep(self._make(id_)) if found is None else found

    def _lock_of(self, id_: str) -> Lock:
        with self._lock:
            return self._tenant_locks.setdefault(id_, Lock())

    def _keep(self, tenant: Tenant) -> Tenant:
        """Add an open tenant; if there are too many, close the one without requests for longest."""
        idle = None
        with self._lock:
            self._open[str(tenant.id)] = tenant
            if len(self._open) > self._settings.tenants:
                _, idle = self._open.popitem(last=False)
                self._made_room = True
        if idle is not None:
            self._close_elsewhere(idle)
        if self.closing.is_set():
            tenant.stop()
        return tenant

    def _close_elsewhere(self, idle: Tenant) -> None:
        """Close a tenant on another thread, since that may have to wait for a receiver."""
        with self._lock:
            self._closing_threads = [one for one in self._closing_threads if one.is_alive()]
            if len(self._closing_threads) < CLOSERS:
                with suppress(RuntimeError):  # the system cannot start a thread
                    self._closing_threads.append(started(idle.close, "mockstore-close"))
                    return
        idle.close()

    def renew(self) -> None:
        """Replace all tenants by new ones, and close the old ones. Only without a database."""
        shared = self._make(None)
        with self._lock:
            old = [self._shared, *self._open.values()]
            self._open.clear()
            self._shared = shared
        for tenant in old:
            tenant.close()

    def change(self, tenant_id: str, settings: Settings, provider: Provider) -> Tenant:
        """Replace a tenant by a new one with rules of its own, which apply until it is removed."""
        id_ = checked_tenant(tenant_id)
        with ExitStack() as afterwards, self._lock_of(id_):
            self._remove(id_, afterwards)
            changed = self._make(id_, settings, provider)
            changed.reset()  # the database has the old clock, and the new settings may say another kind
            return self._keep(changed)

    def forget(self, tenant_id: str) -> None:
        """Remove a tenant; the next request for it gets a new one with the server's rules."""
        id_ = checked_tenant(tenant_id)
        with ExitStack() as afterwards, self._lock_of(id_):
            self._remove(id_, afterwards)

    def _remove(self, id_: str, afterwards: ExitStack) -> None:
        """Remove a tenant and all its records, in the database as well; add its `close` to `afterwards`.

        Closing may have to wait for a receiver, and the receiver may send a request for the same tenant.
        """
        with self._lock:
            old = self._open.pop(id_, None)
        if old is None and self._records is not None:
            old = self._make(id_)
        if old is not None:
            afterwards.callback(old.close)
            old.reset()

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the open tenants, the one without requests for longest first."""
        with self._lock:
            return list(self._open)

    @property
    def broken(self) -> Sequence[str]:
        """The names of the database's background threads that have ended before they should."""
        if self._records is None or self._watching is None:
            return ()
        return [one.name for one in (self._records.beating, self._watching) if one.broken]

    def __len__(self) -> int:
        return len(self._open) + 1

    def __iter__(self) -> Iterator[Tenant]:
        with self._lock:
            return iter([self._shared, *self._open.values()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def stop(self) -> None:
        """Start no new attempts, and wake requests that wait for something; attempts in progress continue."""
        self.closing.set()
        for tenant in self:
            tenant.stop()

    def close(self) -> None:
        """Stop delivering, after the attempts in progress have ended, and release claims and connections."""
        self.stop()
        with ExitStack() as stack:
            stack.callback(self._network.close)
            if self._records is not None:
                stack.callback(self._records.close)  # the heartbeat goes on until then
            if self._watching is not None:
                self._watching.join()
            for thread in self._closing_threads:
                thread.join()
            _close_all(list(self))

    def _watch(self) -> None:
        """Deliver what was pending when the server started, and what other servers have made due."""
        with suppress(StoreUnavailableError):  # the next check may find the database available
            self._look_at_all()

    def _look_at_all(self) -> None:
        records = self._records
        if records is None:
            return
        if records.database.shared:
            self._stale = {None, *self.ids}
        elif records.looked and not self._made_room:
            return
        at_work, open_now = records.database.tenants_at_work(), {None, *self.ids}
        closed = [one for one in at_work if one not in open_now]
        for tenant_id in [*(open_now & set(at_work)), *closed[: max(1, self._settings.tenants // TURNS)]]:
            if self.closing.is_set():
                return
            (self._shared if tenant_id is None else self._named(tenant_id)).look()
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
    """Close the tenants in parallel, since each may have to wait for a receiver."""
    if len(tenants) == 1:
        tenants[0].close()
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only needed at the end of a server with tenants

    with ThreadPoolExecutor(min(len(tenants), CLOSERS)) as threads:
        list(threads.map(Tenant.close, tenants))
