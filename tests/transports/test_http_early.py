"""Receivers that answer before they have read the whole request, and then close the connection."""

from collections.abc import Iterator
from socket import MSG_PEEK, socket

import pytest

from mockstore.errors import BrokenConnectionError
from mockstore.model import Outgoing
from mockstore.world.transports.http import HttpTransport

from .conftest import LONG_TIMEOUT, OK, Handler, Serve, request_to

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
LARGE = 32 * 1024 * 1024
"""More bytes than a socket takes at once."""


def large_request(port: int) -> Outgoing:
    outgoing = request_to(port)
    return Outgoing(outgoing.url, outgoing.headers, bytes(LARGE))


def answering_early(begun: list[bytes], answer: bytes) -> Handler:
    """Answer a small request after reading it, a large one after its first byte, and then close the connection."""

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        if b"/small " in connection.recv(64, MSG_PEEK):
            next(requests_)
            connection.sendall(OK)
        begun.append(connection.recv(1))
        connection.sendall(answer)

    return handle


def test_what_it_answered_is_found(serve: Serve, transport: HttpTransport) -> None:
    begun: list[bytes] = []

    reply = transport.send(large_request(serve(answering_early(begun, TOO_LARGE))), LONG_TIMEOUT)

    assert (reply.status, reply.body) == (413, b"no")
    assert begun == [b"P"]


def test_the_request_is_not_sent_again_over_another_connection(serve: Serve, transport: HttpTransport) -> None:
    begun: list[bytes] = []
    port = serve(answering_early(begun, TOO_LARGE))
    assert transport.send(request_to(port, "/small"), LONG_TIMEOUT).status == 200

    statuses = [transport.send(large_request(port), LONG_TIMEOUT).status for _ in range(2)]

    assert statuses == [413, 413]
    assert begun == [b"P", b"P"]


def test_without_an_answer_the_connection_is_broken(serve: Serve, transport: HttpTransport) -> None:
    with pytest.raises(BrokenConnectionError, match="before the answer was complete"):
        transport.send(large_request(serve(answering_early([], b""))), LONG_TIMEOUT)
