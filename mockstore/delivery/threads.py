"""The worker threads of a pump, and state that they share. Not thread-safe: the pump calls this under its lock."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Thread, current_thread, get_ident
from types import TracebackType
from typing import Final

from mockstore.errors import StoreUnavailableError

TROUBLE: Final = timedelta(milliseconds=500)
"""How long a thread waits before it tries again to use a store that was unavailable."""

REST: Final = timedelta(seconds=10)
"""How long a thread waits for work before it ends, by default."""

_LOG: Final = logging.getLogger(__name__)


class WorkerThreads:
    """Threads that run `work`; `grow` starts them one by one, up to `limit`."""

    def __init__(self, work: Callable[[], None], limit: int) -> None:
        self._work = work
        self._limit = limit
        self._threads: set[Thread] = set()
        self._is_short = False
        """Whether the system could not start a thread at the last try."""

    def grow(self) -> bool:
        """Start one more thread; return False when `limit` is reached or the system cannot start one."""
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
        """Remove the calling thread, which is about to end."""
        self._threads.discard(current_thread())

    @property
    def include_caller(self) -> bool:
        """Whether the calling thread is one of them."""
        return current_thread() in self._threads

    @property
    def others(self) -> set[Thread]:
        """All threads but the calling one."""
        return self._threads - {current_thread()}

    @property
    def dead(self) -> int:
        """How many threads have ended without calling `leave`, by an error."""
        return sum(not thread.is_alive() for thread in self._threads)


class Outage:
    """Records which threads have found the store unavailable, and logs when an outage begins and ends."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()
        """The ids of threads whose latest call of the store has failed."""
        self._errors: dict[int, StoreUnavailableError] = {}
        """The errors of the threads that are waiting to try again, by thread id."""

    @property
    def error(self) -> StoreUnavailableError | None:
        """The error for which a thread is waiting now; None when no thread is waiting."""
        return next(iter(self._errors.values()), None)

    def begin(self, error: StoreUnavailableError) -> None:
        """Record that the store was unavailable to the calling thread."""
        if not self._waiting:
            _LOG.warning("deliveries wait for the store: %s", error)
        self._waiting.add(get_ident())
        self._errors[get_ident()] = error

    def ask_again(self) -> None:
        """Record that the calling thread has waited and tries again."""
        self._errors.pop(get_ident(), None)

    def end(self) -> None:
        """Record that the store is available to the calling thread."""
        if self._waiting:
            self._waiting.discard(get_ident())
            if not self._waiting:
                _LOG.warning("the store is available again: deliveries go on")


class Deferred(AbstractContextManager[None]):
    """Keeps the calling thread's id in `threads` inside the block. A generator would slow down `emit` too much."""

    __slots__ = ("_threads",)

    def __init__(self, threads: set[int]) -> None:
        self._threads = threads

    def __enter__(self) -> None:
        self._threads.add(get_ident())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.discard(get_ident())
