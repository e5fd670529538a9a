"""How a connection is closed whose client is still sending what was refused: it gets time to read why."""

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from mockstore.world.transports.rules import Deadline

LINGERING: Final = timedelta(seconds=2)
"""How long the rest of a refused body is read and dropped, so that its sender comes to read the answer."""
SILENCE: Final = timedelta(seconds=0.5)
"""How long its sender may send nothing in that time."""
LINGERING_BYTES: Final = 64 * 1024 * 1024
"""How much of it is read at most."""

_PIECE: Final = 65_536


def drain(sock: socket.socket, lasting: timedelta = LINGERING, *, unless: Callable[[], bool] = lambda: False) -> None:
    """Read and drop what still comes in, until its sender ends or is silent.

    That takes no longer than `lasting`, and goes on only as long as `unless` returns False.
    """
    deadline, dropped = Deadline(lasting), 0
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while dropped < LINGERING_BYTES and (left := deadline.left()) and not unless():
            sock.settimeout(min(SILENCE.total_seconds(), left))
            piece = sock.recv(_PIECE)
            if not piece:
                return
            dropped += len(piece)
