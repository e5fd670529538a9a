"""Fast-path requests are answered and delivered on the accepting thread, without waking another."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from errno import EMFILE
from functools import partial
from json import dumps, loads
from socket import create_connection, create_server, socket
from threading import Event, Thread, current_thread
from types import SimpleNamespace
from typing import Any, Self

import pytest

from mockstore import Mockstore
from mockstore.model import DeliveryState, Json
from mockstore.web.connections import Connection
from mockstore.web.idle_connections import IdleConnections
from mockstore.web.plain_requests import PlainHead
from mockstore.web.server import Server
from tests.transports.conftest import OK, always
from tests.transports.conftest import Serve as Receive
from tests.transports.conftest import serve as receive
from tests.web.conftest import STILL, Caller

__all__ = ["receive"]

PATIENCE = 20
TRIES = 200
"""How many attempts a test has until a delivery is fast enough for the accepting thread."""
BODY = dumps({"type": "pet.adopted"}).encode()
ACCEPTING = "mockstore-http"


def emit(host: str) -> bytes:
    """Return a plain emit request as bytes."""
    head = f"POST /_mockstore/emit HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


class Client:
    """A raw client on one connection, which sends each request in one piece."""

    def __init__(self, server: Server) -> None:
        self.socket = create_connection((server.host, server.port), timeout=PATIENCE)
        self.request = emit(f"{server.host}:{server.port}")
        self._file = self.socket.makefile("rb")

    def answer(self) -> Json:
        """Read a whole response, and return its document."""
        assert self._file.readline().split()[1] == b"202"
        head = dict(line.strip().lower().split(b": ", 1) for line in iter(self._file.readline, b"\r\n"))
        return loads(self._file.read(int(head[b"content-length"])))

    def emit(self) -> Json:
        """Emit an event by the fast path."""
        self.socket.sendall(self.request)
        return self.answer()

    def get(self) -> None:
        """Send a request that the app answers, not the fast path."""
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert self.socket.recv(15) == b"HTTP/1.1 200 OK"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def client(mock: Caller) -> Iterator[Client]:
    with Client(mock.server) as made:
        yield made


def is_delivered(shop: Mockstore, count: int) -> bool:
    return [one.state for one in shop.deliveries] == [DeliveryState.DELIVERED] * count


def test_an_event_is_delivered_on_the_thread_that_accepts(
    mock: Caller, client: Client, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mockstore")
    shop = mock.tenants.of(None)
    shop.subscribe(f"http://127.0.0.1:{receive(always(OK))}/")

    for number in range(1, TRIES):
        client.emit()
        assert shop.news.wait_for(partial(is_delivered, shop, number), PATIENCE)
        if ACCEPTING in {record.threadName for record in caplog.records}:
            return
    pytest.fail("each was delivered by a thread that had to be woken")


def test_a_receiver_that_never_answers_holds_up_no_request(mock: Caller, client: Client, receive: Receive) -> None:
    def talk(connection: Any, requests_: Iterator[bytes]) -> None:  # noqa: ANN401 - a socket
        next(requests_)
        connection.sendall(OK)
        list(requests_)

    shop = mock.tenants.of(None)
    shop.subscribe(f"http://127.0.0.1:{receive(talk)}/")
    client.emit()
    assert shop.news.wait_for(partial(is_delivered, shop, 1), PATIENCE)

    events = [client.emit() for _ in range(20)]

    assert len(events) == 20
    assert len(shop.deliveries) == 21


def test_requests_that_come_together_are_all_answered(client: Client) -> None:
    client.socket.sendall(client.request * 50)

    ids = [client.answer()["data"][0]["id"] for _ in range(50)]

    assert len(set(ids)) == 50


class FixedAnswer:
    """A fast path that gives the same answer, or error, to every request."""

    def __init__(self, answer: bytes | Exception) -> None:
        self._answer = answer
        self.threads: set[str] = set()
        self.kicks = 0
        self.kicked = Event()
        self.wrong: list[Exception] = []
        """Exceptions for `deliver_briefly` to raise, in turn."""

    def takes(self, head: PlainHead) -> bool:
        return head.path == b"/_mockstore/emit"

    def answer(self, body: bytes) -> bytes:
        assert body == BODY
        self.threads.add(current_thread().name)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def kick(self) -> None:
        self.kicks += 1
        self.kicked.set()

    def deliver_briefly(self) -> bool:
        if self.wrong:
            raise self.wrong.pop()
        return False


def app(_environ: object, start_response: Any) -> list[bytes]:  # noqa: ANN401 - WSGI's
    start_response("200 OK", [("Content-Length", "4")])
    return [b"well"]


def test_an_answer_that_cannot_be_made_ends_its_connection_and_no_other() -> None:
    with (
        Server(app, STILL, FixedAnswer(RuntimeError("on purpose"))) as server,
        Client(server) as broken,
        Client(server) as well,
    ):
        broken.socket.sendall(broken.request)

        assert broken.socket.recv(100) == b""
        well.get()


def test_a_request_that_fails_for_want_of_something_is_answered_by_a_thread() -> None:
    with (
        Server(app, STILL, FixedAnswer(OSError(EMFILE, "too many open files"))) as server,
        Client(server) as client,
        Client(server) as well,
    ):
        client.socket.sendall(client.request)

        assert client.socket.recv(100).startswith(b"HTTP/1.1 500 ")
        well.get()


def test_an_answer_that_its_client_is_slow_to_take_is_sent_on_by_another_thread() -> None:
    answer = bytes(range(256)) * 40_000
    short = FixedAnswer(answer)
    with Server(app, STILL, short) as server, Client(server) as slow, Client(server) as quick:
        slow.socket.sendall(slow.request)
        quick.get()

        assert read(slow, len(answer)) == answer
        slow.get()
    assert short.threads == {ACCEPTING}


def test_a_request_in_pieces_is_answered_by_a_thread_that_has_its_event_delivered() -> None:
    short = FixedAnswer(b"HTTP/1.1 202 ACCEPTED\r\nContent-Length: 0\r\n\r\n")
    with Server(app, STILL, short) as server, Client(server) as client, Client(server) as another:
        client.socket.sendall(client.request[:-5])
        another.get()  # after this, the server has read the first piece
        client.socket.sendall(client.request[-5:])
        assert client.socket.recv(100).startswith(b"HTTP/1.1 202 ")
    assert ACCEPTING not in short.threads
    assert short.kicks == 1


def test_a_delivery_does_not_wait_for_a_client_that_is_slow_to_take_its_answer() -> None:
    answer = bytes(range(256)) * 40_000
    short = FixedAnswer(answer)
    with Server(app, STILL, short) as server, Client(server) as slow, Client(server) as another:
        slow.socket.sendall(slow.request[:-5])
        another.get()
        slow.socket.sendall(slow.request[-5:])

        assert short.kicked.wait(PATIENCE)
        assert read(slow, len(answer)) == answer
    assert ACCEPTING not in short.threads


def test_a_moment_that_goes_wrong_does_not_stop_the_server(caplog: pytest.LogCaptureFixture) -> None:
    short = FixedAnswer(b"")
    short.wrong = [RuntimeError("on purpose")]
    with Server(app, STILL, short) as server, Client(server) as first, Client(server) as second:
        first.get()
        second.get()
    assert "on purpose" in caplog.text


def test_a_connection_that_says_nothing_for_long_is_closed() -> None:
    moment, server = (
        timedelta(milliseconds=20),
        SimpleNamespace(peercreds_enabled=False, peercreds_resolve_enabled=False),
    )

    def made(sock: socket, _address: object) -> Connection:
        sock.settimeout(PATIENCE)
        return Connection(server, sock)

    with create_server(("127.0.0.1", 0)) as listening:
        served: list[Connection] = []
        idle_connections = IdleConnections(
            listening, made, served.append, None, idle_limit=moment, check_interval=moment
        )
        thread = Thread(target=idle_connections.run)
        thread.start()
        with create_connection(listening.getsockname(), timeout=PATIENCE) as silent:
            assert silent.recv(1) == b""
        idle_connections.stop()
        thread.join()
        idle_connections.close()
    assert served == []


def read(client: Client, size: int) -> bytes:
    come = bytearray()
    while len(come) < size:
        come += client.socket.recv(1 << 20)
    return bytes(come)
