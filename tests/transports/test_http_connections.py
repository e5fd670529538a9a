"""Delivery over HTTP: kept connections, TLS, and independence from patched HTTP clients."""

import asyncio
import ssl
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from socket import SHUT_WR, SO_LINGER, SOL_SOCKET, socket
from threading import Event
from urllib.request import urlopen

import httpx
import pytest
import requests
import responses
import respx
import trustme
import vcr  # type: ignore[import-untyped]  # it has no stubs

from mockstore.errors import BrokenConnectionError, DeliveryError, ReceiverTimeoutError, UnreachableError
from mockstore.model import Outgoing
from mockstore.world.transports.http import TRUSTED_REST, HttpTransport
from mockstore.world.transports.rules import Deadline
from tests.transports.conftest import (
    LONG_TIMEOUT,
    OK,
    SHORT_TIMEOUT,
    Handler,
    Serve,
    always,
    answering,
    answering_two,
    request_to,
    reset,
)


def counting_connections(connections: list[int], handle: Handler) -> Handler:
    def count_and_handle(connection: socket, requests_: Iterator[bytes]) -> None:
        connections.append(len(connections) + 1)
        handle(connection, requests_)

    return count_and_handle


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        pytest.param(OK, 1, id="kept alive"),
        pytest.param(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 1, id="kept alive after a refusal"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 1, id="kept alive after chunks"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 3, id="closed on request"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 3, id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + b"x" * 65537, 3, id="not read to its end"),
        pytest.param(OK + OK, 3, id="more said than asked"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 1, id="kept alive without a body"),
        pytest.param(b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n", 3, id="a length where there is no body"),
        pytest.param(b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", 3, id="chunks where there is no body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok", 3, id="two different lengths"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 1, id="the same length twice"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            3,
            id="a length beside chunks",
        ),
    ],
)
def test_a_connection_is_used_again_when_the_answer_was_read_to_its_end(
    serve: Serve, transport: HttpTransport, answer: bytes, connections: int
) -> None:
    opened: list[int] = []
    port = serve(counting_connections(opened, always(answer)))

    for _ in range(3):
        transport.send(request_to(port), LONG_TIMEOUT)

    assert len(opened) == connections


@pytest.mark.parametrize("trusted", [timedelta(), timedelta(hours=1)], ids=["looked at", "taken on trust"])
def test_a_connection_that_the_receiver_closed_meanwhile_is_replaced(serve: Serve, trusted: timedelta) -> None:
    opened: list[int] = []
    port = serve(counting_connections(opened, answering(OK)))
    transport = HttpTransport(trusted_rest=trusted)

    replies = [transport.send(request_to(port), LONG_TIMEOUT) for _ in range(3)]
    transport.close()

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert opened == [1, 2, 3]


def test_what_a_receiver_sends_without_a_request_is_not_taken_for_an_answer(serve: Serve) -> None:
    answered, sent = Event(), Event()

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(OK)
        answered.wait(10)
        connection.sendall(b"HTTP/1.1 408 Too Slow\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(SHUT_WR)
        sent.set()
        list(requests_)

    port = serve(handle)
    transport = HttpTransport(trusted_rest=timedelta())

    replies = [transport.send(request_to(port), LONG_TIMEOUT)]
    answered.set()
    sent.wait(10)
    replies.append(transport.send(request_to(port), LONG_TIMEOUT))
    transport.close()

    assert [reply.status for reply in replies] == [200, 200]


def test_a_second_answer_that_comes_late_is_not_the_one_to_the_next_request(
    serve: Serve, transport: HttpTransport
) -> None:
    answered, sent = Event(), Event()
    opened: list[int] = []

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(OK)
        if len(opened) == 1:
            answered.wait(10)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled")
            sent.set()
        list(requests_)

    port = serve(counting_connections(opened, handle))
    transport.send(request_to(port), LONG_TIMEOUT)
    rest = Deadline(TRUSTED_REST)
    answered.set()
    sent.wait(10)
    while not rest.passed():
        pass

    assert transport.send(request_to(port), LONG_TIMEOUT).body == b"ok"
    assert opened == [1, 2]


def test_a_new_connection_that_breaks_is_not_tried_again(serve: Serve, transport: HttpTransport) -> None:
    opened: list[int] = []

    with pytest.raises(BrokenConnectionError):
        transport.send(request_to(serve(counting_connections(opened, reset))), LONG_TIMEOUT)

    assert opened == [1]


@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("trusted", [timedelta(), timedelta(hours=1)], ids=["looked at", "taken on trust"])
def test_a_request_that_the_receiver_has_got_is_not_sent_again(serve: Serve, trusted: timedelta, how: str) -> None:
    requests: list[bytes] = []

    def end(connection: socket) -> None:
        if how == "reset":
            connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    port, transport = serve(answering_two(requests, end=end)), HttpTransport(trusted_rest=trusted)
    for _ in range(2):
        transport.send(request_to(port), LONG_TIMEOUT)

    with pytest.raises(BrokenConnectionError):
        transport.send(request_to(port), LONG_TIMEOUT)
    transport.close()

    assert len(requests) == 3


def test_a_kept_connection_that_breaks_amid_an_answer_is_not_tried_again(
    serve: Serve, transport: HttpTransport
) -> None:
    opened: list[int] = []
    port = serve(counting_connections(opened, answering(OK, b"HTTP/1.1 2")))
    transport.send(request_to(port), LONG_TIMEOUT)

    with pytest.raises(BrokenConnectionError):
        transport.send(request_to(port), LONG_TIMEOUT)

    assert opened == [1]


def test_after_a_length_of_the_callers_own_the_connection_is_not_used_again(
    serve: Serve, transport: HttpTransport
) -> None:
    opened: list[int] = []
    url = f"http://127.0.0.1:{serve(counting_connections(opened, always(OK)))}/"

    for _ in range(2):
        transport.send(Outgoing(url, (("Content-Length", "1"),), b"{}"), LONG_TIMEOUT)

    assert opened == [1, 2]


def echo(connection: socket, requests_: Iterator[bytes]) -> None:
    for request in requests_:
        body = request.partition(b"\r\n\r\n")[2]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_many_threads_get_each_its_own_answer_on_no_more_connections_than_threads(
    serve: Serve, transport: HttpTransport
) -> None:
    opened: list[int] = []
    url = f"http://127.0.0.1:{serve(counting_connections(opened, echo))}/"
    bodies = [str(number).encode() for number in range(200)]

    def send(body: bytes) -> bytes:
        return transport.send(Outgoing(url, (), body), LONG_TIMEOUT).body

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, bodies)) == bodies
    assert len(opened) <= 8


def test_after_close_no_connection_is_kept(serve: Serve, transport: HttpTransport) -> None:
    opened: list[int] = []
    port = serve(counting_connections(opened, always(OK)))
    transport.close()

    for _ in range(2):
        assert transport.send(request_to(port), LONG_TIMEOUT).body == b"ok"

    assert opened == [1, 2]


def test_a_worker_thread_sends_for_a_running_loop(serve: Serve, transport: HttpTransport) -> None:
    assert asyncio.run(transport.asend(request_to(serve(always(OK))), LONG_TIMEOUT)).body == b"ok"


def serving_tls(authority: trustme.CA, host: str, handle: Handler) -> Handler:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)

    def handle_tls(connection: socket, _: Iterator[bytes]) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            received = b""
            while not received.endswith(b"}"):
                received += tls.recv(65536)
            handle(tls, iter([received]))

    return handle_tls


def test_https_is_spoken_with_the_given_trust(serve: Serve) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    port = serve(serving_tls(authority, "127.0.0.1", always(OK)))
    transport = HttpTransport(context)

    assert transport.send(request_to(port, scheme="https"), LONG_TIMEOUT).body == b"ok"
    transport.close()


def test_a_second_answer_in_the_same_record_of_tls_is_not_the_one_to_the_next_request(serve: Serve) -> None:
    authority, context, opened = trustme.CA(), ssl.create_default_context(), list[int]()
    authority.configure_trust(context)

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        opened.append(1)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        connection.sendall(b"ok" + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled")
        connection.recv(65536)

    port = serve(serving_tls(authority, "127.0.0.1", handle))
    transport = HttpTransport(context, trusted_rest=timedelta())

    bodies = [transport.send(request_to(port, scheme="https"), LONG_TIMEOUT).body for _ in range(2)]
    transport.close()

    assert bodies == [b"ok", b"ok"]
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("host", "trusted_issuers", "text"),
    [
        pytest.param("127.0.0.1", 0, "^TLS failed with 127.0.0.1:.*(self-signed|unable to get)", id="unknown issuer"),
        pytest.param("other.test", 1, "^TLS failed with 127.0.0.1:.*mismatch", id="wrong name"),
    ],
)
def test_a_certificate_that_is_not_trusted_makes_the_receiver_unreachable(
    serve: Serve, host: str, trusted_issuers: int, text: str
) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context()
    for issuer in [authority][:trusted_issuers]:
        issuer.configure_trust(context)
    transport = HttpTransport(context)
    port = serve(serving_tls(authority, host, always(OK)))

    with pytest.raises(UnreachableError, match=text):
        transport.send(request_to(port, scheme="https"), LONG_TIMEOUT)


@pytest.mark.parametrize(
    ("handle", "error", "text"),
    [
        pytest.param(
            lambda connection, _: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"),
            UnreachableError,
            "TLS failed",
            id="plain HTTP",
        ),
        pytest.param(lambda connection, _: connection.recv(9), UnreachableError, "TLS failed", id="closed"),
        pytest.param(
            lambda connection, _: list(iter(lambda: connection.recv(65536), b"")),
            ReceiverTimeoutError,
            "within 0.2 s",
            id="no handshake",
        ),
    ],
)
def test_a_receiver_that_speaks_no_tls_is_told_apart(
    serve: Serve, transport: HttpTransport, handle: Handler, error: type[DeliveryError], text: str
) -> None:
    with pytest.raises(error, match=text):
        transport.send(
            request_to(serve(handle), scheme="https"), SHORT_TIMEOUT if error is ReceiverTimeoutError else LONG_TIMEOUT
        )


@pytest.mark.parametrize(
    ("patched", "ordinary"),
    [
        pytest.param(lambda _: responses.RequestsMock(), requests.get, id="responses"),
        pytest.param(lambda _: respx.mock, httpx.get, id="respx"),
        pytest.param(
            lambda folder: vcr.use_cassette(str(folder / "tape.yaml"), record_mode="none"), urlopen, id="vcrpy"
        ),
    ],
)
def test_what_the_consumers_test_has_patched_does_not_matter(
    serve: Serve,
    transport: HttpTransport,
    tmp_path: Path,
    patched: Callable[[Path], AbstractContextManager[object]],
    ordinary: Callable[[str], object],
) -> None:
    outgoing = request_to(serve(always(OK)))

    with patched(tmp_path):
        with pytest.raises(Exception, match=r"(?i)refused by responses|not mocked|cannot overwrite|can't play back"):
            ordinary(outgoing.url)
        assert transport.send(outgoing, LONG_TIMEOUT).body == b"ok"
