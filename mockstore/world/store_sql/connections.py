"""Connections, transactions and their failures. Only this module executes statements."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import blake2b
from threading import Lock, local
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Engine, Executable, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from mockstore.errors import StoreUnavailableError
from mockstore.world.store_sql.address import LOCKED
from mockstore.world.store_sql.prepared import Prepared, Row

PATIENCE: Final = timedelta(seconds=30)
"""How long a call waits for the lock that other threads hold."""

STILL_LOCKED: Final = 200
"""How many milliseconds a transaction waits for a locked SQLite file after the one before has timed out."""

Values = Mapping[str, Any]
_NONE: Final[Values] = MappingProxyType({})

_NOT_SAVED: Final = ", and what was asked for is not kept"
_MAYBE_SAVED: Final = ", and what was asked for may have been kept"
"""The parts of an error text that execute what has become of a change; a read has none."""

_CURSOR: Final = "cursor"
"""The key under which a connection's only cursor is kept in the pool's record of the connection."""


class TenantLock:
    """The lock by which the transactions of one tenant follow one another."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.lock = Lock()
        self.number = int.from_bytes(blake2b(tenant.encode(), digest_size=8).digest(), signed=True)
        """The tenant's number for PostgreSQL's advisory locks."""
        self.sql = f"SELECT pg_advisory_xact_lock({self.number})"


class Connections:
    """The connection pool that all stores of one process share, and the current transaction of each thread.

    On SQLite one thread writes at a time; the others wait here for a fair lock, since waiting for the file is not fair.
    On PostgreSQL the transactions of one tenant follow one another, in all servers, so what a transaction has read is
    still unchanged when it writes.
    """

    def __init__(self, engine: Engine, url: str, *, shared: bool) -> None:
        self._engine = engine
        self._url = url
        self._shared = shared
        self._file = Lock()
        self._locked = False
        """Whether another program had locked the file at the latest transaction; guarded by `_file`."""
        self._local = local()
        self._prepared: dict[Executable, Prepared] = {}
        self.failures: Final = (engine.dialect.loaded_dbapi.Error, DBAPIError, NoConnectionError)
        """The exceptions of a database that is unavailable; any other exception is a bug of ours."""

    @contextmanager
    def transaction(self, lock: TenantLock | None = None) -> Iterator["Session"]:
        """Make all changes inside or none; a nested transaction joins the outer one of its thread.

        With a `lock` the tenant's other transactions wait, in this process and in others.
        """
        session = self.session
        if session is not None:
            if self._shared and lock is not None:
                session.acquire(lock)
            yield session
            return
        with self._lock_held(lock), self._new_session(_NOT_SAVED) as new:
            self._begin(new, lock)
            self._local.session = new
            try:
                yield new
                new.commit()
            finally:
                self._local.session = None
        for call in new.after_locks:
            call()

    @contextmanager
    def autocommit(self) -> Iterator["Session"]:
        """Commit each statement at once, on PostgreSQL and outside a transaction; otherwise use a transaction."""
        session = self.session
        if session is not None or not self._shared:
            with self.transaction() as joined:
                yield joined
            return
        with self._new_session(_NOT_SAVED) as new:
            yield new

    def rows(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Execute a query, inside the thread's transaction if there is one, and return its rows."""
        session = self.session
        if session is not None:
            return session.rows(statement, values)
        with self._new_session() as new:
            return new.rows(statement, values)

    @property
    def session(self) -> "Session | None":
        """The current transaction of this thread, or None."""
        found: Session | None = getattr(self._local, "session", None)
        return found

    def prepared(self, statement: Executable) -> Prepared:
        """Return the statement compiled for this database."""
        found = self._prepared.get(statement)
        if found is None:
            found = self._prepared[statement] = Prepared(statement, self._engine.dialect)
        return found

    def dispose(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _new_session(self, outcome: str = "") -> Iterator["Session"]:
        """Yield a session with a connection of the pool; then call its callbacks for success or for failure.

        `outcome` is the part of the error text about the change, for when no connection can be had.
        """
        try:
            session = Session(self._engine.raw_connection(), self)
        except self.failures as error:
            raise self.unavailable(error, outcome) from error
        try:
            yield session
        except BaseException:
            session.close()
            for undo in session.on_failure:
                undo()
            raise
        session.close()
        for follow in session.on_commit:
            follow()

    def _begin(self, session: "Session", lock: TenantLock | None) -> None:
        """Begin a transaction; on SQLite lock the file, with a shorter timeout if the latest attempt timed out."""
        if self._shared:
            session.begin("BEGIN", lock)
            return
        shortened, self._locked = self._locked, True
        if shortened:
            session.execute(f"PRAGMA busy_timeout={STILL_LOCKED}")
        session.begin("BEGIN IMMEDIATE")
        if shortened:
            session.execute(f"PRAGMA busy_timeout={LOCKED}")
        self._locked = False

    @contextmanager
    def _lock_held(self, tenant_lock: TenantLock | None) -> Iterator[None]:
        if self._shared and tenant_lock is None:
            yield
            return
        lock = tenant_lock.lock if self._shared and tenant_lock is not None else self._file
        if not lock.acquire(timeout=PATIENCE.total_seconds()):
            raise StoreUnavailableError(f"{self._url}: others kept it busy for {PATIENCE.total_seconds():.0f} s")
        try:
            yield
        finally:
            lock.release()

    def unavailable(self, error: Exception, outcome: str) -> StoreUnavailableError:
        """Return the error for a failure of the database; `outcome` says what has become of a change, if it was one."""
        return StoreUnavailableError(f"{self._url} cannot be used now{outcome}: {reason_of(error)}")

    def failed_before(self) -> StoreUnavailableError:
        """Return the error for using or committing a transaction after one of its statements has failed."""
        return StoreUnavailableError(f"{self._url}: a statement of this transaction failed, so nothing of it is kept")


class Session:
    """A connection that one thread uses, usually for a transaction."""

    def __init__(self, connection: PoolProxiedConnection, connections: Connections) -> None:
        self._connection = connection
        self._connections = connections
        self._cursor: Any = connection.info.get(_CURSOR)
        if self._cursor is None:
            self._cursor = connection.info[_CURSOR] = connection.cursor()
        self._at_rest = True
        """Whether no transaction is open on the connection."""
        self._broken = False
        """Whether a statement has failed: the transaction cannot be committed, even if its caller catches the error."""
        self._locked_tenants: set[int] = set()
        self.on_failure: list[Callable[[], None]] = []
        """Called after a failure, when nothing is saved or that is uncertain."""
        self.on_commit: list[Callable[[], None]] = []
        """Called after the commit."""
        self.after_locks: list[Callable[[], object]] = []
        """Called after the commit, when the locks are released."""
        self.released: set[tuple[str, str]] = set()
        """Claims that this transaction releases, as tenant and id; they are still held until the commit."""
        self.known: dict[tuple[str, str, str], Any] = {}
        """Records read in this transaction, by kind, tenant and id; cleared by each change."""

    def rows(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Execute a query and return its rows."""
        return self._run(statement, values, "")

    def change(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Execute a statement that changes records, and return its rows."""
        self.known.clear()
        return self._run(statement, values, _MAYBE_SAVED)

    def _run(self, statement: Executable, values: Values, outcome: str) -> list[Row]:
        """Execute; `outcome` is the part of the error text about the change, outside a transaction."""
        if self._broken:
            raise self._connections.failed_before()
        try:
            return self._connections.prepared(statement).run(self._cursor, values)
        except self._connections.failures as error:
            raise self._failed(error, outcome if self._at_rest else _NOT_SAVED) from error

    def execute(self, sql: str) -> None:
        """Execute a statement given as SQL text."""
        if self._broken:
            raise self._connections.failed_before()
        try:
            self._cursor.execute(sql)
        except self._connections.failures as error:
            raise self._failed(error, _NOT_SAVED) from error

    def begin(self, sql: str, lock: TenantLock | None = None) -> None:
        """Begin a transaction, and wait for the tenant's lock with the same statement if there is one."""
        self._at_rest = False
        if lock is not None:
            self._locked_tenants.add(lock.number)
        self.execute(sql if lock is None else f"{sql}; {lock.sql}")

    def acquire(self, lock: TenantLock) -> None:
        """Wait for the tenant's lock, on PostgreSQL, unless this transaction has it."""
        if lock.number not in self._locked_tenants:
            self.execute(lock.sql)
            self._locked_tenants.add(lock.number)

    def commit(self) -> None:
        """Commit; raise `StoreUnavailableError` when that fails or a statement has failed before."""
        if self._broken:
            raise self._connections.failed_before()
        try:
            self._connection.commit()
        except self._connections.failures as error:  # the commit may have succeeded, and only its answer been lost
            raise self._failed(error, _MAYBE_SAVED) from error
        self._at_rest = True

    def close(self) -> None:
        """Roll back an open transaction and return the connection to the pool; close it after a failure."""
        try:
            if not self._at_rest and not self._broken:
                self._connection.rollback()
        except self._connections.failures:
            self._broken = True
        with suppress(*self._connections.failures, SQLAlchemyError):
            if self._broken:
                self._cursor.close()  # otherwise SQLite keeps the file locked as long as the error is referenced
                self._connection.invalidate()
            else:
                self._connection.close()

    def _failed(self, error: Exception, outcome: str) -> StoreUnavailableError:
        self._broken = True
        return self._connections.unavailable(error, outcome)


def reason_of(error: Exception) -> str:
    """Return the message of the database in one line."""
    if isinstance(error, NoConnectionError):
        return "all connections are in use"
    message = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return " ".join(message.split()) or type(error).__name__
