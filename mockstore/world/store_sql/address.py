"""Parses and checks the URL of a database, and makes SQLAlchemy's engine for it."""

import select
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from mockstore.errors import StartupError
from mockstore.settings import HARMLESS

_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ALLOWED: Final = (
    "allowed are sqlite:///file.db, sqlite:////folder/file.db and postgresql+psycopg://user:password@host/name"
)

_POOL: Final[dict[str, Any]] = {"pool_size": 8, "max_overflow": 8, "pool_timeout": 30, "pool_reset_on_return": None}
"""At most 16 connections per server process; when all are in use, a thread waits up to 30 seconds for one.

No reset on return: a connection is returned without an open transaction."""

_CONNECTION: Final = {
    "application_name": "mockstore",
    "client_encoding": "utf8",  # otherwise a database without an encoding (SQL_ASCII) returns texts as bytes
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Notices within about ten seconds that the database server has disappeared."""

LOCKED: Final = 3_000
"""How many milliseconds a transaction waits while another program has locked the SQLite file."""

JOURNAL: Final = "PRAGMA journal_mode=WAL"
"""Lets readers and the writer work at the same time. It changes the file permanently, so only for our databases."""

_PRAGMAS: Final = (
    "PRAGMA synchronous=NORMAL",  # a killed process loses nothing; a power failure may lose the latest commits
    f"PRAGMA busy_timeout={LOCKED}",
)

_NEW: Final = "new"
"""The key in a connection's pool record that marks it as not used yet."""

_SESSION: Final = (
    "SET lock_timeout = '20s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '10s'",  # a suspended server must not block the others
)


class Address:
    """The checked URL of a database."""

    def __init__(self, url: URL, driver: str) -> None:
        self._url = url.set(drivername=driver)
        self.shared = url.get_backend_name() == "postgresql"
        self.path = None if self.shared else Path(str(url.database)).resolve()
        """The file of a SQLite database, otherwise None."""
        self.name = url.database
        masked = _without_secrets(url)
        self.text = masked.render_as_string(hide_password=True)
        """The URL with its password masked, for messages."""

    def engine(self) -> Engine:
        """Return SQLAlchemy's engine, not connected yet; raise `StartupError` when the driver is not installed."""
        try:
            return self._postgresql() if self.shared else self._sqlite()
        except ImportError:
            raise StartupError(f"{self.text} needs a driver: pip install 'mockstore[postgresql]'") from None

    def _postgresql(self) -> Engine:
        own = {name: value for name, value in _CONNECTION.items() if name not in self._url.query}
        engine = create_engine(self._url, connect_args=own, **_POOL)

        @event.listens_for(engine, "connect")
        def connected(connection: Any, record: Any) -> None:  # noqa: ANN401 - the driver's own
            connection.autocommit = True  # transactions are begun explicitly
            connection.execute("; ".join(_SESSION))
            record.info[_NEW] = True

        @event.listens_for(engine, "checkout")
        def taken(connection: Any, record: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
            if not record.info.pop(_NEW, False) and not is_silent(connection.fileno()):
                raise InvalidatePoolError  # SQLAlchemy then replaces all connections of the pool

        return engine

    def _sqlite(self) -> Engine:
        # without an isolation level the driver begins no transaction of its own
        own = {"isolation_level": None, "check_same_thread": False}
        engine = create_engine(self._url.set(database=str(self.path)), connect_args=own, **_POOL)

        @event.listens_for(engine, "connect")
        def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
            for pragma in _PRAGMAS:
                connection.execute(pragma).close()

        return engine


def is_silent(descriptor: int) -> bool:
    """Return whether a socket has no input and is not closed: an idle connection gets input only when it is closed.

    This is cheaper than a test statement to the server, which would double the cost of a query.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return not poll.poll(0)
    return not select.select([descriptor], [], [], 0)[0]  # Windows, where `select` accepts any descriptor


def parse_address(text: str) -> Address:
    """Parse the URL of a database; raise `StartupError` when it is invalid or not supported."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StartupError(f"the database is no URL; {_ALLOWED}") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise StartupError(f"a database of {url.drivername!r} is not supported; {_ALLOWED}")
    if "@" in (url.host or ""):
        raise StartupError(
            "the database's URL has more than one '@': write %40 for the one in the password or the user"
        )
    if driver.startswith("sqlite"):
        _check_sqlite(url)
    return Address(url, driver)


def _without_secrets(url: URL) -> URL:
    """Return the URL without query parameters that may be secret; SQLAlchemy itself masks the user's password."""
    return url.difference_update_query([name for name in url.query if name.lower() not in HARMLESS])


def _check_sqlite(url: URL) -> None:
    if url.host or url.query or str(url.database).startswith("file:"):
        raise StartupError(
            f"{_without_secrets(url).render_as_string()!r} is no plain file: write sqlite:///file.db, or with four "
            "slashes for a path from the root, sqlite:////folder/file.db"
        )
    if url.database in (None, "", ":memory:"):
        raise StartupError(
            "a SQLite database in memory keeps nothing, and memory is used without a database anyway: leave it out, or "
            "name a file: sqlite:///petstore.db"
        )
