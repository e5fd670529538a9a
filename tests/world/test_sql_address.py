"""What an idle connection tells before it is used again."""

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


def test_a_connection_that_nobody_spoke_on_is_silent(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends

    assert is_silent(ours.fileno())


def test_a_word_and_a_farewell_are_both_heard(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    theirs.send(b"FATAL: terminating connection")
    assert not is_silent(ours.fileno())

    ours.recv(100)
    assert is_silent(ours.fileno())

    theirs.close()
    assert not is_silent(ours.fileno())
