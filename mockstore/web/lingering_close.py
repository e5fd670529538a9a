"""Closes a connection whose client still sends a refused body, so that the client can read the response."""

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from mockstore.world.transports.rules import Deadline

LINGERING: Final = timedelta(seconds=2)
"""How long the rest of a refused body is read and dropped; closing at once would reset the connection."""
SILENCE: Final = timedelta(seconds=0.5)
"""How long the client may send nothing in that time."""
LINGERING_BYTES: Final = 64 * 1024 * 1024
"""How many bytes are read at most."""

_READ_SIZE: Final = 65_536


def drain(sock: socket.socket, lasting: timedelta = LINGERING, *, unless: Callable[[], bool] = lambda: False) -> None:
    """Read and drop what the client still sends, until it ends or is silent.

    Return after `lasting` at the latest, and as soon as `unless` returns True.
    """
    deadline, dropped = Deadline(lasting), 0
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while dropped < LINGERING_BYTES and (left := deadline.left()) and not unless():
            sock.settimeout(min(SILENCE.total_seconds(), left))
            piece = sock.recv(_READ_SIZE)
            if not piece:
                return
            dropped += len(piece)
