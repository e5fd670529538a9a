"""Wakes those who wait for something to happen: a count of happenings, and a condition over it."""

from collections.abc import Callable
from threading import Condition


class News:
    """Told by the engine and the inboxes whenever something was recorded."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting = 0
        self.count = 0

    def tell(self) -> None:
        """Say that something was recorded."""
        self.count += 1
        if self._waiting:  # whoever begins to wait after this line looks for himself first
            with self._changed:
                self._changed.notify_all()

    def wait_for(self, claim: Callable[[], bool], timeout: float | None) -> bool:
        """Block until `claim()` holds, looking again at every news; return whether it does after `timeout` seconds."""
        with self._changed:
            self._waiting += 1
            try:
                return self._changed.wait_for(claim, timeout)
            finally:
                self._waiting -= 1
