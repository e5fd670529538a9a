"""Sends a request with a fault of the connection: slowly, cut off, in chunks, late, or with a reset at its end."""

import struct
from collections.abc import Iterator
from select import select
from socket import MSG_PEEK, SHUT_WR, SO_LINGER, SOL_SOCKET, socket
from typing import Final

from msgspec.structs import replace

from mockstore.errors import BrokenConnectionError
from mockstore.model import Outgoing, Reply, Wire
from mockstore.world.transports.rules import Deadline
from mockstore.world.transports.wire import Connection

_PIECES: Final = 16
_PAUSED: Final = 0.2  # the share of the time limit that pauses take in all
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class FaultyConnection(Connection):
    """A connection for one request, which is sent with the faults of `wire`."""

    def __init__(self, sock: socket, peer: str, wire: Wire) -> None:
        super().__init__(sock, peer)
        self._wire = wire

    def exchange(self, request: bytes, method: str, deadline: Deadline) -> tuple[Reply, bool]:
        """Send the request; return the reply and False, or raise `BrokenConnectionError` after a reset of our own."""
        if self._wire.slow_to_connect:
            self._pause(deadline.left() * _PAUSED)
        if self._wire.reset is None:
            reply, _ = super().exchange(request, method, deadline)
            return reply, False
        try:
            self._send(request, deadline)
            self._await_answer(deadline)
        except TimeoutError:
            raise deadline.missed_by(self._peer) from None
        except OSError as error:
            raise BrokenConnectionError(f"{self._peer} broke the connection before the answer: {error}") from error
        self._socket.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()
        raise BrokenConnectionError(
            f"the connection to {self._peer} was reset {self._wire.reset} the answer, on purpose (a fault)"
        )

    def _send(self, request: bytes, deadline: Deadline) -> None:
        head, gap, body = request.partition(b"\r\n\r\n")
        pause = deadline.left() * _PAUSED / _PIECES
        for number, piece in enumerate(_pieces(head + gap, body, self._wire)):
            if number and self._wire.dripped:
                self._pause(pause)
            super()._send(piece, deadline)
        if self._wire.cut_at is not None:
            self._socket.shutdown(SHUT_WR)

    def _await_answer(self, deadline: Deadline) -> None:
        """Wait until the receiver begins to answer; read a byte of the answer unless the reset is to come before it."""
        left = deadline.left()
        if not left:
            raise TimeoutError
        self._socket.settimeout(left)
        # The plain socket's method: a TLS socket does not support MSG_PEEK.
        if not socket.recv(self._socket, 1, MSG_PEEK if self._wire.reset == "before" else 0):
            raise ConnectionResetError("closed without an answer")

    def _pause(self, seconds: float) -> None:
        """Wait, but end early when the receiver sends something or closes the connection."""
        select([self._socket], [], [], seconds)


def framed(outgoing: Outgoing) -> Outgoing:
    """Return the request with a `Transfer-Encoding` header if its fault sends the body in chunks."""
    if outgoing.wire is None or not outgoing.wire.chunked:
        return outgoing
    return replace(outgoing, headers=(*outgoing.headers, ("Transfer-Encoding", "chunked")))


def _pieces(head: bytes, body: bytes, wire: Wire) -> Iterator[bytes]:
    """Yield the bytes to send one after another; a body that is cut off has no last chunk."""
    size = max(1, -(-len(body) // _PIECES)) if wire.dripped or wire.chunked else max(1, len(body))
    sent = body if wire.cut_at is None else body[: wire.cut_at]
    yielded = [sent[at : at + size] for at in range(0, len(sent), size)]
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in yielded] if wire.chunked else yielded
    if wire.chunked and wire.cut_at is None:
        chunks.append(b"0\r\n\r\n")
    if wire.dripped:
        yield head
        yield from chunks
    else:
        yield head + b"".join(chunks)
