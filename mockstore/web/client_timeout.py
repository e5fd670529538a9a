"""Limits how long the server waits for a client that is slow to send a request or to read a response."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from socket import socket
from typing import Final, TypeVar

from mockstore.world.transports.rules import Deadline

T = TypeVar("T")

SLICE: Final = 0.2
"""The timeout of a client's socket, in seconds; after each, `ClientTimeout` decides whether to wait longer."""

_WAIT: Final = 30.0
_RATE: Final = 16 * 1024
"""A client may keep a thread waiting for `_WAIT` seconds, and one more for each `_RATE` bytes transferred."""
_BUSY_WAIT: Final = SLICE
_BUSY_RATE: Final = 8 * 1024 * 1024
"""The same limits while other requests wait for a thread."""
_NO_TIME: Final = timedelta()
_WOULD_WAIT: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ClientTimeout:
    """Measures the time spent waiting for the client in one request or response, and the bytes transferred.

    Only the waits of `sock` count, not the time that the app takes. `busy` returns whether other requests wait for a
    thread; a client then gets far less time.
    """

    def __init__(self, sock: socket, busy: Callable[[], bool]) -> None:
        self._sock = sock
        self._busy = busy
        self._waited = 0.0
        self._transferred = 0
        self.passed = False
        """Whether the limit was exceeded."""

    def restart(self) -> None:
        """Start anew for the next request or response."""
        self._waited, self._transferred, self.passed = 0.0, 0, False

    def run(self, step: Callable[[T], int], piece: T) -> int:
        """Call `step(piece)`, which sends or receives, until it does not time out; return the bytes it transferred.

        Raises `TimeoutError` when the client has taken too long, but never after a step that transferred bytes, since
        they would be lost.
        """
        while not self._is_over():
            started, transferred = Deadline(_NO_TIME), None
            with suppress(TimeoutError):
                transferred = step(piece)
            self._waited += started.elapsed().total_seconds()
            if transferred is not None:
                self._transferred += transferred
                return transferred
        return self._run_at_once(step, piece)

    def _run_at_once(self, step: Callable[[T], int], piece: T) -> int:
        """Try once more without waiting: on a busy machine, the delay may be the server's own."""
        timeout = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            transferred = step(piece)
        except _WOULD_WAIT:
            self.passed = True
            raise TimeoutError("timed out") from None  # the text that cheroot recognises
        finally:
            self._sock.settimeout(timeout)
        self._transferred += transferred
        return transferred

    def _is_over(self) -> bool:
        if self._waited < _BUSY_WAIT:
            return False
        return self._waited > _WAIT + self._transferred / _RATE or (
            self._waited > _BUSY_WAIT + self._transferred / _BUSY_RATE and self._busy()
        )
