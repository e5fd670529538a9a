"""Requests that are begun without waiting for the response, which is looked for later."""

from collections.abc import Iterator
from datetime import timedelta
from socket import SHUT_RDWR, socket
from threading import Event

import pytest
from msgspec.structs import replace

from mockstore.errors import BrokenConnectionError, DeliveryError, ReceiverTimeoutError
from mockstore.model import Outgoing, Wire
from mockstore.world.seams import Underway
from mockstore.world.transports.http import HttpTransport

from .conftest import LONG_TIMEOUT, OK, SHORT_TIMEOUT, Handler, Serve, always, answering, answering_two, request_to

MOMENT = timedelta(milliseconds=1)


def begin_request(transport: HttpTransport, outgoing: Outgoing, timeout: timedelta = LONG_TIMEOUT) -> Underway:
    """Send one request, so that its connection is kept; return a second one, begun on the same connection."""
    assert transport.send(outgoing, LONG_TIMEOUT).status == 200
    underway = transport.begin(outgoing, timeout)
    assert underway is not None
    return underway


def answer_after(event: Event, *pieces: bytes) -> Handler:
    """Answer the first request at once; send the first of `pieces` for the second request, the rest after `event`."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(OK)
        next(requests_)
        connection.sendall(pieces[0])
        assert event.wait(LONG_TIMEOUT.total_seconds())
        for piece in pieces[1:]:
            connection.sendall(piece)
        list(requests_)

    return handle


def test_an_answer_that_is_there_is_found_by_a_look(serve: Serve, transport: HttpTransport) -> None:
    underway = begin_request(transport, request_to(serve(always(OK))))

    reply = underway.look(LONG_TIMEOUT)

    assert reply is not None
    assert (reply.status, reply.body) == (200, b"ok")


def test_a_look_gives_the_connection_back(serve: Serve, transport: HttpTransport) -> None:
    opened: list[int] = []

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        opened.append(1)
        always(OK)(connection, requests_)

    outgoing = request_to(serve(handle))
    begin_request(transport, outgoing).look(LONG_TIMEOUT)
    transport.send(outgoing, LONG_TIMEOUT)

    assert len(opened) == 1


def test_a_look_does_not_wait_for_an_answer_that_takes_longer(serve: Serve, transport: HttpTransport) -> None:
    looked = Event()
    underway = begin_request(transport, request_to(serve(answer_after(looked, b"", OK))))

    assert underway.look(MOMENT) is None
    looked.set()

    assert underway.finish().status == 200


@pytest.mark.parametrize(
    ("first", "rest", "body"),
    [
        pytest.param(OK[:20], OK[20:], b"ok", id="half a head"),
        pytest.param(OK[:-1], OK[-1:], b"ok", id="half a body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"0\r\n\r\n", b"ok", id="chunks"
        ),
    ],
)
def test_what_a_look_has_read_of_an_answer_is_not_lost(
    serve: Serve, transport: HttpTransport, first: bytes, rest: bytes, body: bytes
) -> None:
    looked = Event()
    outgoing = request_to(serve(answer_after(looked, first, rest, OK)))
    underway = begin_request(transport, outgoing)

    assert underway.look(LONG_TIMEOUT) is None
    looked.set()
    reply = underway.finish()

    assert (reply.status, reply.body) == (200, body)


def test_what_was_read_of_one_answer_is_not_part_of_the_next(serve: Serve, transport: HttpTransport) -> None:
    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        for number, _ in enumerate(requests_):
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number
            connection.sendall(answer[:-1])
            half.wait(LONG_TIMEOUT.total_seconds() if number == 1 else 0)
            connection.sendall(answer[-1:])

    half = Event()
    outgoing = request_to(serve(handle))
    underway = begin_request(transport, outgoing)
    underway.look(LONG_TIMEOUT)
    half.set()

    assert underway.finish().body == b"1"
    assert transport.send(outgoing, LONG_TIMEOUT).body == b"2"


@pytest.mark.parametrize("looks", [0, 1])
def test_a_connection_that_the_receiver_closed_is_replaced(serve: Serve, transport: HttpTransport, looks: int) -> None:
    closing, closed = Event(), Event()

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        next(requests_)
        connection.sendall(OK)
        if not closing.is_set():
            closing.set()
            connection.close()
            closed.set()

    port = serve(handle)
    transport.send(request_to(port), LONG_TIMEOUT)
    closed.wait(10)
    underway = transport.begin(request_to(port), LONG_TIMEOUT)

    if underway is None:  # the test took long to get here, so the transport has seen that the connection is closed
        assert transport.send(request_to(port), LONG_TIMEOUT).status == 200
        return
    assert [underway.look(LONG_TIMEOUT) for _ in range(looks)] == [None] * looks
    assert underway.finish().status == 200


@pytest.mark.parametrize("looks", [0, 1])
def test_a_request_that_the_receiver_has_got_is_not_sent_again(
    serve: Serve, transport: HttpTransport, looks: int
) -> None:
    requests: list[bytes] = []
    port = serve(answering_two(requests, end=lambda connection: connection.shutdown(SHUT_RDWR)))
    transport.send(request_to(port), LONG_TIMEOUT)
    underway = begin_request(transport, request_to(port))
    for _ in range(looks):
        underway.look(LONG_TIMEOUT)

    with pytest.raises(BrokenConnectionError):
        underway.finish()
    assert len(requests) == 3


def test_an_answer_that_comes_too_late_is_a_timeout(serve: Serve, transport: HttpTransport) -> None:
    never = Event()
    underway = begin_request(transport, request_to(serve(answer_after(never, b"", OK))), SHORT_TIMEOUT)

    assert underway.look(MOMENT) is None
    with pytest.raises(ReceiverTimeoutError, match=r"within 0\.2 s"):
        underway.finish()
    never.set()


def test_an_answer_that_breaks_off_is_an_error(serve: Serve, transport: HttpTransport) -> None:
    underway = begin_request(transport, request_to(serve(answering(OK, OK[:20]))))

    underway.look(LONG_TIMEOUT)

    with pytest.raises(BrokenConnectionError):
        underway.finish()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": b"x" * 100_000}, id="a long body"),
        pytest.param({"method": "HEAD"}, id="another method"),
        pytest.param({"wire": Wire(chunked=True)}, id="a fault on the wire"),
    ],
)
def test_what_may_take_longer_is_not_begun(serve: Serve, transport: HttpTransport, change: dict[str, object]) -> None:
    outgoing = request_to(serve(always(OK)))
    transport.send(outgoing, LONG_TIMEOUT)

    assert transport.begin(replace(outgoing, **change), LONG_TIMEOUT) is None


def test_without_a_kept_connection_nothing_is_begun(transport: HttpTransport) -> None:
    assert transport.begin(request_to(1), LONG_TIMEOUT) is None


def test_a_header_that_cannot_be_sent_is_refused(transport: HttpTransport) -> None:
    with pytest.raises(DeliveryError, match="line break"):
        transport.begin(replace(request_to(1), headers=(("X-Name", "a\nb"),)), LONG_TIMEOUT)
