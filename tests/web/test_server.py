"""The server on real sockets: start, stop, and misbehaving clients."""

import json
import socket
import struct
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from mockstore.errors import StartupError
from mockstore.web.server import Server
from tests.web.conftest import STILL, Caller, Serve

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATIENCE = 20
HEALTH = b"GET /_mockstore/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=PATIENCE)


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes the connection, or resets it."""
    pieces: list[bytes] = []
    with connection, suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def answer_to(server: Server, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Send a raw request, and read the answer until the server closes the connection."""
    with connect(server) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        content = response.read()
        assert connection.recv(1) == b"", "the server keeps the connection"
    return response.status, dict(response.headers), json.loads(content)


def test_a_free_port_is_taken_and_told(serve: Serve) -> None:
    first, second = serve(), serve()

    assert first.server.port != second.server.port
    assert first.url == f"http://127.0.0.1:{first.server.port}"
    assert first.ok("GET", "/_mockstore/health")["status"] == "ok"


def test_a_taken_port_is_told_to_the_caller(mock: Caller) -> None:
    second = Server(lambda _environ, _start: [], replace(STILL, port=mock.server.port))

    with pytest.raises(StartupError) as caught:
        second.start()

    assert str(caught.value) == (
        f"port {mock.server.port} on 127.0.0.1 is taken; choose another with --port, or 0 for any"
    )
    second.stop()
    assert mock.ok("GET", "/_mockstore/health")["status"] == "ok"


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"], ids=["unknown name", "not ours"])
def test_a_host_that_is_not_ours_is_told_to_the_caller(host: str) -> None:
    with pytest.raises(StartupError, match="choose another with --host"):
        Server(lambda _environ, _start: [], replace(STILL, host=host)).start()


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://")])  # noqa: S104 - the wildcard is what is tested
def test_the_url_is_one_that_this_machine_reaches(serve: Serve, host: str, url: str) -> None:
    caller = serve(host=host)

    assert caller.url.startswith(url)
    assert caller.ok("GET", "/_mockstore/health")["status"] == "ok"


def test_it_answers_ipv6(serve: Serve) -> None:
    try:
        caller = serve(host="::1")
    except StartupError:
        pytest.skip("this machine has no IPv6")

    assert caller.url == f"http://[::1]:{caller.server.port}"
    assert caller.ok("GET", "/_mockstore/health")["status"] == "ok"


def test_a_connection_is_kept_for_the_next_request(mock: Caller) -> None:
    mock.ok("GET", "/_mockstore/health")
    kept = mock.connection.sock

    for _ in range(20):
        mock.ok("GET", "/_mockstore/clock")

    assert mock.connection.sock is kept


def test_an_answer_comes_in_one_piece(mock: Caller) -> None:
    with connect(mock.server) as connection:
        connection.sendall(HEALTH)

        piece = connection.recv(65_536)

    head, _, body = piece.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert json.loads(body)["status"] == "ok"


def test_more_clients_than_threads_are_all_answered_while_others_keep_silent(serve: Serve) -> None:
    caller = serve(requests=2)
    silent = [connect(caller.server) for _ in range(10)]
    kept = [HTTPConnection(caller.server.host, caller.server.port, timeout=PATIENCE) for _ in range(10)]

    for connection in kept * 2:
        connection.request("GET", "/_mockstore/clock")
        assert connection.getresponse().read()

    for one in silent:
        one.close()
    for connection in kept:
        connection.close()


def test_it_stops_though_clients_are_connected_and_silent(serve: Serve) -> None:
    caller = serve()
    caller.ok("GET", "/_mockstore/health")  # the connection is kept alive
    silent, halfway = connect(caller.server), connect(caller.server)
    halfway.sendall(HEALTH[:10])

    caller.server.stop()
    caller.server.stop()

    assert everything(silent) == b""
    assert b"200 OK" not in everything(halfway)
    with pytest.raises(ConnectionRefusedError):
        connect(caller.server)


class Slowly:
    """An app that answers when the test allows it."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        self.asked.set()
        assert self.go_on.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]


def test_an_answer_under_way_gets_out_before_it_stops() -> None:
    app = Slowly()
    server = Server(app, STILL)
    server.start()
    connection = connect(server)
    connection.sendall(HEALTH)
    assert app.asked.wait(PATIENCE)

    stopper = threading.Thread(target=server.stop)
    stopper.start()
    app.go_on.set()
    stopper.join(PATIENCE)

    assert not stopper.is_alive()
    answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"done")


def test_no_thread_is_left_behind(serve: Serve) -> None:
    before = set(threading.enumerate())
    caller = serve()
    caller.ok("GET", "/_mockstore/health")

    caller.server.stop()

    assert set(threading.enumerate()) <= before


LONG = b"a" * 70_000
POST = b"POST /v1/webhooks HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(HEALTH[:-2], id="a head"),
        pytest.param(POST + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{", id="a body"),
        pytest.param(POST.replace(b"/v1/webhooks", b"/nowhere") + b"Content-Length: 2\r\n\r\n{", id="an unwanted body"),
        pytest.param(CHUNKED + b"2\r\n{", id="a chunk"),
    ],
)
def test_a_stop_does_not_wait_for_the_rest_of_a_request(serve: Serve, half: bytes) -> None:
    before = set(threading.enumerate())
    caller = serve()
    with connect(caller.server) as slow:
        slow.sendall(half)
        caller.ok("GET", "/_mockstore/health")  # after this, a thread waits for the rest

        caller.server.stop()

        assert set(threading.enumerate()) <= before, "a thread still waits"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"NONSENSE\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET /\r\n\r\n", 400, id="no version"),
        pytest.param(b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, id="lower case"),
        pytest.param(b"GET / HTTP/3.0\r\n\r\n", 505, id="another version"),
        pytest.param(b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400, id="a header without a colon"),
        pytest.param(b"GET /" + LONG + b" HTTP/1.1\r\n\r\n", 414, id="an endless path"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + LONG + b"\r\n\r\n", 413, id="an endless header"),
        pytest.param(POST + b"Content-Length: many\r\n\r\n", 400, id="a length that is no number"),
        pytest.param(POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, id="an unknown coding"),
        pytest.param(POST + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001, 413, id="a body over the limit"),
        pytest.param(CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n", 413, id="a chunk over the limit"),
        pytest.param(CHUNKED + b"1f4\r\n" + b"x" * 500 + b"\r\nffffffff\r\n", 413, id="chunks over the limit"),
        pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", 422, id="chunks"),
        pytest.param(CHUNKED + b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n", 422, id="chunks with all that may be"),
        pytest.param(CHUNKED + b"0\r\n\r\n", 400, id="no chunk"),
        pytest.param(CHUNKED + b"two\r\n{}\r\n0\r\n\r\n", 400, id="a size that is no number"),
        pytest.param(CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", 400, id="a size below zero"),
        pytest.param(CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", 400, id="a chunk that is longer than its size"),
        pytest.param(CHUNKED + b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n", 400, id="endless trailers"),
    ],
)
def test_a_rude_request_is_answered_with_a_problem_and_the_connection_closed(
    serve: Serve, request_: bytes, status: int
) -> None:
    caller = serve(body_limit=1000)

    found, headers, document = answer_to(caller.server, request_)

    assert (found, document["status"]) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert document["type"].startswith("https://petstoreapi.com/errors/")
    assert caller.ok("GET", "/_mockstore/health")["status"] == "ok"


def test_who_sends_far_too_much_can_still_read_why_it_is_refused(serve: Serve) -> None:
    caller = serve(body_limit=1000)

    caller.connection.request("POST", "/v1/webhooks", b"x" * 20_000_000, {"Content-Type": "application/json"})
    response = caller.connection.getresponse()

    assert response.status == 413
    assert json.loads(response.read())["detail"] == "the body is larger than the 1,000 bytes that are allowed"


def test_a_client_that_resets_the_connection_does_no_harm(mock: Caller) -> None:
    for _ in range(5):
        with connect(mock.server) as connection:
            connection.sendall(HEALTH)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert mock.ok("GET", "/_mockstore/health")["status"] == "ok"
