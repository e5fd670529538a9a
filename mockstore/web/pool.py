"""The pool of threads that answer requests; threads are started on demand, up to a limit."""

import logging
from collections import deque
from contextlib import suppress
from datetime import timedelta
from threading import Condition, Thread
from typing import Final

from cheroot.server import HTTPServer

from mockstore.web.connections import Connection
from mockstore.world.transports.rules import Deadline

_LOG: Final = logging.getLogger(__name__)

_WAITING_SHARE: Final = 2
"""At most one thread in `_WAITING_SHARE` waits for the next request on its own connection, which is faster than
returning the connection to `IdleConnections` and getting it back."""


class Pool:
    """A thread pool with the members that cheroot uses: `min`, `start`, `put`, `stop`, and its statistics."""

    min = 1

    def __init__(self, server: HTTPServer, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._changed = Condition()
        self._queue: deque[Connection] = deque()
        self._serving: set[Connection] = set()
        self._threads: list[Thread] = []
        self.idle = 0
        """The number of threads that serve no connection, including those just started."""
        self._watched: set[Connection] = set()
        """Connections on which a thread waits for the next request."""
        self._out_of_threads = False
        """Whether the system refused to start a thread at the last try."""
        self.closing = False
        """Whether the server stops."""

    @property
    def qsize(self) -> int:
        """The number of connections that wait for a thread."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether requests wait, all threads are busy, and no further one can be started."""
        return len(self._queue) > self.idle and (self._out_of_threads or len(self._threads) >= self._limit)

    def start(self) -> None:
        """Do nothing: the first connection starts the first thread."""

    def put(self, connection: Connection) -> None:
        """Queue a connection on which a request has begun; close it if no thread can be started."""
        with self._changed:
            if not self.closing:
                if len(self._queue) >= self.idle and len(self._threads) < self._limit:
                    self._start_thread()
                if self._threads:
                    self._queue.append(connection)
                    self._changed.notify()
                    return
        connection.close()

    def stop(self, timeout: float) -> None:
        """Close the connections without a request, and wait up to `timeout` seconds for the requests being answered."""
        deadline = Deadline(timedelta(seconds=timeout))
        with self._changed:
            self.closing = True
            queued, unanswered = list(self._queue), [one for one in self._serving if not one.answering]
            self._queue.clear()
            self._changed.notify_all()
        for connection in queued:
            connection.close()
        for connection in unanswered:
            connection.stop_reading()
        for thread in self._threads:
            thread.join(deadline.left())

    def _start_thread(self) -> None:
        """Start another thread; if the system refuses, log a warning and continue with those that run."""
        thread = Thread(target=self._run, name=f"mockstore-http-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._out_of_threads:
                _LOG.warning("requests have to do with %d threads for now: %s", len(self._threads), error)
            self._out_of_threads = True
            return
        self._out_of_threads = False
        self._threads.append(thread)
        self.idle += 1

    def _run(self) -> None:
        while (connection := self._next()) is not None:
            keep = self._serve(connection)
            with self._changed:
                self._serving.discard(connection)  # before another thread may serve it
                self.idle += 1
            if keep:
                with suppress(OSError):
                    self._server.put_conn(connection)

    def _next(self) -> Connection | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self.closing)
            if not self._queue:
                return None
            self.idle -= 1
            connection = self._queue.popleft()
            self._serving.add(connection)
            return connection

    def _serve(self, connection: Connection) -> bool:
        """Answer the requests of a connection; return whether to keep it. Otherwise it is closed."""
        try:
            if self._answer_all(connection):
                return True
        except OSError:
            _LOG.debug("a connection broke", exc_info=True)
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("a connection could not be served")
        with suppress(OSError):
            connection.close()
        return False

    def _answer_all(self, connection: Connection) -> bool:
        """Answer the requests; return whether to keep the connection. Raise `OSError` when it breaks."""
        keep = connection.communicate()
        while keep and self._may_wait(connection) and self._wait_for_request(connection):
            keep = connection.communicate()
        return keep

    def _may_wait(self, connection: Connection) -> bool:
        with self._changed:
            most = (len(self._threads) if self._out_of_threads else self._limit) // _WAITING_SHARE
            if self._queue or self.closing or len(self._watched) >= most:
                return False
            self._watched.add(connection)
            return True

    def _wait_for_request(self, connection: Connection) -> bool:
        """Wait for the next request on the connection; return whether to serve it."""
        try:
            return connection.wait_for_request()
        finally:
            with self._changed:
                self._watched.discard(connection)
