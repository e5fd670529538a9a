"""What a server keeps over restarts: where the database comes in, and where it says that the server lives."""

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
from mockstore.world.clock import Hands, wall_time

if TYPE_CHECKING:
    from mockstore.world.store_sql import Database

LOOK: Final = timedelta(seconds=1)
"""How often a server over a database says that it lives, and looks for what others have made due."""

_LOG: Final = logging.getLogger(__name__)


class Records:
    """What a server keeps in its database; says about every second that the server lives."""

    def __init__(self, url: str) -> None:
        self.database = _database(url)
        self.looked = False
        """Whether everybody who had something to be delivered has been found once."""
        self._openings = Counter[str | None]()
        self._ended = Event()
        self.beating = Rounds(self._beat, "mockstore-beat", until=self._ended)

    def keeping(self, tenant: str | None) -> Keeping:
        """Return where the tenant's world is kept, for a further opening of it."""
        run = (self.database.number, self._openings[tenant])
        self._openings[tenant] += 1
        return Keeping(
            self.database.store(tenant),
            _ClockShelf(self.database, tenant),
            salt="" if run == (1, 0) else "{}.{}".format(*run),
            root=self.database.root,
        )

    def close(self) -> None:
        """Say no more that the server lives, and close the database."""
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
    """Does the same work again and again on a thread of its own, until an event is set.

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
        """Whether the thread has ended before it should."""
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
    """Where a tenant's clock is kept in the database."""

    database: "Database"
    tenant: str | None

    def read(self) -> Hands | None:
        kept = self.database.clock(self.tenant)
        return None if kept is None else Hands(*kept)

    def write(self, hands: Hands) -> None:
        self.database.save_clock(self.tenant, hands.ahead, hands.frozen_at)


def started(work: Callable[[], None], name: str) -> Thread:
    """Return a thread that does `work` and does not keep the process alive."""
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
