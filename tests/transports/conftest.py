"""Raw TCP servers on loopback, each defined by a function that handles one connection, and requests to them."""

import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from socket import SHUT_RDWR, SO_LINGER, SOL_SOCKET, create_server, socket
from typing import TypeAlias

import pytest

from mockstore.model import Outgoing
from mockstore.world.transports.http import HttpTransport
from mockstore.world.transports.rules import Deadline

LONG_TIMEOUT = timedelta(seconds=20)
SHORT_TIMEOUT = timedelta(seconds=0.2)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Handler: TypeAlias = Callable[[socket, Iterator[bytes]], None]
"""Handles one connection of a server; the iterator yields whole requests until the client closes the connection."""

Serve: TypeAlias = Callable[[Handler], int]
"""Starts a server with this handler and returns its port."""


class ManualTime:
    """Makes deadlines whose clock moves only when a test changes `now` (in seconds)."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self, timeout: timedelta) -> Deadline:
        class ManualDeadline(Deadline):
            _real_time = staticmethod(lambda: self.now)

        return ManualDeadline(timeout)


@pytest.fixture
def manual_time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    transport = HttpTransport()
    yield transport
    transport.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, each on a port of its own; close their sockets and join their threads when the test ends."""
    sockets: list[socket] = []
    threads: list[threading.Thread] = []

    def start(target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        threads.append(thread)
        thread.start()

    def serve_connection(handle: Handler, connection: socket) -> None:
        with connection, suppress(OSError):
            handle(connection, _requests(connection))

    def accept(listener: socket, handle: Handler) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                sockets.append(connection)
                start(serve_connection, handle, connection)

    def serve(handle: Handler) -> int:
        listener = create_server(("127.0.0.1", 0))
        sockets.append(listener)
        start(accept, listener, handle)
        port: int = listener.getsockname()[1]
        return port

    yield serve

    for open_socket in sockets:
        with suppress(OSError):
            open_socket.shutdown(SHUT_RDWR)
        open_socket.close()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


def _requests(connection: socket) -> Iterator[bytes]:
    """Yield the requests of a connection, each with its head and body."""
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return
            received += piece
        head, _, rest = received.partition(b"\r\n\r\n")
        fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        length = next((int(value) for name, _, value in fields if name.lower() == b"content-length"), 0)
        while len(rest) < length:
            rest += connection.recv(65536)
        yield head + b"\r\n\r\n" + rest[:length]
        received = rest[length:]


def request_to(port: int, path: str = "/hooks", *, scheme: str = "http") -> Outgoing:
    return Outgoing(f"{scheme}://127.0.0.1:{port}{path}", (("Content-Type", "application/json"),), b'{"a":1}')


def answering(*answers: bytes) -> Handler:
    """Answer the requests of a connection in turn, then close it."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        for answer, _ in zip(answers, requests_, strict=False):
            connection.sendall(answer)

    return handle


def always(answer: bytes) -> Handler:
    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        for _ in requests_:
            connection.sendall(answer)

    return handle


def answering_two(requests: list[bytes], *, end: Callable[[socket], None]) -> Handler:
    """Record each request in `requests`; answer the first two, and call `end` instead of answering the third."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        for request in requests_:
            requests.append(request)
            if len(requests) > 2:
                end(connection)
                return
            connection.sendall(OK)

    return handle


def reset(connection: socket, requests_: Iterator[bytes]) -> None:
    next(requests_)
    connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
