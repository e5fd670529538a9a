"""A server's database: what is kept over restarts, and the heartbeat that says that the server lives."""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from mockstore.errors import StartupError, StoreUnavailableError
from mockstore.parts import Keeping
from mockstore.world.clock import ClockState, wall_time

if TYPE_CHECKING:
    from mockstore.world.store_sql import Database

LOOK: Final = timedelta(seconds=1)
"""How often a server with a database writes its heartbeat, and checks what others have made due."""

_LOG: Final = logging.getLogger(__name__)


class Records:
    """The database of a server, with its heartbeat about every second."""

    def __init__(self, url: str) -> None:
        self.database = _database(url)
        self.looked = False
        """Whether all tenants with pending deliveries have been opened once."""
        self._openings = Counter[str | None]()
        self._ended = Event()
        self.beating = Rounds(self._beat, "mockstore-beat", until=self._ended)

    def keeping(self, tenant: str | None) -> Keeping:
        """Return the tenant's store and clock, for opening it once more."""
        run = (self.database.number, self._openings[tenant])
        self._openings[tenant] += 1
        return Keeping(
            self.database.store(tenant),
            _ClockShelf(self.database, tenant),
            salt="" if run == (1, 0) else "{}.{}".format(*run),
            root=self.database.root,
        )

    def close(self) -> None:
        """Stop the heartbeat, and close the database."""
        if self._ended.is_set():
            return
        self._ended.set()
        self.beating.join()
        with suppress(StoreUnavailableError):
            self.database.close()

    def _beat(self) -> None:
        try:
            self.database.beat()
        except StoreUnavailableError as error:
            _LOG.warning("this server cannot say that it lives, and loses its claims in a while: %s", error)


class Rounds:
    """Repeats some work on a thread of its own until an event is set.

    An error of the work is logged, and does not end the thread.
    """

    def __init__(self, work: Callable[[], None], name: str, *, until: Event, every: timedelta = LOOK) -> None:
        self.name = name
        self._work = work
        self._until = until
        self._every = every
        self._thread = started(self._run, name)

    @property
    def broken(self) -> bool:
        """Whether the thread has ended by an error."""
        return not self._until.is_set() and not self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        while not self._until.is_set():
            try:
                self._work()
            except Exception:  # noqa: BLE001 - the thread must live; the log has it
                _LOG.exception("%s met an error, and goes on", self.name)
            self._until.wait(self._every.total_seconds())


def _database(url: str) -> "Database":
    """Open the database; raise `StartupError` that says what helps."""
    try:
        from mockstore.world.store_sql import Database  # noqa: PLC0415 - SQLAlchemy, which few servers need

        return Database.open(url, now=wall_time)
    except StartupError as error:
        raise StartupError(str(error), field="database") from None


class _ClockShelf(Struct, frozen=True):
    """Keeps a tenant's clock in the database."""

    database: "Database"
    tenant: str | None

    def read(self) -> ClockState | None:
        kept = self.database.clock(self.tenant)
        return None if kept is None else ClockState(*kept)

    def write(self, state: ClockState) -> None:
        self.database.save_clock(self.tenant, state.ahead, state.frozen_at)


def started(work: Callable[[], None], name: str) -> Thread:
    """Start and return a daemon thread that does `work`."""
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
