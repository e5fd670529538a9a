"""A client that still sends a refused body gets limited time to read the response."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from socket import SHUT_WR, socket, socketpair

import pytest

from mockstore.web.lingering_close import LINGERING_BYTES, drain

LONG = timedelta(hours=1)


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    ours, theirs = socketpair()
    with ours, theirs:
        yield ours, theirs


def drip(end: socket) -> int:
    """Send single bytes until the other end stops reading; return how many were sent."""
    for sent in range(LINGERING_BYTES):
        try:
            end.send(b"x")
        except OSError:
            return sent
    return LINGERING_BYTES


def test_who_never_stops_sending_is_read_for_a_limited_time(ends: tuple[socket, socket]) -> None:
    ours, theirs = ends
    with ThreadPoolExecutor(1) as pool:
        dripping = pool.submit(drip, theirs)

        drain(ours, timedelta(seconds=0.1))

        ours.close()
        assert dripping.result() < LINGERING_BYTES


def test_who_has_sent_everything_is_read_to_the_end(ends: tuple[socket, socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"x" * 1000)
    theirs.shutdown(SHUT_WR)

    drain(ours, LONG)

    assert theirs.recv(1) == b"", "nothing more is answered"
    assert ours.recv(1) == b"", "everything was read"
