"""A mock that delivers over real sockets on threads of its own, and receivers that mean it no good."""

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
from tests.transports.conftest import OK, Serve, Talk, serve

__all__ = ["serve"]

PATIENCE = timedelta(seconds=60)
"""How long a test waits before it gives up; none comes near."""
STILL = Settings(clock="virtual", threads=8, timeout=timedelta(seconds=1), webhooks=20_000)
"""Time stands still, so that every delivery is tried once."""

Make: TypeAlias = Callable[..., Mockstore]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a mock with these settings changed, which trusts whom `trusted` does."""
    with ExitStack() as stack:

        def made(trusted: ssl.SSLContext | None = None, **changes: Json) -> Mockstore:
            settings = replace(STILL, **changes)
            return stack.enter_context(Mockstore.standalone(settings, network=lambda: HttpTransport(trusted)))

        yield made


@pytest.fixture
def receiver_of(make: Make, serve: Serve) -> Serve:  # noqa: ARG001 - `make` has to be there first
    """Starts receivers like `serve`; they are gone before the mock is closed, which waits for what is under way."""
    return serve


def only_attempt(mock: Mockstore, port: int, body: bytes | None = None, scheme: str = "http") -> Attempt:
    """Deliver one event to the port; return the attempt that was recorded."""
    mock.subscribe(f"{scheme}://127.0.0.1:{port}/hooks")
    event = mock.emit("pet.adopted", body=body, invalid=body is not None)
    mock.settle(PATIENCE)
    (attempt,) = event.delivery.record.attempts
    return attempt


class Quick:
    """A receiver that answers at once and counts."""

    def __init__(self) -> None:
        self._got = 0
        self._changed = Condition()

    def talk(self, connection: socket, requests_: Iterator[bytes]) -> None:
        for _ in requests_:
            connection.sendall(OK)
            with self._changed:
                self._got += 1
                self._changed.notify_all()

    def got(self, count: int) -> bool:
        """Wait until so many events have come."""
        with self._changed:
            return self._changed.wait_for(lambda: self._got >= count, PATIENCE.total_seconds())


def endless(start: bytes, piece: bytes) -> Talk:
    """Begin an answer, and repeat a piece of it until the other side has had enough."""

    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        if next(requests_, None) is None:  # the sender ran out of time before it came to that
            return
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return talk


def dripping(start: bytes, drop: bytes) -> Talk:
    """Begin an answer, and go on with a drop of it every tenth of a second."""

    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(start)
        connection.settimeout(0.1)
        while True:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(drop)

    return talk


def resetting(start: bytes) -> Talk:
    """Begin an answer, and reset the connection."""

    def talk(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(start)
        abort(connection)

    return talk


def abort(connection: socket, *_: object) -> None:
    """Reset the connection when it is closed, which comes next."""
    connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def deaf(receiver_of: Serve) -> Iterator[Talk]:  # noqa: ARG001 - its threads end before those of the receivers
    """A receiver that never reads, for as long as the test lasts."""
    over = Event()

    def talk(_: socket, __: Iterator[bytes]) -> None:
        over.wait(PATIENCE.total_seconds())

    yield talk
    over.set()
