"""`News` notifies threads that wait for a change; `Latest` keeps the latest observations."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Condition, Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class News:
    """Counts the changes that the engine and the inboxes record, and notifies waiting threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting = 0
        self.count = 0

    def tell(self) -> None:
        """Count a change, and wake the waiting threads."""
        self.count += 1
        if self._waiting:  # a thread that begins to wait after this line checks its condition first
            with self._changed:
                self._changed.notify_all()

    def wait_for(self, claim: Callable[[], bool], timeout: float | None) -> bool:
        """Block until `claim()` is true, checked after each change; return False after `timeout` seconds."""
        with self._changed:
            self._waiting += 1
            try:
                return self._changed.wait_for(claim, timeout)
            finally:
                self._waiting -= 1


class Latest(Generic[T]):
    """A sequence of observations of which the latest `keep` are kept; None means all. Thread-safe."""

    def __init__(self, keep: int | None = None) -> None:
        self._lock = Lock()
        self._kept: deque[T] = deque(maxlen=keep)
        self._count = 0

    def append(self, happening: T) -> None:
        """Add the latest observation."""
        with self._lock:
            self._kept.append(happening)
            self._count += 1

    def since(self, position: int) -> tuple[int, list[T]]:
        """Return the next free position, and the kept observations from `position` on; the first has position 0."""
        with self._lock:
            forgotten = self._count - len(self._kept)
            return self._count, list(islice(self._kept, max(position - forgotten, 0), None))

    def clear(self) -> None:
        """Remove everything; positions start at 0 again."""
        with self._lock:
            self._kept.clear()
            self._count = 0

    def __len__(self) -> int:
        """Return how many there have been, kept or not."""
        return self._count

    def __iter__(self) -> Iterator[T]:
        return iter(self.since(0)[1])
