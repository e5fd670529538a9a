"""A Mockstore that delivers over real sockets on its own threads, and hostile receivers."""

import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from socket import SO_LINGER, SOL_SOCKET, socket
from threading import Condition, Event
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from mockstore import Mockstore
from mockstore.model import Attempt, Json
from mockstore.settings import Settings
from mockstore.world.transports.http import HttpTransport
from tests.transports.conftest import OK, Handler, Serve, serve

__all__ = ["serve"]

TIME_LIMIT = timedelta(seconds=60)
"""After this time a test fails; a passing test needs far less."""
SETTINGS = Settings(clock="virtual", threads=8, timeout=timedelta(seconds=1), webhooks=20_000)
"""The virtual clock stands still, so no delivery is retried."""

Make: TypeAlias = Callable[..., Mockstore]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make a Mockstore with these settings changed; `trusted` says which TLS certificates it accepts."""
    with ExitStack() as stack:

        def made(trusted: ssl.SSLContext | None = None, **changes: Json) -> Mockstore:
            settings = replace(SETTINGS, **changes)
            return stack.enter_context(Mockstore.standalone(settings, network=lambda: HttpTransport(trusted)))

        yield made


@pytest.fixture
def start_receiver(make: Make, serve: Serve) -> Serve:  # noqa: ARG001 - `make` has to be torn down later
    """Start receivers like `serve`, but stop them before the Mockstore closes: closing waits for open requests."""
    return serve


def only_attempt(mock: Mockstore, port: int, body: bytes | None = None, scheme: str = "http") -> Attempt:
    """Deliver one event to the port and return its only attempt."""
    mock.subscribe(f"{scheme}://127.0.0.1:{port}/hooks")
    event = mock.emit("pet.adopted", body=body, invalid=body is not None)
    mock.settle(TIME_LIMIT)
    (attempt,) = event.delivery.record.attempts
    return attempt


class CountingReceiver:
    """A receiver that answers at once and counts its requests."""

    def __init__(self) -> None:
        self._got = 0
        self._changed = Condition()

    def handle(self, connection: socket, requests_: Iterator[bytes]) -> None:
        for _ in requests_:
            connection.sendall(OK)
            with self._changed:
                self._got += 1
                self._changed.notify_all()

    def got(self, count: int) -> bool:
        """Wait until `count` requests have come; return False when the time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._got >= count, TIME_LIMIT.total_seconds())


def endless(start: bytes, piece: bytes) -> Handler:
    """Begin a response with `start`, then send `piece` without pause until the sender closes the connection."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        if next(requests_, None) is None:  # the sender timed out before it sent a request
            return
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return handle


def dripping(start: bytes, drop: bytes) -> Handler:
    """Begin a response with `start`, then send `drop` every 0.1 seconds."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(start)
        connection.settimeout(0.1)
        while True:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(drop)

    return handle


def resetting(start: bytes) -> Handler:
    """Begin a response with `start`, then reset the connection."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(start)
        abort(connection)

    return handle


def abort(connection: socket, *_: object) -> None:
    """Make the coming close of the connection a reset."""
    connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def never_reading(start_receiver: Serve) -> Iterator[Handler]:  # noqa: ARG001 - its receivers are told to end before they are joined
    """A handler that reads nothing until the test ends."""
    over = Event()

    def handle(_: socket, __: Iterator[bytes]) -> None:
        over.wait(TIME_LIMIT.total_seconds())

    yield handle
    over.set()
