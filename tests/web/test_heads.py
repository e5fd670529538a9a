"""Ambiguous request headers are refused, tested on a real socket."""

import json
import socket
from http.client import HTTPResponse
from typing import Any

import pytest

from mockstore.web.server import Server
from tests.web.conftest import Serve

PATIENCE = 20
USERS = b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def answer_to(server: Server, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Send a raw request, and read the answer until the server closes the connection."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        content = response.read()
        assert connection.recv(1) == b"", "the server keeps the connection"
    return response.status, dict(response.headers), json.loads(content)


@pytest.mark.parametrize(
    ("head", "detail"),
    [
        pytest.param(USERS + b"Content-Length: -1", "it has to be a number", id="below zero"),
        pytest.param(USERS + b"Content-Length: +22", "it has to be a number", id="a sign"),
        pytest.param(USERS + b"Content-Length: 2_2", "it has to be a number", id="Python's underscore"),
        pytest.param(USERS + b"Content-Length: 2, 2", "it has to be a number", id="a list"),
        pytest.param(USERS + b"Content-Length: " + b"9" * 19, "it has to be a number", id="too many digits"),
        pytest.param(USERS + b"Content-Length:", "it has to be a number", id="no length"),
        pytest.param(
            USERS + b"Content-Length: 2\r\nContent-Length: 22", "more than one Content-Length", id="two lengths"
        ),
        pytest.param(
            USERS + b"Content-Length: 2\r\nTransfer-Encoding: chunked", "exclude each other", id="length and chunks"
        ),
        pytest.param(
            b"GET /v1/pets HTTP/1.1\r\n X: y\r\nHost: localhost", "name, colon, value", id="begins with a folded line"
        ),
        pytest.param(USERS + b"X: a\r\n b", "name, colon, value", id="a folded line"),
        pytest.param(USERS + b"Content-Length : 2", "name, colon, value", id="a space after the name"),
        pytest.param(b"GET /v1/pets HTTP/1.1\r\nAccept: */*", "requires the header Host", id="no Host"),
        pytest.param(
            b"GET /v1/pets HTTP/1.1\r\nHost: localhost\r\nHost: localhost", "more than one Host", id="two Hosts"
        ),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused_and_the_connection_closed(
    serve: Serve, head: bytes, detail: str
) -> None:
    caller = serve()

    found, headers, document = answer_to(caller.server, head + b"\r\n\r\n{}")

    assert (found, headers["Content-Type"]) == (400, "application/problem+json")
    assert detail in document["detail"]
    assert caller.ok("GET", "/_mockstore/health")["status"] == "ok"


@pytest.mark.parametrize("prefix", ["", "/_tenants/019b4132-70aa-764f-b315-e2803d882a24"])
def test_a_refusal_of_a_head_says_which_path_it_is_about_and_what_is_left_of_the_rate_limit(
    serve: Serve, prefix: str
) -> None:
    request = f"GET {prefix}/v1/p%C3%A9ts%20x HTTP/1.1\r\n\r\n"

    _, headers, document = answer_to(serve(rate_limit=7).server, request.encode())

    assert document["instance"] == "/v1/p%C3%A9ts%20x"
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("7", "7")


def test_a_refusal_outside_of_the_api_tells_no_rate_limit(serve: Serve) -> None:
    _, headers, document = answer_to(serve().server, b"GET /_mockstore/clock HTTP/1.1\r\n\r\n")

    assert document["instance"] == "/_mockstore/clock"
    assert "RateLimit-Limit" not in headers


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /v1/pets HTTP/1.0", id="HTTP/1.0 without Host"),
        pytest.param(USERS.replace(b"/users", b"/pets/search") + b"Content-Length: 2\r\nContent-Length: 2", id="alike"),
    ],
)
def test_what_can_be_read_in_one_way_only_is_answered(serve: Serve, head: bytes) -> None:
    found, _, document = answer_to(serve().server, head + b"\r\nConnection: close\r\n\r\n{}")

    assert (found, len(document["data"])) == (200, 20)
