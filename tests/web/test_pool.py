"""The thread pool for requests, also when the system refuses to start more threads."""

import logging
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from mockstore.web.pool import Pool
from tests.threads import no_more_threads
from tests.web.conftest import Caller, Serve

PATIENCE = 20
CLOCK = b"GET /_mockstore/clock HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b'{"type": "pet.adopted"}'
EMIT = (
    b"POST /_mockstore/emit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY)
)


def connect(caller: Caller) -> socket.socket:
    return socket.create_connection((caller.server.host, caller.server.port), timeout=PATIENCE)


def status_of(connection: socket.socket) -> int:
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def test_a_request_that_no_thread_can_answer_ends_its_connection_and_no_other(
    mock: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with no_more_threads(), connect(mock) as refused:
        refused.sendall(CLOCK)
        answer = refused.recv(1)

    with connect(mock) as later:
        later.sendall(CLOCK)
        assert status_of(later) == 200
    assert answer == b""
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "requests have to do with 0 threads for now: can't start new thread"
    ]


def test_a_request_waits_for_a_thread_at_work_where_no_further_one_can_be_started(serve: Serve) -> None:
    caller = serve(requests=8)
    with connect(caller) as first, connect(caller) as second, connect(caller) as third:
        first.sendall(EMIT)
        caller.ok("GET", "/_mockstore/clock")  # after this, a thread waits for the body of the first one
        with no_more_threads():
            second.sendall(EMIT + BODY)
            third.sendall(EMIT + BODY)
            first.sendall(BODY)

            answered = [status_of(one) for one in (first, second, third)]

    assert answered == [202, 202, 202]


def test_a_client_that_says_nothing_keeps_no_thread_from_another_where_no_further_one_can_be_started(
    mock: Caller,
) -> None:
    with connect(mock) as silent, connect(mock) as other:
        silent.sendall(CLOCK)
        assert status_of(silent) == 200
        with no_more_threads():
            other.sendall(CLOCK)

            assert status_of(other) == 200


class Talk:
    """A connection with some requests; the last one ends only when the server stops reading."""

    answering = False

    def __init__(self, requests: int) -> None:
        self._left = requests
        self.at_its_last = Event()
        self.hung_up = Event()

    def communicate(self) -> bool:
        self._left -= 1
        if self._left:
            return True
        self.at_its_last.set()
        return not self.hung_up.wait(PATIENCE)

    def wait_for_request(self) -> bool:
        return False

    def stop_reading(self) -> None:
        self.hung_up.set()

    def close(self) -> None:
        """Do nothing."""


def pool_of(threads: int, put_conn: Callable[[Talk], None] = Talk.close) -> Any:  # noqa: ANN401 - a pool, also of `Talk`
    """Return a pool whose server calls `put_conn` for connections to keep."""
    server: Any = SimpleNamespace(put_conn=put_conn)
    return Pool(server, threads)


def test_a_stop_hangs_up_on_a_client_that_one_thread_has_handed_to_another() -> None:
    first, second = Talk(2), Talk(1)

    def put_conn(kept: Talk) -> None:
        """Let another thread serve the next request before this one gets the second connection."""
        pool.put(kept)
        pool.put(second)
        assert first.at_its_last.wait(PATIENCE)

    pool = pool_of(2, put_conn)
    pool.put(first)
    assert second.at_its_last.wait(PATIENCE)

    pool.stop(PATIENCE)

    assert first.hung_up.is_set()


def test_nobody_waits_for_a_thread_while_one_is_being_started() -> None:
    pool = pool_of(1)

    pool.put(Talk(1))

    assert not pool.busy
    pool.stop(PATIENCE)


def test_a_connection_that_breaks_while_it_is_waited_on_is_closed() -> None:
    kept, closed = Event(), Event()

    class Broken(Talk):
        """Breaks after its first request."""

        def wait_for_request(self) -> bool:
            raise ConnectionResetError

        def close(self) -> None:
            closed.set()

    pool = pool_of(2, lambda _: kept.set())
    pool.put(Broken(2))

    assert closed.wait(PATIENCE)
    assert not kept.is_set()
    pool.stop(PATIENCE)
