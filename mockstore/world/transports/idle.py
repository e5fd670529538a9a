"""Connections that are kept open for the next request to the same origin."""

from collections import OrderedDict, deque
from datetime import timedelta
from threading import Lock
from typing import Final, TypeAlias

from mockstore.world.transports.rules import Deadline
from mockstore.world.transports.wire import Connection

Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port."""

MOST: Final = 256
"""How many connections are kept, of all origins together."""
LONGEST: Final = timedelta(seconds=30)
"""How long one is kept without being used, or a little longer."""
_LOOKS: Final = 10
"""How often in that time it is looked for those that are too old; each look takes longer than to keep a connection."""


class IdleConnections:
    """A bounded pool of open connections, by origin; safe to use from many threads.

    At most `most` are kept: the one that was not used for the longest time makes room. When a connection is put in,
    those that were not used for longer than `longest` are closed, so that nothing stays open for receivers that are
    gone.
    """

    def __init__(self, *, most: int = MOST, longest: timedelta = LONGEST) -> None:
        self._most = most
        self._longest = longest
        self._lock = Lock()  # held for a few steps only: nothing is opened or closed under it
        self._all: OrderedDict[Connection, Origin] = OrderedDict()
        """Every one, in the order in which they were put in."""
        self._of: dict[Origin, deque[Connection]] = {}
        """The same by origin, in the same order; an origin without any is not listed."""
        self._next_look = Deadline(longest / _LOOKS)
        self._closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Take out the connection to `origin` that was used last; None when there is none."""
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
        """Keep a connection; after `close` it is closed at once."""
        with self._lock:
            if self._closed:
                superfluous = [connection]
            else:
                superfluous = self._make_room() if len(self._all) >= self._most or self._next_look.passed() else []
                self._all[connection] = origin
                self._of.setdefault(origin, deque()).append(connection)
        for one in superfluous:
            one.close()

    def close(self) -> None:
        """Close all of them."""
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
        """Take out those that are too old, and the oldest when the pool is full; return them to be closed."""
        out: list[Connection] = []
        self._next_look = Deadline(self._longest / _LOOKS)
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
