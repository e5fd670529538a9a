"""Waits for new connections, and for the next request on connections that are kept alive."""

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

IDLE_LIMIT: Final = timedelta(seconds=30)
"""How long a connection may be idle between two requests."""
CHECK_INTERVAL: Final = timedelta(seconds=5)
"""How often to close connections that have been idle for too long."""
_PAUSE_SECONDS: Final = 0.05
"""How long to pause after an error that may last, such as too many open files."""
_OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class IdleConnections:
    """Replaces cheroot's connection manager; has the members that cheroot uses.

    `connection_of` wraps an accepted socket; `serve` is called with each connection on which a request has begun.
    Requests for `fast_path` are answered and delivered on this thread, which is faster than passing them to another.
    """

    can_add_keepalive_connection = True

    def __init__(  # noqa: PLR0913 - tests shorten two of them
        self,
        listening: socket.socket,
        connection_of: Callable[[socket.socket, Any], Connection],
        serve: Callable[[Connection], None],
        fast_path: FastPath | None,
        *,
        idle_limit: timedelta = IDLE_LIMIT,
        check_interval: timedelta = CHECK_INTERVAL,
    ) -> None:
        self._idle_limit = idle_limit
        self._check_interval = check_interval
        self._listening = listening
        self._connection_of = connection_of
        self._serve = serve
        self._fast_path = fast_path
        self._lock = Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self._stopped = False
        self._ended = Event()
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature; a client may be gone before `accept`
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ)

    def put(self, conn: Connection) -> None:
        """Keep a connection until its next request arrives. Thread-safe."""
        conn.idle_deadline = Deadline(self._idle_limit)
        if conn.rfile.has_data():
            self._serve(conn)
            return
        with self._lock:
            if not self._stopped:
                self._selector.register(conn.socket, selectors.EVENT_READ, conn)
                if sys.platform == "win32":  # where `select` does not notice a new socket
                    self._wake_sender.send(b".")
                return
        conn.close()

    def run(self) -> None:
        """Accept connections and pass on requests until `stop` is called."""
        delivering, next_check = False, Deadline(self._check_interval)
        try:
            while not self._stopped:
                delivering = self._handle_ready(0 if delivering else self._check_interval.total_seconds())
                if next_check.passed():
                    self._close_idle()
                    next_check = Deadline(self._check_interval)
        finally:
            self._ended.set()

    def _handle_ready(self, timeout: float) -> bool:
        """Handle the sockets that become ready within `timeout` seconds; return whether deliveries are under way."""
        try:
            for key, _ in self._selector.select(timeout):
                self._handle(key)
            return self._fast_path is not None and self._fast_path.deliver_briefly()
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("the server could not attend to what has come")
            self._ended.wait(_PAUSE_SECONDS)
            if self._fast_path is not None:
                self._fast_path.kick()  # this thread may be late for its deliveries
            return False

    def stop(self) -> None:
        """Stop accepting connections; return when `run` has ended."""
        with self._lock:
            self._stopped = True
            self._wake_sender.send(b".")
        self._ended.wait()

    def close(self) -> None:
        """Close all idle connections."""
        for conn in self._idle():
            conn.close()
        self._selector.close()
        self._wake_sender.close()
        self._wake_receiver.close()

    def _handle(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listening:
            self._accept()
        elif key.data is None:
            self._wake_receiver.recv(64)
        elif not self._answer_at_once(key.data):
            with self._lock:
                self._selector.unregister(key.fileobj)
            self._serve(key.data)

    def _accept(self) -> None:
        """Accept a new connection, and keep it until its first bytes arrive."""
        try:
            sock, address = self._listening.accept()
        except OSError as error:
            _LOG.debug("a connection could not be accepted: %s", error)
            if error.errno in _OUT_OF_RESOURCES:
                self._ended.wait(_PAUSE_SECONDS)
            return
        try:
            self.put(self._connection_of(sock, address))
        except OSError as error:
            _LOG.debug("a connection broke at once: %s", error)
            sock.close()

    def _answer_at_once(self, conn: Connection) -> bool:
        """Answer a request by the fast path; return False when a pool thread must serve the connection."""
        if self._fast_path is None or conn.ssl_env:
            return False
        try:
            if not conn.answer_at_once(self._fast_path):
                return False
        except OSError:  # a pool thread reads the request again, and handles the error
            _LOG.debug("a request could not be answered at once", exc_info=True)
            return False
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("a request could not be answered")
            self._drop(conn)
            return True
        conn.idle_deadline = Deadline(self._idle_limit)
        return not conn.unsent and not conn.rfile.has_data()

    def _close_idle(self) -> None:
        for conn in self._idle():
            if conn.idle_deadline.passed():
                self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        with self._lock:
            self._selector.unregister(conn.socket)
        conn.close()

    def _idle(self) -> list[Connection]:
        with self._lock:
            return [key.data for key in self._selector.get_map().values() if key.data is not None]
