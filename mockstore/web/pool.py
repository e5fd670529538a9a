"""The threads that answer requests: started as they are needed, stopped without delay."""

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

_SHARE: Final = 2
"""One thread in so many, at most, stays with a connection that says nothing: handing it to whoever waits for all of
them and back takes longer than most requests."""


class Pool:
    """What cheroot asks of a pool of threads: `min`, `start`, `put`, `stop`, and numbers for its statistics."""

    min = 1

    def __init__(self, server: HTTPServer, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._changed = Condition()
        self._waiting: deque[Connection] = deque()
        self._served: set[Connection] = set()
        self._threads: list[Thread] = []
        self.idle = 0
        """How many threads serve nobody; one that has just been started counts."""
        self._silent: set[Connection] = set()
        """Those with which a thread stays that say nothing."""
        self._is_short = False
        """The system had no thread to give at the last try."""
        self.closing = False
        """Whether the server stops."""

    @property
    def qsize(self) -> int:
        """How many connections wait for a thread."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether requests wait, all threads are taken, and no further one can be had."""
        return len(self._waiting) > self.idle and (self._is_short or len(self._threads) >= self._limit)

    def start(self) -> None:
        """Begin; the first connection brings the first thread."""

    def put(self, connection: Connection) -> None:
        """Let a thread serve the request that has come in on the connection; without any thread, close it."""
        with self._changed:
            if not self.closing:
                if len(self._waiting) >= self.idle and len(self._threads) < self._limit:
                    self._start_thread()
                if self._threads:
                    self._waiting.append(connection)
                    self._changed.notify()
                    return
        connection.close()

    def stop(self, timeout: float) -> None:
        """Let the requests that are being answered end, for `timeout` seconds at most; wait for no others."""
        patience = Deadline(timedelta(seconds=timeout))
        with self._changed:
            self.closing = True
            unserved, silent = list(self._waiting), [one for one in self._served if not one.answering]
            self._waiting.clear()
            self._changed.notify_all()
        for connection in unserved:
            connection.close()
        for connection in silent:
            connection.hang_up()
        for thread in self._threads:
            thread.join(patience.left())

    def _start_thread(self) -> None:
        """Start a further thread, where the system has one to give; those that run have to do otherwise."""
        thread = Thread(target=self._run, name=f"mockstore-http-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._is_short:
                _LOG.warning("requests have to do with %d threads for now: %s", len(self._threads), error)
            self._is_short = True
            return
        self._is_short = False
        self._threads.append(thread)
        self.idle += 1

    def _run(self) -> None:
        while (connection := self._next()) is not None:
            keep = self._serve(connection)
            with self._changed:
                self._served.discard(connection)  # before another thread may serve it
                self.idle += 1
            if keep:
                with suppress(OSError):
                    self._server.put_conn(connection)

    def _next(self) -> Connection | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.closing)
            if not self._waiting:
                return None
            self.idle -= 1
            connection = self._waiting.popleft()
            self._served.add(connection)
            return connection

    def _serve(self, connection: Connection) -> bool:
        """Answer its requests; return whether it is to be kept for further ones, else it is closed."""
        try:
            if self._answers(connection):
                return True
        except OSError:
            _LOG.debug("a connection broke", exc_info=True)
        except Exception:  # noqa: BLE001 - the thread must live; the log has it
            _LOG.exception("a connection could not be served")
        with suppress(OSError):
            connection.close()
        return False

    def _answers(self, connection: Connection) -> bool:
        """Do the same; a connection that breaks raises."""
        keep = connection.communicate()
        while keep and self._may_stay(connection) and self._stay(connection):
            keep = connection.communicate()
        return keep

    def _may_stay(self, connection: Connection) -> bool:
        with self._changed:
            most = (len(self._threads) if self._is_short else self._limit) // _SHARE
            if self._waiting or self.closing or len(self._silent) >= most:
                return False
            self._silent.add(connection)
            return True

    def _stay(self, connection: Connection) -> bool:
        """Wait for the next request on the connection; return whether there is something to serve."""
        try:
            return connection.has_more()
        finally:
            with self._changed:
                self._silent.discard(connection)
