"""A pool of connections that are kept open for the next request to the same origin."""

from collections import OrderedDict, deque
from datetime import timedelta
from threading import Lock
from typing import Final, TypeAlias

from mockstore.world.transports.rules import Deadline
from mockstore.world.transports.wire import Connection

Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port."""

MOST: Final = 256
"""How many connections are kept in all."""
LONGEST: Final = timedelta(seconds=30)
"""About how long an unused connection is kept."""
_CHECKS: Final = 10
"""How many times within `LONGEST` old connections are looked for; not at every `put`, since that would be slow."""


class IdleConnections:
    """A bounded pool of open connections, by origin; safe to use from many threads.

    At most `most` are kept: the one that was unused for the longest time is closed to make room. From time to time
    `put` closes those that were unused for longer than `longest`, so that none stays open to a stopped receiver.
    """

    def __init__(self, *, most: int = MOST, longest: timedelta = LONGEST) -> None:
        self._most = most
        self._longest = longest
        self._lock = Lock()  # held only briefly: no connection is opened or closed under it
        self._all: OrderedDict[Connection, Origin] = OrderedDict()
        """Every connection, in the order in which they were put in."""
        self._of: dict[Origin, deque[Connection]] = {}
        """The same connections by origin, in the same order; an origin without any has no entry."""
        self._next_check = Deadline(longest / _CHECKS)
        self._closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Remove and return the connection to `origin` that was used last, or None."""
        with self._lock:
            found = self._of.get(origin)
            if found is None:
                return None
            connection = found.pop()
            if not found:
                del self._of[origin]
            del self._all[connection]
            return connection

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection, or close it if the pool is closed."""
        with self._lock:
            if self._closed:
                superfluous = [connection]
            else:
                superfluous = self._make_room() if len(self._all) >= self._most or self._next_check.passed() else []
                self._all[connection] = origin
                self._of.setdefault(origin, deque()).append(connection)
        for one in superfluous:
            one.close()

    def close(self) -> None:
        """Close all connections, and from now on each that is put in."""
        with self._lock:
            self._closed = True
            connections = list(self._all)
            self._all.clear()
            self._of.clear()
        for one in connections:
            one.close()

    def __len__(self) -> int:
        return len(self._all)

    def _make_room(self) -> list[Connection]:
        """Remove the connections that are too old, and the oldest when the pool is full; the caller closes them."""
        out: list[Connection] = []
        self._next_check = Deadline(self._longest / _CHECKS)
        while self._all:
            oldest = next(iter(self._all))
            if len(self._all) < self._most and oldest.rested_for() <= self._longest:
                break
            out.append(oldest)
            origin = self._all.pop(oldest)
            same = self._of[origin]
            same.popleft()  # the oldest of all is the oldest of its origin
            if not same:
                del self._of[origin]
        return out
