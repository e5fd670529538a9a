"""Waits for new connections, and on those that are kept alive for the next request."""

import errno
import logging
import selectors
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock
from typing import Any, Final

from mockstore.web.connections import Connection, FastPath
from mockstore.world.transports.rules import Deadline

_LOG: Final = logging.getLogger(__name__)

SILENCE: Final = timedelta(seconds=30)
"""How long a client may be silent between two requests."""
LOOK: Final = timedelta(seconds=5)
"""How often connections that have been silent for too long are looked for."""
_BREATH_SECONDS: Final = 0.05
"""How long to pause after an error that may last, such as too many open files."""
_NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class IdleConnections:
    """Takes the place of cheroot's connection manager, with the members that cheroot uses.

    `made` makes a connection of an accepted socket, and `serve` gets each connection on which a request has begun. What
    `fast_path` takes is answered and delivered on this thread: handing it to another one takes longer than doing it.
    """

    can_add_keepalive_connection = True

    def __init__(  # noqa: PLR0913 - two of them for tests that cannot wait
        self,
        listening: socket.socket,
        made: Callable[[socket.socket, Any], Connection],
        serve: Callable[[Connection], None],
        fast_path: FastPath | None,
        *,
        silence: timedelta = SILENCE,
        look: timedelta = LOOK,
    ) -> None:
        self._silence = silence
        self._look = look
        self._listening = listening
        self._made = made
        self._serve = serve
        self._fast_path = fast_path
        self._lock = Lock()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._stopped = False
        self._ended = Event()
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature; who is announced may be gone again
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def put(self, conn: Connection) -> None:
        """Keep a connection until its next request comes. Thread-safe."""
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
        """Handle what comes within so many seconds; return whether there is more to do at once."""
        try:
            for key, _ in self._selector.select(timeout):
                self._attend(key)
            return self._fast_path is not None and self._fast_path.deliver_briefly()
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("the server could not attend to what has come")
            self._ended.wait(_BREATH_SECONDS)
            if self._fast_path is not None:
                self._fast_path.kick()  # this thread may not come back soon
            return False

    def stop(self) -> None:
        """Accept nothing new, and return when that is so."""
        with self._lock:
            self._stopped = True
            self._wake.send(b".")
        self._ended.wait()

    def close(self) -> None:
        """Close all connections that are kept."""
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
        """Answer a request by the fast path; return False when a thread has to go on with the connection."""
        if self._fast_path is None or conn.ssl_env:
            return False
        try:
            if not conn.answer_at_once(self._fast_path):
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
