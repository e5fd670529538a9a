"""Keeps the connections on which nothing is being answered: waits for new ones, and for the next request on each."""

import errno
import logging
import selectors
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock
from typing import Any, Final

from mockstore.web.connections import Connection, ShortWay
from mockstore.world.transports.rules import Deadline

_LOG: Final = logging.getLogger(__name__)

SILENCE: Final = timedelta(seconds=30)
"""How long a client may be silent between two requests."""
LOOK: Final = timedelta(seconds=5)
"""How often silent connections are looked for."""
_BREATH_SECONDS: Final = 0.05
"""How long to wait when something is wrong that may last: no room for a further connection, an error of ours."""
_NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Keeper:
    """What cheroot asks of its manager of connections: `run`, `put`, `stop`, `close` and an answer.

    `made` makes a connection of an accepted socket, and `serve` gets each connection on which a request has begun. What
    `short` takes is answered here, and so are its moments spent: handing either on takes longer than most of them do.
    """

    can_add_keepalive_connection = True

    def __init__(  # noqa: PLR0913 - two of them for tests that cannot wait
        self,
        listening: socket.socket,
        made: Callable[[socket.socket, Any], Connection],
        serve: Callable[[Connection], None],
        short: ShortWay | None,
        *,
        silence: timedelta = SILENCE,
        look: timedelta = LOOK,
    ) -> None:
        self._silence = silence
        self._look = look
        self._listening = listening
        self._made = made
        self._serve = serve
        self._short = short
        self._lock = Lock()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._stopped = False
        self._ended = Event()
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature; who is announced may be gone again
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def put(self, conn: Connection) -> None:
        """Keep a connection for its next request; from any thread."""
        conn.patience = Deadline(self._silence)
        if conn.rfile.has_data():
            self._serve(conn)
            return
        with self._lock:
            if not self._stopped:
                self._selector.register(conn.socket, selectors.EVENT_READ, conn)
                if sys.platform == "win32":  # where waiting does not notice it
                    self._wake.send(b".")
                return
        conn.close()

    def run(self) -> None:
        """Accept connections, and have requests answered, until `stop`."""
        busy, next_look = False, Deadline(self._look)
        try:
            while not self._stopped:
                busy = self._turn(0 if busy else self._look.total_seconds())
                if next_look.passed():
                    self._close_silent()
                    next_look = Deadline(self._look)
        finally:
            self._ended.set()

    def _turn(self, timeout: float) -> bool:
        """Attend to what has come within so many seconds; return whether there is more to be done at once."""
        try:
            for key, _ in self._selector.select(timeout):
                self._attend(key)
            return self._short is not None and self._short.moment()
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("the server could not attend to what has come")
            self._ended.wait(_BREATH_SECONDS)
            return False

    def stop(self) -> None:
        """Accept nothing new, and return when that is so."""
        with self._lock:
            self._stopped = True
            self._wake.send(b".")
        self._ended.wait()

    def close(self) -> None:
        """Close what is kept."""
        for conn in self._kept():
            conn.close()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _attend(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listening:
            self._accept()
        elif key.data is None:
            self._woken.recv(64)
        elif not self._answered(key.data):
            with self._lock:
                self._selector.unregister(key.fileobj)
            self._serve(key.data)

    def _accept(self) -> None:
        """Take a new connection; it waits for its first bytes without a thread."""
        try:
            sock, address = self._listening.accept()
        except OSError as error:
            _LOG.debug("a connection could not be accepted: %s", error)
            if error.errno in _NO_ROOM:
                self._ended.wait(_BREATH_SECONDS)
            return
        try:
            self.put(self._made(sock, address))
        except OSError as error:
            _LOG.debug("a connection broke at once: %s", error)
            sock.close()

    def _answered(self, conn: Connection) -> bool:
        """Answer a request for the short way; return whether the connection has nothing more to be done."""
        if self._short is None or conn.ssl_env:
            return False
        try:
            if not conn.answer_at_once(self._short):
                return False
        except OSError:  # a thread reads the request again, and finds out what is wrong
            _LOG.debug("a request could not be answered at once", exc_info=True)
            return False
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("a request could not be answered")
            self._drop(conn)
            return True
        conn.patience = Deadline(self._silence)
        return not conn.unsent and not conn.rfile.has_data()

    def _close_silent(self) -> None:
        for conn in self._kept():
            if conn.patience.passed():
                self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        with self._lock:
            self._selector.unregister(conn.socket)
        conn.close()

    def _kept(self) -> list[Connection]:
        with self._lock:
            return [key.data for key in self._selector.get_map().values() if key.data is not None]
