"""A server's use of its database: it keeps each tenant's store and clock over restarts, and records a heartbeat."""

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
"""How often a server with a database records its heartbeat, and looks for deliveries that others have made due."""

_LOG: Final = logging.getLogger(__name__)


class Records:
    """The database of a server, and the thread that records a heartbeat about every second."""

    def __init__(self, url: str) -> None:
        self.database = _database(url)
        self.looked = False
        """Whether all tenants with pending deliveries have been opened once."""
        self._openings = Counter[str | None]()
        self._ended = Event()
        self.beating = Rounds(self._beat, "mockstore-beat", until=self._ended)

    def keeping(self, tenant: str | None) -> Keeping:
        """Return the tenant's store and clock, and a salt that differs each time the tenant is opened."""
        run = (self.database.number, self._openings[tenant])
        self._openings[tenant] += 1
        return Keeping(
            self.database.store(tenant),
            _SavedClock(self.database, tenant),
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
    """Repeats `work` on a thread of its own until the event `until` is set.

    An exception of `work` is logged, and does not end the thread.
    """

    def __init__(self, work: Callable[[], None], name: str, *, until: Event, every: timedelta = LOOK) -> None:
        self.name = name
        self._work = work
        self._until = until
        self._every = every
        self._thread = started(self._run, name)

    @property
    def broken(self) -> bool:
        """Whether the thread has ended before it should."""
        return not self._until.is_set() and not self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        while not self._until.is_set():
            try:
                self._work()
            except Exception:  # noqa: BLE001 - the thread must go on; the error is logged
                _LOG.exception("%s met an error, and goes on", self.name)
            self._until.wait(self._every.total_seconds())


def _database(url: str) -> "Database":
    """Open the database; raise `StartupError`, with advice, when that fails."""
    try:
        from mockstore.world.store_sql import Database  # noqa: PLC0415 - SQLAlchemy, which few servers need

        return Database.open(url, now=wall_time)
    except StartupError as error:
        raise StartupError(str(error), field="database") from None


class _SavedClock(Struct, frozen=True):
    """Saves a tenant's clock in the database."""

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
