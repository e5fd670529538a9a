"""The event stream of the console reports changes, is limited in number, and ends with the server."""

from http.client import HTTPConnection, HTTPResponse
from threading import Event

import pytest
from flask.testing import FlaskClient

from mockstore.news import News
from mockstore.tenants import Tenants
from mockstore.web.console.stream import RETRY_MS, messages
from tests.console.conftest import Serve
from tests.console.served import Served

OPENING = f"retry: {RETRY_MS}\n\n"
TIMEOUT_SECONDS = 20


def open_stream(served: Served, query: str = "") -> tuple[HTTPConnection, HTTPResponse]:
    connection = HTTPConnection(served.server.host, served.server.port, timeout=TIMEOUT_SECONDS)
    connection.request("GET", f"/_mockstore/stream{query}")
    return connection, connection.getresponse()


def next_number(response: HTTPResponse) -> str:
    """Wait for the next message of the stream and return its number."""
    while not (line := response.readline()).startswith(b"data:"):
        assert line, "the stream has ended"
    return line.decode().partition(": ")[2].strip()


def test_a_missed_change_is_reported_at_once_and_a_later_one_when_it_comes() -> None:
    news, closing = News(), Event()
    news.tell()
    stream = messages(news, closing, 0)

    assert (next(stream), next(stream)) == (OPENING, "event: news\nid: 1\ndata: 1\n\n")
    news.tell()
    news.tell()
    assert next(stream) == "event: news\nid: 3\ndata: 3\n\n"
    closing.set()
    assert list(stream) == []


def test_a_change_by_the_control_api_is_reported(served: Served) -> None:
    connection, response = open_stream(served)
    assert response.headers["Content-Type"].startswith("text/event-stream")

    other = HTTPConnection(served.server.host, served.server.port, timeout=TIMEOUT_SECONDS)
    other.request("POST", "/_mockstore/clock/freeze")
    assert other.getresponse().read()

    assert int(next_number(response)) >= 1
    other.close()
    connection.close()


def test_a_server_that_closes_ends_the_streams(serve: Serve) -> None:
    served = serve()
    connection, response = open_stream(served)

    served.tenants.closing.set()

    assert response.read().decode().startswith(OPENING)
    connection.close()


def test_streams_leave_most_threads_to_others(serve: Serve) -> None:
    served = serve(requests=8)
    held = [open_stream(served) for _ in range(2)]

    connection, refused = open_stream(served)

    assert [response.status for _, response in held] == [200, 200]
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    for one in (connection, *(other for other, _ in held)):
        one.close()


@pytest.mark.parametrize(("threads", "status"), [(1, 503), (2, 200), (3, 200)])
def test_a_stream_never_takes_the_last_thread(serve: Serve, threads: int, status: int) -> None:
    served = serve(requests=threads)

    connection, response = open_stream(served)
    other = HTTPConnection(served.server.host, served.server.port, timeout=TIMEOUT_SECONDS)
    other.request("GET", "/_mockstore/health")

    assert (response.status, other.getresponse().status) == (status, 200)
    connection.close()
    other.close()


def test_a_place_is_free_again_when_a_stream_has_ended(client: FlaskClient, tenants: Tenants) -> None:
    tenants.closing.set()

    assert {client.get("/_mockstore/stream", buffered=True).status_code for _ in range(40)} == {200}


def test_a_place_is_free_again_when_a_page_has_gone(serve: Serve) -> None:
    served = serve(requests=4)
    open_stream(served)[0].close()

    def takes_another() -> bool:
        served.mockstore.news.tell()  # lets the stream write, which finds the closed connection
        served.tenants.closing.wait(0.05)
        connection, response = open_stream(served)
        connection.close()
        return response.status == 200

    assert any(takes_another() for _ in range(TIMEOUT_SECONDS * 10))


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 40, "²"])
def test_an_invalid_number_means_from_now_on(client: FlaskClient, tenants: Tenants, since: str) -> None:
    tenants.closing.set()

    assert client.get("/_mockstore/stream", query_string={"since": since}).text == OPENING
