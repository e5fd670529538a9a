"""Connections, transactions and their failures. The only file that executes statements."""

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
"""How long a call waits for others to be done with the database."""

STILL_LOCKED: Final = 200
"""For so many milliseconds a transaction waits for other programs when the one before it has waited in vain."""

Values = Mapping[str, Any]
_NONE: Final[Values] = MappingProxyType({})

_UNKEPT: Final = ", and what was asked for is not kept"
_UNSURE: Final = ", and what was asked for may have been kept"
"""How a failure goes on for who asked for a change; a reading has nothing to keep."""

_CURSOR: Final = "cursor"
"""The name of a connection's one cursor among what the pool notes of the connection."""


class Turn:
    """What the transactions of one tenant wait for: each other."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.lock = Lock()
        self.number = int.from_bytes(blake2b(tenant.encode(), digest_size=8).digest(), signed=True)
        """The tenant's number for PostgreSQL's advisory locks."""
        self.words = f"SELECT pg_advisory_xact_lock({self.number})"


class Connections:
    """What the stores of one process share: a pool, and each thread's transaction.

    On SQLite one thread writes at a time; the others queue here, where the wait is fair, and not at the file, where it
    is none. On PostgreSQL the transactions of one tenant follow each other, also those of several servers, so a
    transaction that reads and then writes finds what it read.
    """

    def __init__(self, engine: Engine, url: str, *, shared: bool) -> None:
        self._engine = engine
        self._url = url
        self._shared = shared
        self._file = Lock()
        self._locked = False
        """Whether another program had the file when a transaction last tried; guarded by `_file`."""
        self._local = local()
        self._prepared: dict[Executable, Prepared] = {}
        self.failures: Final = (engine.dialect.loaded_dbapi.Error, DBAPIError, NoConnectionError)
        """What a database may do to a statement that is right; anything else is a mistake of ours."""

    @contextmanager
    def transaction(self, turn: Turn | None = None) -> Iterator["Session"]:
        """Make what happens inside all or nothing; an inner one joins the outer of its thread.

        With a `turn` the tenant's other transactions wait, in this process and in others.
        """
        session = self.session
        if session is not None:
            if self._shared and turn is not None:
                session.take(turn)
            yield session
            return
        with self._queueing(turn), self._lent(_UNKEPT) as lent:
            self._begin(lent, turn)
            self._local.session = lent
            try:
                yield lent
                lent.commit()
            finally:
                self._local.session = None
        for call in lent.afterwards:
            call()

    @contextmanager
    def each_by_itself(self) -> Iterator["Session"]:
        """Have each statement kept as soon as it is executed, where that spares anything and there is no outer one."""
        session = self.session
        if session is not None or not self._shared:
            with self.transaction() as joined:
                yield joined
            return
        with self._lent(_UNKEPT) as lent:
            yield lent

    def rows(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Read, inside the thread's transaction if there is one."""
        session = self.session
        if session is not None:
            return session.rows(statement, values)
        with self._lent() as lent:
            return lent.rows(statement, values)

    @property
    def session(self) -> "Session | None":
        """The transaction of this thread."""
        found: Session | None = getattr(self._local, "session", None)
        return found

    def prepared(self, statement: Executable) -> Prepared:
        """Return the statement in the words of this database."""
        found = self._prepared.get(statement)
        if found is None:
            found = self._prepared[statement] = Prepared(statement, self._engine.dialect)
        return found

    def dispose(self) -> None:
        """Close the connections that nobody uses now."""
        self._engine.dispose()

    @contextmanager
    def _lent(self, outcome: str = "") -> Iterator["Session"]:
        """Lend a connection; afterwards tell those who wait to hear what has become of what was done with it.

        `outcome` is what is said of the change when there is no connection to be had.
        """
        try:
            session = Session(self._engine.raw_connection(), self)
        except self.failures as error:
            raise self.fault(error, outcome) from error
        try:
            yield session
        except BaseException:
            session.give_back()
            for undo in session.undone:
                undo()
            raise
        session.give_back()
        for follow in session.done:
            follow()

    def _begin(self, session: "Session", turn: Turn | None) -> None:
        """Begin a transaction; on SQLite lock the file, where who comes after one that waited in vain waits less."""
        if self._shared:
            session.begin("BEGIN", turn)
            return
        brief, self._locked = self._locked, True
        if brief:
            session.say(f"PRAGMA busy_timeout={STILL_LOCKED}")
        session.begin("BEGIN IMMEDIATE")
        if brief:
            session.say(f"PRAGMA busy_timeout={LOCKED}")
        self._locked = False

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

    def fault(self, error: Exception, outcome: str) -> StoreUnavailableError:
        """Return what a failure of the database is told as; `outcome` says what became of a change, if it was one."""
        return StoreUnavailableError(f"{self._url} cannot be used now{outcome}: {reason_of(error)}")

    def unkept(self) -> StoreUnavailableError:
        """Return what a transaction is told as that ends after a failure."""
        return StoreUnavailableError(f"{self._url}: a statement of this transaction failed, so nothing of it is kept")


class Session:
    """A connection in the hands of one thread, as a rule for a transaction."""

    def __init__(self, connection: PoolProxiedConnection, connections: Connections) -> None:
        self._connection = connection
        self._connections = connections
        self._cursor: Any = connection.info.get(_CURSOR)
        if self._cursor is None:
            self._cursor = connection.info[_CURSOR] = connection.cursor()
        self._at_rest = True
        """No transaction is under way on it."""
        self._doomed = False
        """A statement failed: whatever its caller makes of that, nothing of the transaction is kept."""
        self._turns: set[int] = set()
        self.undone: list[Callable[[], None]] = []
        """Called when nothing is kept, or when nobody knows."""
        self.done: list[Callable[[], None]] = []
        """Called when it is kept, after that."""
        self.afterwards: list[Callable[[], object]] = []
        """Called when it is kept, once nobody waits for it any more."""
        self.freed: set[tuple[str, str]] = set()
        """Claims that are given back here, by tenant and id: whoever made them has them until that is kept."""
        self.known: dict[tuple[str, str, str], Any] = {}
        """What a store has read here, while nothing has been changed here since then."""

    def rows(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Execute what only reads, and return what comes back."""
        return self._run(statement, values, "")

    def change(self, statement: Executable, values: Values = _NONE) -> list[Row]:
        """Execute what changes records, and return what comes back; what was known before is so no more."""
        self.known.clear()
        return self._run(statement, values, _UNSURE)

    def _run(self, statement: Executable, values: Values, outcome: str) -> list[Row]:
        """Execute; `outcome` is what is said of a failure outside a transaction."""
        if self._doomed:
            raise self._connections.unkept()
        try:
            return self._connections.prepared(statement).run(self._cursor, values)
        except self._connections.failures as error:
            raise self._failed(error, outcome if self._at_rest else _UNKEPT) from error

    def say(self, words: str) -> None:
        """Execute words of the database's own."""
        if self._doomed:
            raise self._connections.unkept()
        try:
            self._cursor.execute(words)
        except self._connections.failures as error:
            raise self._failed(error, _UNKEPT) from error

    def begin(self, words: str, turn: Turn | None = None) -> None:
        """Begin a transaction; on PostgreSQL wait for the tenant's turn on the same way."""
        self._at_rest = False
        if turn is not None:
            self._turns.add(turn.number)
        self.say(words if turn is None else f"{words}; {turn.words}")

    def take(self, turn: Turn) -> None:
        """Wait for the tenant's turn, on PostgreSQL."""
        if turn.number not in self._turns:
            self.say(turn.words)
            self._turns.add(turn.number)

    def commit(self) -> None:
        """Keep everything; raise `StoreUnavailableError` when something has failed before."""
        if self._doomed:
            raise self._connections.unkept()
        try:
            self._connection.commit()
        except self._connections.failures as error:  # it may have come through, and only the answer was lost
            raise self._failed(error, _UNSURE) from error
        self._at_rest = True

    def give_back(self) -> None:
        """Return the connection to the pool at rest, or close it when nobody knows how it stands."""
        try:
            if not self._at_rest and not self._doomed:
                self._connection.rollback()
        except self._connections.failures:
            self._doomed = True
        with suppress(*self._connections.failures, SQLAlchemyError):
            if self._doomed:
                self._cursor.close()  # or SQLite keeps the file locked for as long as somebody has the error
                self._connection.invalidate()
            else:
                self._connection.close()

    def _failed(self, error: Exception, outcome: str) -> StoreUnavailableError:
        self._doomed = True
        return self._connections.fault(error, outcome)


def reason_of(error: Exception) -> str:
    """Return what the database said, in one line."""
    if isinstance(error, NoConnectionError):
        return "all connections are in use"
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return " ".join(said.split()) or type(error).__name__
