"""A cache of the time when a tenant's next delivery is due: workers ask for it far more often than it changes."""

from threading import Lock


class NextDue:
    """Caches when the earliest unclaimed pending delivery is due, in microseconds; None means never.

    It is told of each change of this process after the commit, and does not accept a value read before a change. So it
    is never too late for deliveries of this process. It may be too early, which a claim that finds nothing corrects.
    Changes of other servers are not noticed; call `forget` to have them read.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: tuple[int | None] | None = None
        self.version = 0
        """Increases with each change."""

    @property
    def known(self) -> tuple[int | None] | None:
        """The cached value, alone in a tuple; None when it has to be read."""
        return self._known

    def is_after(self, now: int) -> bool:
        """Return whether it is certain that nothing is due at `now`."""
        known = self._known
        return known is not None and (known[0] is None or known[0] > now)

    def note(self, due: int | None, version: int) -> None:
        """Cache what was read, unless something has changed since; `version` is that from before the reading."""
        with self._lock:
            if self.version == version:
                self._known = (due,)

    def took(self, later: int | None, version: int) -> None:
        """Record that all due deliveries were claimed; `later` is the next due time, read with `version`."""
        with self._lock:
            self._known = (later,) if self.version == version else None
            self.version += 1

    def add(self, due: int) -> None:
        """Record that one more delivery can be claimed, at `due`."""
        with self._lock:
            self.version += 1
            if self._known is not None:
                earliest = self._known[0]
                self._known = (due if earliest is None else min(earliest, due),)

    def forget(self) -> None:
        """Record that anything may have changed: the value has to be read again."""
        with self._lock:
            self.version += 1
            self._known = None
