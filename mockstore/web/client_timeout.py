"""How long the server waits for a client that is slow to send its request, or slow to take its answer."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from socket import socket
from typing import Final, TypeVar

from mockstore.world.transports.rules import Deadline

T = TypeVar("T")

SLICE: Final = 0.2
"""How many seconds a socket waits at once; after each, `ClientTimeout` decides whether to wait on."""

_WAIT: Final = 30.0
_RATE: Final = 16 * 1024
"""A client may keep a thread waiting for so many seconds, and one more for so many bytes that it has sent or taken."""
_BUSY_WAIT: Final = SLICE
_BUSY_RATE: Final = 8 * 1024 * 1024
"""The same while other requests wait for a thread."""
_NO_TIME: Final = timedelta()
_WOULD_WAIT: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ClientTimeout:
    """How long a client has been waited for in one request or one answer, and how many bytes have passed.

    Only the time in which `sock` waits is counted, and not what the app takes. `busy` returns whether other requests
    wait for a thread; a client then gets far less time.
    """

    def __init__(self, sock: socket, busy: Callable[[], bool]) -> None:
        self._sock = sock
        self._busy = busy
        self._waited = 0.0
        self._moved = 0
        self.passed = False
        """Whether the client has taken too long."""

    def restart(self) -> None:
        """Begin with the next request."""
        self._waited, self._moved, self.passed = 0.0, 0, False

    def keep(self, step: Callable[[T], int], piece: T) -> int:
        """Do `step(piece)`, which sends or receives, as often as it times out; return how many bytes it moved.

        Raises `TimeoutError` when the client has taken too long, but never for a step that moved something: what has
        been received would be lost.
        """
        while not self._is_over():
            begun, moved = Deadline(_NO_TIME), None
            with suppress(TimeoutError):
                moved = step(piece)
            self._waited += begun.elapsed().total_seconds()
            if moved is not None:
                self._moved += moved
                return moved
        return self._do_at_once(step, piece)

    def _do_at_once(self, step: Callable[[T], int], piece: T) -> int:
        """Do the step without waiting: on a machine with much to do, it may be the server that took so long."""
        usual = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            moved = step(piece)
        except _WOULD_WAIT:
            self.passed = True
            raise TimeoutError("timed out") from None  # in the words by which cheroot knows it
        finally:
            self._sock.settimeout(usual)
        self._moved += moved
        return moved

    def _is_over(self) -> bool:
        if self._waited < _BUSY_WAIT:
            return False
        return self._waited > _WAIT + self._moved / _RATE or (
            self._waited > _BUSY_WAIT + self._moved / _BUSY_RATE and self._busy()
        )
