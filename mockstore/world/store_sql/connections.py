"""Connections, transactions and their failures. The only file that executes statements."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import blake2b
from threading import Lock, local
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, Row, bindparam, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from mockstore.errors import StoreUnavailableError
from mockstore.world.store_sql.address import LOCKED

PATIENCE: Final = timedelta(seconds=30)
"""How long a call waits for others to be done with the database."""

STILL_LOCKED: Final = 200
"""For so many milliseconds a transaction waits for other programs when the one before it has waited in vain."""

FAILURES: Final = (DBAPIError, NoConnectionError)
"""What a database may do to a statement that is right; anything else is a mistake of ours."""

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_LOCK_TENANT: Final = select(func.pg_advisory_xact_lock(bindparam("number")))


class Turn:
    """What the transactions of one tenant wait for: each other."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.lock = Lock()
        self.number = int.from_bytes(blake2b(tenant.encode(), digest_size=8).digest(), signed=True)
        """The tenant's number for PostgreSQL's advisory locks."""


class Session:
    """A transaction under way on one thread."""

    def __init__(self, connection: Connection, fault: Callable[[SQLAlchemyError], StoreUnavailableError]) -> None:
        self.connection = connection
        self._fault = fault
        self.doomed = False
        """A statement failed: whatever its caller makes of that, nothing of the transaction is kept."""
        self.turns: set[int] = set()
        self.undone: list[Callable[[], None]] = []
        """Called when nothing is kept."""

    def rows(self, statement: Executable, values: Values | None = None) -> Sequence[Row[Any]]:
        """Execute and return what comes back."""
        with self._watched():
            return self.connection.execute(statement, values).all()

    def run(self, statement: Executable, values: Values | None = None) -> None:
        """Execute what returns nothing."""
        with self._watched():
            self.connection.execute(statement, values)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            self.doomed = True
            raise self._fault(error) from error


class Connections:
    """What the stores of one process share: a pool, and each thread's transaction.

    On SQLite one thread writes at a time; the others queue here, where the wait is fair, and not at the file, where it
    is none. On PostgreSQL the transactions of one tenant follow each other, also those of several servers, so a
    transaction that reads and then writes finds what it read.
    """

    def __init__(self, engine: Engine, url: str, *, shared: bool) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT") if shared else engine
        self._url = url
        self._shared = shared
        self._file = Lock()
        self._locked = False
        """Whether another program had the file when a transaction last tried; guarded by `_file`."""
        self._local = local()

    @contextmanager
    def transaction(self, turn: Turn | None = None) -> Iterator[Session]:
        """Make what happens inside all or nothing; an inner one joins the outer of its thread.

        With a `turn` the tenant's other transactions wait, in this process and in others.
        """
        session: Session | None = getattr(self._local, "session", None)
        if session is not None:
            self._take(turn, session)
            yield session
            return
        with self._queueing(turn), self._begun() as begun:
            self._take(turn, begun)
            yield begun

    def rows(self, statement: Executable, values: Values | None = None) -> Sequence[Row[Any]]:
        """Read, inside the thread's transaction if there is one."""
        session: Session | None = getattr(self._local, "session", None)
        if session is not None:
            return session.rows(statement, values)
        with self._told(), self._reading.connect() as connection:
            return connection.execute(statement, values).all()

    def dispose(self) -> None:
        """Close the connections that nobody uses now."""
        self._engine.dispose()

    @contextmanager
    def _begun(self) -> Iterator[Session]:
        with self._told():
            connection = self._engine.connect()
        session = Session(connection, self._fault)
        try:
            self._begin(session)
            self._local.session = session
            yield session
            self._end(connection, session)
        except BaseException:
            with suppress(SQLAlchemyError):
                connection.rollback()
            for undo in session.undone:
                undo()
            raise
        finally:
            self._local.session = None
            with suppress(SQLAlchemyError):
                connection.close()

    def _begin(self, session: Session) -> None:
        """On SQLite, lock the file; who comes after one that waited in vain for another program waits less."""
        if self._shared:
            return
        brief, self._locked = self._locked, True
        with self._told():
            if brief:
                session.connection.exec_driver_sql(f"PRAGMA busy_timeout={STILL_LOCKED}")
            try:
                session.connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                if brief:
                    session.connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCKED}")
        self._locked = False

    def _end(self, connection: Connection, session: Session) -> None:
        if session.doomed:
            raise StoreUnavailableError(
                f"{self._url}: a statement of this transaction failed, so nothing of it is kept"
            )
        with self._told():
            connection.commit()

    def _take(self, turn: Turn | None, session: Session) -> None:
        if self._shared and turn is not None and turn.number not in session.turns:
            session.rows(_LOCK_TENANT, {"number": turn.number})
            session.turns.add(turn.number)

    @contextmanager
    def _queueing(self, turn: Turn | None) -> Iterator[None]:
        if self._shared and turn is None:
            yield
            return
        lock = turn.lock if self._shared and turn is not None else self._file
        if not lock.acquire(timeout=PATIENCE.total_seconds()):
            raise StoreUnavailableError(f"{self._url}: others kept it busy for {PATIENCE.total_seconds():.0f} s")
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise self._fault(error) from error

    def _fault(self, error: SQLAlchemyError) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"{self._url} cannot be used now, and what was asked for is not kept: {reason_of(error)}"
        )


def reason_of(error: SQLAlchemyError) -> str:
    """Return what the database said, in one line."""
    if isinstance(error, NoConnectionError):
        return "all connections are in use"
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return " ".join(said.split()) or type(error).__name__
