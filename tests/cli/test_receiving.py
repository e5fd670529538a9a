"""The sockets of `mockstore listen`."""

import socket
from collections.abc import Callable
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from mockstore.answers import answers
from mockstore.cli.receiver import Scripted
from mockstore.cli.receiving import ReceivingServer
from mockstore.errors import StartupError
from mockstore.model import Outgoing, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Listening

Listen = Callable[..., "Listening"]


def acknowledge(_outgoing: Outgoing) -> Reply:
    return Reply(204)


def connection(shop: "Listening") -> HTTPConnection:
    return HTTPConnection(urlsplit(shop.url).netloc, timeout=20)


def test_a_connection_is_kept_for_the_next_delivery(listening: Listen) -> None:
    client = connection(listening())

    client.request("POST", "/hooks?x=1", b"{}")
    first = client.getresponse()
    first.read()
    kept = client.sock
    client.request("POST", "/", b"[]")
    second = client.getresponse()
    second.read()

    assert (first.status, second.status) == (200, 200)
    assert client.sock is kept
    client.close()


def test_the_request_is_handed_on_as_it_came(listening: Listen) -> None:
    shop, body = listening(), bytes(range(256))
    client = connection(shop)

    client.request("POST", "/hooks?x=1", body, {"X-Note": "a"})
    client.getresponse().read()
    client.close()

    outgoing = shop.received[0].outgoing
    assert outgoing.url == f"{shop.url}hooks?x=1"
    assert outgoing.body == body
    assert ("X-Note", "a") in outgoing.headers


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("GET", {}, 405, id="another method"),
        pytest.param("POST", {"Transfer-Encoding": "chunked"}, 411, id="no length"),
        pytest.param("POST", {"Content-Length": "99999999999"}, 413, id="too long"),
        pytest.param("POST", {"Content-Length": "-1"}, 411, id="no number"),
    ],
)
def test_what_is_no_delivery_is_refused(method: str, headers: dict[str, str], status: int, listening: Listen) -> None:
    shop = listening()
    client = connection(shop)

    client.putrequest(method, "/")
    for name, value in headers.items():
        client.putheader(name, value)
    client.endheaders()
    response = client.getresponse()

    assert response.status == status
    assert (response.getheader("Allow") == "POST") == (status == 405)
    assert shop.received == []
    client.close()


def test_a_scripted_delay_comes_before_the_answer_and_ends_with_the_server(listening: Listen) -> None:
    shop = listening(Scripted(answers("200 after 1h")))
    client = connection(shop)

    client.request("POST", "/", b"{}")
    shop.sockets.stopping.set()

    assert client.getresponse().status == 200
    client.close()


def test_an_error_of_ours_comes_home() -> None:
    def fail(_outgoing: Outgoing) -> Reply:
        raise ZeroDivisionError

    server = ReceivingServer("127.0.0.1", 0, fail)
    client = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    client.connect()
    client.putrequest("POST", "/")
    client.putheader("Content-Length", "0")
    client.endheaders()

    with pytest.raises(ZeroDivisionError):
        server.run()

    client.close()
    server.close()


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        pytest.param("203.0.113.1", 0, "cannot listen on 203.0.113.1:0: ", id="another's address"),
        pytest.param("no-such-host.invalid", 0, "cannot listen on no-such-host.invalid:0: ", id="no address"),
    ],
)
def test_where_it_cannot_listen_it_says_so(host: str, port: int, words: str) -> None:
    with pytest.raises(StartupError, match=words):
        ReceivingServer(host, port, acknowledge)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        pytest.param("127.0.0.1", "http://127.0.0.1:{port}/", id="loopback"),
        pytest.param("0.0.0.0", "http://127.0.0.1:{port}/", id="all"),  # noqa: S104 - that is the case
        pytest.param("::1", "http://[::1]:{port}/", id="IPv6"),
        pytest.param("::", "http://[::1]:{port}/", id="all IPv6"),
    ],
)
def test_the_url_is_where_this_machine_reaches_it(host: str, url: str) -> None:
    if ":" in host and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    server = ReceivingServer(host, 0, acknowledge)

    assert server.url == url.format(port=server.server_port)
    server.close()


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
