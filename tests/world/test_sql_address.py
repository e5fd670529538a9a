"""Whether an idle database connection can be used again: only if its server has sent and closed nothing."""

import socket
from collections.abc import Iterator

import pytest

from mockstore.world.store_sql.address import is_silent


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_connection_without_data_is_silent(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends

    assert is_silent(ours.fileno())


def test_unread_data_and_a_closed_connection_are_both_noticed(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    theirs.send(b"FATAL: terminating connection")
    assert not is_silent(ours.fileno())

    ours.recv(100)
    assert is_silent(ours.fileno())

    theirs.close()
    assert not is_silent(ours.fileno())
