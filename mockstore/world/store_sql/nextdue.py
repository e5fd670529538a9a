"""When a tenant's next delivery is due, remembered: workers ask for that far more often than it changes."""

from threading import Lock


class NextDue:
    """When the earliest unclaimed pending delivery is due, in microseconds, as far as this process knows; None: never.

    It is told of each change of this process once that is kept. So what was read before a change is not noted after
    it, and nothing of our own is found too late. It may be too early, which a claim that finds nothing puts right.
    What others change is not noticed: whoever wants to know that has it forgotten before.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: tuple[int | None] | None = None
        self.version = 0
        """Another one after each change."""

    @property
    def known(self) -> tuple[int | None] | None:
        """The moment, alone in a tuple; None when it has to be read."""
        return self._known

    def is_after(self, now: int) -> bool:
        """Tell whether nothing is due at `now`, for sure."""
        known = self._known
        return known is not None and (known[0] is None or known[0] > now)

    def note(self, due: int | None, version: int) -> None:
        """Remember what was read, unless something has changed since it was of this `version`, before the reading."""
        with self._lock:
            if self.version == version:
                self._known = (due,)

    def took(self, later: int | None, version: int) -> None:
        """Take note that everything due has been claimed, and when the next one is due, as read then."""
        with self._lock:
            self._known = (later,) if self.version == version else None
            self.version += 1

    def add(self, due: int) -> None:
        """Take note that one more delivery can be claimed."""
        with self._lock:
            self.version += 1
            if self._known is not None:
                earliest = self._known[0]
                self._known = (due if earliest is None else min(earliest, due),)

    def forget(self) -> None:
        """Take note that anything may have changed."""
        with self._lock:
            self.version += 1
            self._known = None
