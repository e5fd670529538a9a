"""One server process's access to its database: its number there, the stores of its tenants, their clocks."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from sqlalchemy import Engine, bindparam, delete, insert, select, union

from mockstore.errors import StartupError, StoreUnavailableError
from mockstore.world.store_sql import claims
from mockstore.world.store_sql.address import Address, parse_address
from mockstore.world.store_sql.connections import Connections, TenantLock
from mockstore.world.store_sql.filelock import FileLock
from mockstore.world.store_sql.opening import opened
from mockstore.world.store_sql.records import microseconds, moment_of, span, tenant_key, tenant_of
from mockstore.world.store_sql.statements import Upserts
from mockstore.world.store_sql.store import SqlStore
from mockstore.world.store_sql.tables import OF_TENANTS, clocks, deliveries

_TENANTS_WITH_PENDING: Final = select(deliveries.c.tenant).where(deliveries.c.state == "pending").distinct()
_TENANTS: Final = union(*(select(table.c.tenant) for table in (*OF_TENANTS, clocks)))
_CLOCK: Final = select(clocks).where(clocks.c.tenant == bindparam("of"))
_SAVE_CLOCK: Final = insert(clocks).values({column.name: bindparam(column.name) for column in clocks.c})
_DELETE_CLOCK: Final = delete(clocks).where(clocks.c.tenant == bindparam("of"))


class Database:
    """One database, as one server process uses it; make it with `open`. Safe for many threads."""

    def __init__(self, engine: Engine, address: Address, lock: FileLock | None, now: Callable[[], datetime]) -> None:
        self.url = address.text
        """Its URL with the password masked."""
        self.shared = address.shared
        """Whether other server processes may use it at the same time."""
        self.number, self.root = opened(engine, address, now())
        self._lock = lock
        self._now = now
        self._connections = Connections(engine, self.url, shared=self.shared)
        self._upserts = Upserts(shared=self.shared)
        self._stores: dict[str, SqlStore] = {}
        self._guard = Lock()
        self._latest = 0

    @classmethod
    def open(cls, url: str, *, now: Callable[[], datetime]) -> Self:
        """Open the database at `url`, and make its tables when it is empty.

        `now` returns the time by which the records are ordered. Raises `StartupError` for a URL that is not supported,
        a driver that is missing, a database that cannot be reached or has another version, and a SQLite file that
        another server uses.
        """
        address = parse_address(url)
        engine = address.engine()
        lock = None if address.path is None else _lock(address.path, address.text)
        try:
            return cls(engine, address, lock, now)
        except BaseException:
            engine.dispose()
            if lock is not None:
                lock.remove()  # leave no file beside a database that was refused
            raise

    def store(self, tenant: str | None) -> SqlStore:
        """Return the tenant's store: the same one until it is closed."""
        key = tenant_key(tenant)
        with self._guard:
            store = self._stores.get(key)
            if store is None:
                store = SqlStore(
                    self._connections,
                    self._upserts,
                    tenant=key,
                    server=self.number,
                    stamp=self._stamp,
                    closed=self._remove_store,
                )
                self._stores[key] = store
            return store

    def tenants_at_work(self) -> list[str | None]:
        """Return the tenants that have pending deliveries."""
        return [tenant_of(row.tenant) for row in self._connections.rows(_TENANTS_WITH_PENDING)]

    def tenants(self) -> list[str | None]:
        """Return the tenants that have any record or a saved clock."""
        return [tenant_of(row.tenant) for row in self._connections.rows(_TENANTS)]

    def clock(self, tenant: str | None) -> tuple[timedelta, datetime | None] | None:
        """Return the arguments of the latest `save_clock` for the tenant, or None."""
        for row in self._connections.rows(_CLOCK, {"of": tenant_key(tenant)}):
            return timedelta(microseconds=row.ahead), None if row.frozen_at is None else moment_of(row.frozen_at)
        return None

    def save_clock(self, tenant: str | None, ahead: timedelta, frozen_at: datetime | None) -> None:
        """Save how far the tenant's clock is ahead, and the moment at which it is frozen, None when it runs."""
        key = tenant_key(tenant)
        values: dict[str, Any] = {"tenant": key, "ahead": span(ahead)}
        values["frozen_at"] = None if frozen_at is None else microseconds(frozen_at)
        with self._connections.transaction(TenantLock(key)) as session:
            session.change(_DELETE_CLOCK, {"of": key})
            session.change(_SAVE_CLOCK, values)

    def beat(self) -> None:
        """Record this server's heartbeat, and free the claims of servers that have stopped; call it every `BEAT`."""
        if not self.shared:
            return
        with self._connections.transaction() as session:
            session.change(claims.BEAT_NOW, {"server": self.number})
        with self._connections.transaction() as session:
            gone = [row.claimed_by for row in session.rows(claims.GONE)]
            if gone:
                session.change(claims.FREE, {"gone": gone})
        if gone:
            for store in self._open_stores():
                store.look()

    def close(self) -> None:
        """Release the claims, the connections and the lock of the file."""
        with suppress(StoreUnavailableError), self._connections.transaction() as session:
            session.change(claims.FREE, {"gone": [self.number]})
            session.change(claims.END, {"server": self.number})
        self._connections.dispose()
        if self._lock is not None:
            self._lock.close()

    def _open_stores(self) -> list[SqlStore]:
        with self._guard:
            return list(self._stores.values())

    def _remove_store(self, store: SqlStore) -> None:
        with self._guard:
            if self._stores.get(store.tenant) is store:
                del self._stores[store.tenant]

    def _stamp(self) -> int:
        """Return the current time in microseconds, but always more than the time before."""
        with self._guard:
            self._latest = max(microseconds(self._now()), self._latest + 1)
            return self._latest


def _lock(path: Path, url: str) -> FileLock:
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        taken = lock.take()
    except OSError as error:
        raise StartupError(
            f"cannot open {url}: {error.strerror} ({lock.path}); see that its folder exists and may be written"
        ) from None
    if not taken:
        raise StartupError(
            f"{url} is used by another server now: stop that, or name another file; servers can share a PostgreSQL"
        )
    return lock
