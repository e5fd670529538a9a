"""The fast path answers plain emits as Flask does, and leaves all other requests to Flask."""

from collections.abc import Iterator
from contextlib import ExitStack
from json import dumps, loads
from socket import SHUT_WR, create_connection
from typing import Protocol

import pytest
from flask import Flask, request_started

from mockstore.model import Json

from .conftest import Caller, Serve

EMIT = "/_mockstore/emit"
PLAIN = {"type": "pet.adopted"}
TENANT = "0198c0de-0000-7000-8000-000000000001"


class Counted:
    """A running server, which counts the requests that reach Flask."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.seen = 0

    def see(self, _: Flask, **__: object) -> None:
        self.seen += 1

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], Json]:
        """Post to the route, and return the status, the headers and the document."""
        connection = self.caller.connection
        connection.request("POST", EMIT, body, {"Content-Type": "application/json"} | (headers or {}))
        response = connection.getresponse()
        return response.status, dict(response.headers), loads(response.read())


class Count(Protocol):
    """Starts a server with changed settings."""

    def __call__(self, **changes: Json) -> Counted: ...


@pytest.fixture
def count(serve: Serve) -> Iterator[Count]:
    with ExitStack() as stack:

        def start(**changes: Json) -> Counted:
            counted = Counted(serve(**changes))
            stack.enter_context(request_started.connected_to(counted.see))
            return counted

        yield start


def body_of(document: Json) -> bytes:
    return dumps(document).encode()


@pytest.mark.parametrize("event_type", ["pet.adopted", "order.created", "payment.failed"])
def test_the_short_way_answers_as_flask_does(count: Count, event_type: str) -> None:
    mock = count(seed=7)
    webhook = {"url": "http://127.0.0.1:1/hooks", "events": ["*"], "secret": "whsec_" + "a" * 43}
    answers: list[list[tuple[int, dict[str, str], Json]]] = []
    seen: list[int] = []

    for wanted in ({"type": event_type}, {"type": event_type, "count": 1}):
        mock.caller.ok("POST", "/_mockstore/reset", {})
        mock.caller.ok("POST", "/v1/webhooks", webhook)
        mock.caller.ok("POST", "/_mockstore/hold", {})
        before = mock.seen
        answers.append([mock.post(body_of(wanted)) for _ in range(3)])
        seen.append(mock.seen - before)

    ours, theirs = answers
    assert seen == [0, 3]
    assert [(status, document) for status, _, document in ours] == [
        (status, document) for status, _, document in theirs
    ]
    assert [list(headers) for _, headers, _ in ours] == [list(headers) for _, headers, _ in theirs]
    assert [headers | {"Date": ""} for _, headers, _ in ours] == [headers | {"Date": ""} for _, headers, _ in theirs]


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        pytest.param({"control_token": "t0ken"}, {}, 401, id="a token is needed"),
        pytest.param({}, {"Host": "rebound.example"}, 421, id="another name"),
        pytest.param({}, {"Origin": "https://elsewhere.example"}, 403, id="a page of another origin"),
        pytest.param({}, {"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({}, {"X-Tenant-ID": "nobody"}, 422, id="a tenant that is no UUID"),
        pytest.param({"body_limit": 10}, {}, 413, id="too long"),
        pytest.param({}, {"Content-Type": "text/plain"}, 415, id="no JSON"),
        pytest.param({}, {f"X-{number}": "1" for number in range(99)}, 431, id="too many headers"),
    ],
)
def test_what_flask_refuses_is_refused(
    count: Count, settings: dict[str, Json], headers: dict[str, str], status: int
) -> None:
    mock = count(**settings)

    found, answered, document = mock.post(body_of(PLAIN), headers)

    assert (found, document["status"]) == (status, status)
    assert answered["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"{", 400, id="half"),
        pytest.param(b"\xff{}", 400, id="not UTF-8"),
        pytest.param(b"[]", 422, id="a list"),
        pytest.param(b'{"type": 5}', 422, id="a number"),
        pytest.param(b'{"type": null}', 422, id="null"),
        pytest.param(b"{}", 422, id="no type"),
        pytest.param(b'{"type": "pet.adoptd"}', 422, id="no such type"),
        pytest.param(b'{"type": "pet.*"}', 422, id="a pattern"),
        pytest.param(b'{"type": ""}', 422, id="an empty type"),
        pytest.param(b'{"type": "pet.adopted", "to": "nobody"}', 404, id="to nobody"),
        pytest.param(b'{"type": "pet.adopted", "kind": "x"}', 422, id="another member"),
    ],
)
def test_what_is_not_plain_is_answered_by_flask(count: Count, body: bytes, status: int) -> None:
    mock = count()

    found, _, document = mock.post(body)
    again, *_ = mock.post(body_of(PLAIN))

    assert (found, document["status"], mock.seen) == (status, status, 1)
    assert again == 202  # the connection is still usable


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(f"{EMIT}?count=1", {}, id="a query"),
        pytest.param(EMIT, {"Content-Type": "application/json; charset=utf-8"}, id="a content type with more to it"),
        pytest.param(EMIT, {"X-Tenant-ID": TENANT}, id="a tenant"),
    ],
)
def test_a_head_that_is_not_plain_is_left_to_flask(count: Count, path: str, headers: dict[str, str]) -> None:
    mock = count()
    connection = mock.caller.connection

    connection.request("POST", path, body_of(PLAIN), {"Content-Type": "application/json"} | headers)

    assert connection.getresponse().status == 202
    assert mock.seen == 1


def test_a_body_that_comes_behind_its_head_is_waited_for(count: Count) -> None:
    mock = count()
    server, body = mock.caller.server, body_of(PLAIN)

    with create_connection((server.host, server.port), timeout=20) as client:
        client.sendall(
            f"POST {EMIT} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
        )
        client.sendall(body[:5])
        client.sendall(body[5:])
        answer = client.recv(100)

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert mock.seen == 0


@pytest.mark.parametrize("document", [PLAIN, PLAIN | {"count": 1}], ids=["the fast path", "Flask"])
def test_half_a_body_makes_no_event(count: Count, document: dict[str, Json]) -> None:
    mock, body = count(), body_of(document)
    server = mock.caller.server

    with create_connection((server.host, server.port), timeout=20) as client:
        client.sendall(
            f"POST {EMIT} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body) + 1}\r\n\r\n".encode()
            + body
        )
        client.shutdown(SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(1000), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"the body broke off after {len(body)} of {len(body) + 1} bytes".encode() in answer
    assert mock.caller.ok("GET", "/_mockstore/events")["pagination"]["totalItems"] == 0


def test_a_tenant_gets_the_event_in_its_own_world(mock: Caller) -> None:
    mock.ok("POST", EMIT, PLAIN, TENANT)

    shared, own = mock.ok("GET", "/_mockstore/events"), mock.ok("GET", "/_mockstore/events", tenant=TENANT)

    assert (shared["pagination"]["totalItems"], own["pagination"]["totalItems"]) == (0, 1)


def test_a_page_that_is_trusted_is_told_that_it_may_read(count: Count) -> None:
    mock = count(cors_origins=("https://docs.example",))

    _, headers, _ = mock.post(body_of(PLAIN), {"Origin": "https://docs.example"})

    assert headers["Access-Control-Allow-Origin"] == "https://docs.example"


def test_both_ways_are_counted_alike(mock: Caller) -> None:
    mock.ok("POST", EMIT, PLAIN)
    mock.ok("POST", EMIT, PLAIN | {"count": 2})

    mock.connection.request("GET", "/_mockstore/metrics")
    metrics = mock.connection.getresponse().read().decode()

    assert f'mockstore_requests_total{{method="POST",route="{EMIT}",status="202"}} 2.0' in metrics


@pytest.mark.parametrize("body", [PLAIN, PLAIN | {"count": 1}], ids=["the fast path", "Flask"])
def test_pages_that_are_open_hear_of_an_event(mock: Caller, body: dict[str, Json]) -> None:
    news = mock.tenants.of(None).news
    before = news.count

    mock.ok("POST", EMIT, body)

    assert news.count == before + 1
