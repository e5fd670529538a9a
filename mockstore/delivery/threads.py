"""The worker threads of a pump, and the state that they share. Nothing here is thread-safe: the pump holds a lock."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Thread, current_thread, get_ident
from types import TracebackType
from typing import Final

from mockstore.errors import StoreUnavailableError

TROUBLE: Final = timedelta(milliseconds=500)
"""How long a thread waits before it asks a store again that was unavailable."""

REST: Final = timedelta(seconds=10)
"""How long a thread waits for work before it ends, by default."""

_LOG: Final = logging.getLogger(__name__)


class WorkerThreads:
    """Threads that run `work`, started as they are needed, up to `limit`."""

    def __init__(self, work: Callable[[], None], limit: int) -> None:
        self._work = work
        self._limit = limit
        self._threads: set[Thread] = set()
        self._is_short = False
        """The system had no thread to give at the last try."""

    def grow(self) -> bool:
        """Start a further thread; return False where there are enough, or the system gives no more."""
        if len(self._threads) >= self._limit:
            return False
        thread = Thread(target=self._work, name=f"mockstore-delivery-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._is_short:
                _LOG.warning("deliveries have to do with %d threads for now: %s", len(self._threads), error)
            self._is_short = True
            return False
        self._is_short = False
        self._threads.add(thread)
        return True

    def leave(self) -> None:
        """Note that the calling thread ends."""
        self._threads.discard(current_thread())

    @property
    def include_caller(self) -> bool:
        """Whether the calling thread is one of them."""
        return current_thread() in self._threads

    @property
    def others(self) -> set[Thread]:
        """All but the calling thread."""
        return self._threads - {current_thread()}

    @property
    def dead(self) -> int:
        """How many have ended without leaving."""
        return sum(not thread.is_alive() for thread in self._threads)


class Outage:
    """Whether the store is unavailable, as the threads find out: the log tells when that begins and when it is over."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()
        """The threads whose latest call of the store failed."""
        self._met: dict[int, StoreUnavailableError] = {}
        """What those met that wait now before they ask again."""

    @property
    def error(self) -> StoreUnavailableError | None:
        """Why a thread waits now; None when none does."""
        return next(iter(self._met.values()), None)

    def begin(self, error: StoreUnavailableError) -> None:
        """Take note that the store was unavailable to the calling thread."""
        if not self._waiting:
            _LOG.warning("deliveries wait for the store: %s", error)
        self._waiting.add(get_ident())
        self._met[get_ident()] = error

    def ask_again(self) -> None:
        """Take note that the calling thread waits no longer, and asks the store again."""
        self._met.pop(get_ident(), None)

    def end(self) -> None:
        """Take note that the store has answered the calling thread."""
        if self._waiting:
            self._waiting.discard(get_ident())
            if not self._waiting:
                _LOG.warning("the store is available again: deliveries go on")


class Deferred(AbstractContextManager[None]):
    """Keeps the calling thread in `threads` inside the block. No generator: that would cost a plain emit too much."""

    __slots__ = ("_threads",)

    def __init__(self, threads: set[int]) -> None:
        self._threads = threads

    def __enter__(self) -> None:
        self._threads.add(get_ident())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.discard(get_ident())
