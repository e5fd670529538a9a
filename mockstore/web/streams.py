"""The reader and the writer of a connection, both with a timeout for slow clients."""

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
    """A buffered reader of a socket; bytes that were read directly from the socket can be given back.

    Reading raises `TimeoutError` when the client is slower than `client_timeout` allows.
    """

    def __init__(self, sock: socket.socket, client_timeout: ClientTimeout) -> None:
        self._socket = sock
        self._source = _Source(sock, client_timeout)
        BufferedReader.__init__(self, self._source)
        self.bytes_read = 0

    def unread(self, content: bytes) -> None:
        """Give back bytes that were read directly from the socket; they are read next."""
        self._source.unread = content

    def has_data(self) -> bool:
        """Return whether bytes are buffered, which a selector does not report."""
        if self._source.unread or super().has_data():  # type: ignore[no-untyped-call]  # cheroot's
            return True
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0


class Writer:
    """An unbuffered writer to a socket."""

    def __init__(self, send: Callable[[memoryview], int], client_timeout: ClientTimeout) -> None:
        self._send = send
        self._client_timeout = client_timeout

    def write(self, content: bytes) -> int:
        """Send all of it; raise `TimeoutError` when the client reads slower than `client_timeout` allows."""
        self._client_timeout.restart()
        rest = memoryview(content)
        while rest:
            rest = rest[self._client_timeout.run(self._send, rest) :]
        return len(content)


class _Source(socket.SocketIO):
    unread = b""

    def __init__(self, sock: socket.socket, client_timeout: ClientTimeout) -> None:
        super().__init__(sock, "rb")
        self._receive = sock.recv_into
        self._client_timeout = client_timeout

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        if not self.unread:
            return self._client_timeout.run(self._receive, buffer)
        room = memoryview(buffer)
        count = min(len(room), len(self.unread))
        room[:count], self.unread = self.unread[:count], self.unread[count:]
        return count
