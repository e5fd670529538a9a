"""Slow clients get time, but do not keep threads from other clients."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from threading import Event

import pytest
from msgspec.structs import replace

from mockstore.web.client_timeout import SLICE, ClientTimeout
from mockstore.web.server import Server
from mockstore.web.streams import Reader
from tests.web.conftest import STILL, Serve

TIMEOUT_SECONDS = 20
"""In seconds; less than the time that a slow client gets while no other waits."""
THREADS = 2
HEAD = b"GET /small HTTP/1.1\r\nHost: localhost\r\n"
LARGE = b"x" * 20_000_000


def app(environ: dict[str, object], start_response: object) -> list[bytes]:
    """Read the whole body, and answer with as many bytes as the path says."""
    environ["wsgi.input"].read()  # type: ignore[attr-defined]  # a stream
    content = LARGE if environ["PATH_INFO"] == "/large" else b"well"
    start_response("200 OK", [("Content-Length", str(len(content)))])  # type: ignore[operator]  # WSGI's
    return [content]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(app, replace(STILL, requests=THREADS)) as server:
        yield server


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(HEAD + b"X: ", id="heads that do not end"),
        pytest.param(HEAD + b"Content-Length: 5\r\n\r\n1234", id="bodies that do not end"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n", id="chunks that do not come"),
        pytest.param(HEAD.replace(b"small", b"large") + b"\r\n", id="answers that nobody reads"),
        pytest.param(HEAD + b"NONSENSE\r\n\r\n", id="refusals that nobody reads to the end"),
    ],
)
def test_slow_clients_keep_no_thread_from_another_one(server: Server, begun: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(3 * THREADS):
            slow = stack.enter_context(socket.create_connection((server.host, server.port), TIMEOUT_SECONDS))
            slow.sendall(begun)
        quick = HTTPConnection(server.host, server.port, timeout=TIMEOUT_SECONDS)
        stack.callback(quick.close)

        quick.request("GET", "/small")

        assert quick.getresponse().read() == b"well"


def test_a_slow_client_is_waited_for_while_nobody_else_is(server: Server) -> None:
    pieces = [HEAD + b"Content-Len", b"gth: 5\r\n\r\n12", b"345"]
    with (
        socket.create_connection((server.host, server.port), TIMEOUT_SECONDS) as slow,
        socket.create_connection((server.host, server.port), TIMEOUT_SECONDS) as other,
    ):
        for piece in pieces:
            slow.sendall(piece)
            other.sendall(HEAD + b"\r\n")
            assert other.recv(4096).startswith(b"HTTP/1.1 200 OK")

        assert slow.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_is_too_slow_with_its_body_is_told_so(serve: Serve) -> None:
    caller = serve(requests=1)
    body = b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{"
    with socket.create_connection((caller.server.host, caller.server.port), TIMEOUT_SECONDS) as slow:
        slow.sendall(body)

        caller.ok("GET", "/_mockstore/health")

        assert slow.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_sends_byte_by_byte_is_too_slow_while_others_wait() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)
        client_timeout = ClientTimeout(ours, lambda: True)

        def receive(_: None) -> int:
            """Time out once, then return one byte."""
            with suppress(TimeoutError):
                ours.recv(1)
            theirs.send(b"x")
            return len(ours.recv(1))

        def receive_all() -> None:
            for _ in range(1000):
                client_timeout.run(receive, None)

        with pytest.raises(TimeoutError, match="timed out"):
            receive_all()


def test_what_comes_just_when_others_begin_to_wait_is_not_lost() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)
        asked: list[bool] = []

        def is_busy() -> bool:
            """Return False at first, while a request arrives."""
            if not asked:
                theirs.sendall(HEAD)
            asked.append(True)
            return len(asked) > 1

        reader = Reader(ours, ClientTimeout(ours, is_busy))

        assert reader.peek(1) == HEAD


def test_a_client_that_has_sent_everything_is_not_too_slow_on_a_machine_that_is() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)
        theirs.sendall(b"ab")
        client_timeout = ClientTimeout(ours, lambda: True)

        def receive(_: None) -> int:
            """Take long although the bytes have arrived."""
            count = len(ours.recv(1))
            Event().wait(2 * SLICE)
            return count

        assert [client_timeout.run(receive, None), client_timeout.run(receive, None)] == [1, 1]
        with pytest.raises(TimeoutError, match="timed out"):
            client_timeout.run(receive, None)
