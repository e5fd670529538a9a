"""Raw servers on loopback, each a function that talks over one connection, and requests to them."""

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

PATIENT = timedelta(seconds=20)
SHORT = timedelta(seconds=0.2)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Talk: TypeAlias = Callable[[socket, Iterator[bytes]], None]
"""What a server does with one connection; the iterator reads whole requests from it until the client closes."""

Serve: TypeAlias = Callable[[Talk], int]
"""Starts such a server and returns its port."""


class Watch:
    """Makes deadlines whose time passes by hand only: `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self, timeout: timedelta) -> Deadline:
        class ByHand(Deadline):
            _real_time = staticmethod(lambda: self.now)

        return ByHand(timeout)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    transport = HttpTransport()
    yield transport
    transport.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, each on a port of its own; what they hold open is closed when the test ends."""
    sockets: list[socket] = []
    threads: list[threading.Thread] = []

    def start(target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        threads.append(thread)
        thread.start()

    def converse(talk: Talk, connection: socket) -> None:
        with connection, suppress(OSError):
            talk(connection, _requests(connection))

    def accept(listener: socket, talk: Talk) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                sockets.append(connection)
                start(converse, talk, connection)

    def serve(talk: Talk) -> int:
        listener = create_server(("127.0.0.1", 0))
        sockets.append(listener)
        start(accept, listener, talk)
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
    """Yield the requests of a connection, each head and body."""
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


def to(port: int, path: str = "/hooks", *, scheme: str = "http") -> Outgoing:
    return Outgoing(f"{scheme}://127.0.0.1:{port}{path}", (("Content-Type", "application/json"),), b'{"a":1}')


def answering(*answers: bytes) -> Talk:
    """Answer the requests of a connection in turn, then close it."""

    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        for answer, _ in zip(answers, requests_, strict=False):
            connection.sendall(answer)

    return talk


def always(answer: bytes) -> Talk:
    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        for _ in requests_:
            connection.sendall(answer)

    return talk


def taking(requests: list[bytes], *, end: Callable[[socket], None]) -> Talk:
    """Note each request; answer two of them, and end the connection in place of a third answer."""

    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        for request in requests_:
            requests.append(request)
            if len(requests) > 2:
                end(connection)
                return
            connection.sendall(OK)

    return talk


def reset(connection: socket, requests_: Iterator[bytes]) -> None:
    next(requests_)
    connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
