"""Delivery over HTTP: requests and responses, with raw sockets on loopback as receivers."""

from collections.abc import Iterator
from datetime import timedelta
from socket import create_server, socket

import pytest
from freezegun import freeze_time

from mockstore.errors import BrokenConnectionError, DeliveryError, ReceiverTimeoutError, UnreachableError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.http import HttpTransport
from tests.transports.conftest import LONG_TIMEOUT, OK, SHORT_TIMEOUT, Handler, Serve, answering, request_to, reset

LIMIT = 64 * 1024


def dripping(start: bytes, drop: bytes) -> Handler:
    """Begin a response with `start`, then send `drop` again and again for three seconds."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(start)
        connection.settimeout(0.02)
        for _ in range(150):
            try:
                connection.recv(1)
            except TimeoutError:
                connection.sendall(drop)
            else:
                return

    return handle


def silence(_: socket, requests_: Iterator[bytes]) -> None:
    list(requests_)


def test_the_request_arrives_as_it_was_made(serve: Serve, transport: HttpTransport) -> None:
    seen: list[bytes] = []

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        seen.append(next(requests_))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok")

    port = serve(handle)

    reply = transport.send(request_to(port, "/hooks/ä b?x=1&y=%20"), LONG_TIMEOUT)

    head = (
        f"POST /hooks/%C3%A4%20b?x=1&y=%20 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    )
    assert seen == [head.encode() + b'{"a":1}']
    expected = Reply(202, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")), b"ok", reply.took)
    assert reply == expected
    assert timedelta() < reply.took < LONG_TIMEOUT


def test_a_host_and_a_length_of_the_callers_own_are_not_doubled(serve: Serve, transport: HttpTransport) -> None:
    seen: list[bytes] = []

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        seen.append(next(requests_))
        connection.sendall(OK)

    url = f"http://127.0.0.1:{serve(handle)}/"
    transport.send(Outgoing(url, (("host", "shop.test"), ("content-length", "2")), b"{}"), LONG_TIMEOUT)

    assert seen == [b"POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 2\r\n\r\n{}"]


@pytest.mark.parametrize(
    ("handle", "error", "text"),
    [
        pytest.param(silence, ReceiverTimeoutError, r"no answer from 127\.0\.0\.1:\d+ within 0\.2 s", id="silence"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"a"), ReceiverTimeoutError, "within 0.2 s", id="drip in head"
        ),
        pytest.param(dripping(b"H", b""), ReceiverTimeoutError, "within 0.2 s", id="stuck in the status line"),
    ],
)
def test_headers_that_are_not_complete_in_time_are_a_timeout(
    serve: Serve, transport: HttpTransport, handle: Handler, error: type[DeliveryError], text: str
) -> None:
    with pytest.raises(error, match=text):
        transport.send(request_to(serve(handle)), SHORT_TIMEOUT)


def test_the_time_limit_holds_while_a_test_has_frozen_time(serve: Serve, transport: HttpTransport) -> None:
    with freeze_time("2025-01-06"), pytest.raises(ReceiverTimeoutError):
        transport.send(request_to(serve(dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"a"))), SHORT_TIMEOUT)


@pytest.mark.parametrize(
    ("handle", "error", "text"),
    [
        pytest.param(reset, BrokenConnectionError, "broke the connection before the answer", id="reset"),
        pytest.param(answering(b""), BrokenConnectionError, "closed connection without response", id="closed"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Le"), BrokenConnectionError, "amid the headers", id="cut in the head"
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nX: 1\r\n"), BrokenConnectionError, "amid the headers", id="no end of head"
        ),
        pytest.param(answering(b"SSH-2.0-x\r\n\r\n"), DeliveryError, "did not answer in HTTP", id="no HTTP"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000),
            DeliveryError,
            "did not answer in HTTP",
            id="endless field",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n"),
            DeliveryError,
            "more than 100 headers",
            id="endless head",
        ),
    ],
)
def test_an_answer_that_breaks_says_how(
    serve: Serve, transport: HttpTransport, handle: Handler, error: type[DeliveryError], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        transport.send(request_to(serve(handle)), LONG_TIMEOUT)

    assert type(caught.value).__mro__.index(DeliveryError) <= 2


@pytest.mark.parametrize(
    ("url", "text"),
    [
        pytest.param("http://typo.invalid/", "no address for 'typo.invalid'", id="unknown name"),
        pytest.param(f"http://{'a' * 70}.test/", "no address for 'aaa", id="label too long"),
        pytest.param("ftp://shop.test/", "must start with http:// or https://", id="scheme"),
        pytest.param("/hooks", "no usable URL: '/hooks'", id="relative"),
        pytest.param("http:///hooks", "name a host", id="no host"),
        pytest.param("http://shop.test:99999/", "no usable URL", id="port out of range"),
        pytest.param("http://[::1/", "no usable URL", id="broken address"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(transport: HttpTransport, url: str, text: str) -> None:
    with pytest.raises(UnreachableError, match=text):
        transport.send(Outgoing(url, (), b""), LONG_TIMEOUT)


def test_a_closed_port_refuses(transport: HttpTransport) -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(UnreachableError, match=rf"^connection refused by 127\.0\.0\.1:{port}$"):
        transport.send(request_to(port), LONG_TIMEOUT)


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        pytest.param((("X", "a\r\nY: b"),), "line break", id="line break"),
        pytest.param((("X", "€"),), "'€' is no Latin-1", id="beyond Latin-1"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(
    transport: HttpTransport, headers: tuple[tuple[str, str], ...], text: str
) -> None:
    with pytest.raises(DeliveryError, match=text):
        transport.send(Outgoing("http://127.0.0.1:9/", headers, b""), LONG_TIMEOUT)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, b"", id="redirect"),
        pytest.param(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, 200, b"ok", id="early hints"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok", id="continue"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="no content"),
        pytest.param(b"HTTP/1.0 500 Oops\r\n\r\nfor all to see", 500, b"for all to see", id="until the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200, b"half", id="body breaks off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            200,
            b"abcde",
            id="chunked",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz", 200, b"abc", id="chunks break off"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1), 200, b"x" * LIMIT, id="64 KiB are read"),
    ],
)
def test_an_answer_is_read_as_far_as_it_goes(
    serve: Serve, transport: HttpTransport, answer: bytes, status: int, body: bytes
) -> None:
    reply = transport.send(request_to(serve(answering(answer))), LONG_TIMEOUT)

    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nstart", id="until the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nstart", id="with a length"),
    ],
)
def test_a_body_that_drips_is_cut_at_the_deadline_and_the_status_counts(
    serve: Serve, transport: HttpTransport, start: bytes
) -> None:
    reply = transport.send(request_to(serve(dripping(start, b"."))), timedelta(seconds=1))

    assert reply.status == 200
    assert reply.body.startswith(b"start.")
    assert len(reply.body) < 150
