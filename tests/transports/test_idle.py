"""Idle connections are kept for the next request, limited in number and in age."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from socket import socket, socketpair
from typing import Protocol

import pytest

from mockstore.world.transports.http import HttpTransport
from mockstore.world.transports.idle import IdleConnections, Origin
from mockstore.world.transports.wire import Connection
from tests.transports.conftest import LONG_TIMEOUT, OK, Serve, answering, request_to

HOUR = timedelta(hours=1)


class OpenConnection(Protocol):
    """Opens a connection; returns it and the socket at its other end."""

    def __call__(self) -> tuple[Connection, socket]: ...


@pytest.fixture
def open_connection() -> Iterator[OpenConnection]:
    with ExitStack() as stack:

        def make() -> tuple[Connection, socket]:
            ours, theirs = (stack.enter_context(end) for end in socketpair())
            theirs.setblocking(False)  # noqa: FBT003 - the standard library's signature
            return Connection(ours, "shop.test"), theirs

        yield make


def origin(number: int) -> Origin:
    return "http", f"shop-{number}.test", 80


def is_closed(end: socket) -> bool:
    """Return whether the connection was closed whose other end this is."""
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False


def test_the_connection_that_was_used_last_is_used_next(open_connection: OpenConnection) -> None:
    idle = IdleConnections()
    first, second = open_connection()[0], open_connection()[0]

    idle.put(origin(1), first)
    idle.put(origin(1), second)

    assert [idle.take(origin(1)) for _ in range(3)] == [second, first, None]
    assert idle.take(origin(2)) is None


def test_of_too_many_the_one_that_was_not_used_for_the_longest_time_is_closed(open_connection: OpenConnection) -> None:
    idle = IdleConnections(most=2, longest=HOUR)
    made = [open_connection() for _ in range(3)]

    for number, (connection, _) in enumerate(made):
        idle.put(origin(number), connection)

    assert [is_closed(end) for _, end in made] == [True, False, False]
    assert [idle.take(origin(number)) for number in range(3)] == [None, made[1][0], made[2][0]]


def test_what_was_not_used_for_long_is_closed_when_another_comes(open_connection: OpenConnection) -> None:
    idle = IdleConnections(longest=timedelta())
    made = [open_connection() for _ in range(3)]

    for number, (connection, _) in enumerate(made):
        idle.put(origin(number), connection)

    assert [is_closed(end) for _, end in made] == [True, True, False]
    assert len(idle) == 1


def test_after_the_end_nothing_is_kept(open_connection: OpenConnection) -> None:
    idle = IdleConnections()
    made = [open_connection() for _ in range(2)]

    idle.put(origin(1), made[0][0])
    idle.close()
    idle.put(origin(1), made[1][0])

    assert all(is_closed(end) for _, end in made)
    assert idle.take(origin(1)) is None


def test_receivers_that_are_gone_leave_no_connections_behind(serve: Serve) -> None:
    idle = IdleConnections(longest=timedelta())
    transport = HttpTransport(idle=idle)

    for _ in range(5):
        transport.send(request_to(serve(answering(OK))), LONG_TIMEOUT)

    assert len(idle) == 1
    transport.close()
