"""A connection's two directions: what comes in on a socket, and what goes out."""

import socket
import ssl
from _pyio import BufferedReader  # type: ignore[import-not-found]  # typeshed leaves out what cheroot's readers are
from collections.abc import Callable
from typing import TYPE_CHECKING

from cheroot.makefile import StreamReader

from mockstore.web.client_timeout import ClientTimeout

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Reader(StreamReader):
    """What comes in on a socket; something that was read past it can be given back.

    Reading raises `TimeoutError` when the client is slower than `client_timeout` allows.
    """

    def __init__(self, sock: socket.socket, client_timeout: ClientTimeout) -> None:
        self._socket = sock
        self._source = _Source(sock, client_timeout)
        BufferedReader.__init__(self, self._source)
        self.bytes_read = 0

    def unread(self, come: bytes) -> None:
        """Let what has been read from the socket itself be read here next."""
        self._source.unread = come

    def has_data(self) -> bool:
        """Return whether something has been received already; a selector would not announce it."""
        if self._source.unread or super().has_data():  # type: ignore[no-untyped-call]  # cheroot's
            return True
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0


class Writer:
    """What goes out on a socket: at once, or not at all. Nothing is left over to be sent when it is forgotten."""

    def __init__(self, send: Callable[[memoryview], int], client_timeout: ClientTimeout) -> None:
        self._send = send
        self._client_timeout = client_timeout

    def write(self, content: bytes) -> int:
        """Send all of it; raise `TimeoutError` when the client takes it slower than `client_timeout` allows."""
        self._client_timeout.restart()
        rest = memoryview(content)
        while rest:
            rest = rest[self._client_timeout.keep(self._send, rest) :]
        return len(content)


class _Source(socket.SocketIO):
    unread = b""

    def __init__(self, sock: socket.socket, client_timeout: ClientTimeout) -> None:
        super().__init__(sock, "rb")
        self._receive = sock.recv_into
        self._client_timeout = client_timeout

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        if not self.unread:
            return self._client_timeout.keep(self._receive, buffer)
        room = memoryview(buffer)
        count = min(len(room), len(self.unread))
        room[:count], self.unread = self.unread[:count], self.unread[count:]
        return count
