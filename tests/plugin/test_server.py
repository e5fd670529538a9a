"""The fixture `mockstore_server`: one server for the session, empty at the start of each test, with the same checks."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

SHOP = """
import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Shop(ThreadingHTTPServer):
    secret = ""
    statuses = (204,)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def configure(self, secret, *statuses):
        self.secret, self.statuses = secret, statuses or (204,)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        expected = "sha256=" + hmac.new(self.server.secret.encode(), body, hashlib.sha256).hexdigest()
        status, *rest = self.server.statuses
        if not hmac.compare_digest(expected, self.headers["X-Webhook-Signature"]):
            status = 401
        elif rest:
            self.server.statuses = rest
        self.wfile.write(f"HTTP/1.1 {status} -\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n".encode())
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def live_shop():
    with Shop(("127.0.0.1", 0), Handler) as shop:
        thread = threading.Thread(target=shop.serve_forever, args=(0.01,))
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()
"""

ALONE = ("-p", "no:pytest-responses")
"""Turns off pytest-responses, which blocks the network for `requests`."""


def test_a_webhook_registered_over_http_gets_its_delivery(run: "Run") -> None:
    result = run(
        """
import requests


def test_over_http(mockstore_server, live_shop):                              # a real process on loopback
    hook = requests.post(f"{mockstore_server.url}/v1/webhooks", headers={"Authorization": "Bearer any"},
                         json={"url": f"{live_shop.url}/hooks", "events": ["order.created"]}).json()
    live_shop.configure(secret=hook["secret"])
    mockstore_server.emit("order.created")
    mockstore_server.deliveries.wait_for(1, timeout=5)[0].assert_acknowledged()
""",
        *ALONE,
        conftest=SHOP,
        apart=True,
    )

    result.assert_outcomes(passed=1)


def test_the_next_test_finds_the_server_empty_and_the_same(run: "Run") -> None:
    result = run(
        """
import pytest

seen = []


@pytest.mark.parametrize("number", range(3))
def test_it(mockstore_server, live_shop, number):
    assert not mockstore_server.events
    assert not list(mockstore_server.webhooks)
    assert not mockstore_server.clock.frozen
    hook = mockstore_server.subscribe(live_shop.url)
    inbox = mockstore_server.open_inbox()
    live_shop.configure(hook.secret)
    event = mockstore_server.emit("pet.adopted")
    event.assert_acknowledged()
    mockstore_server.hold()
    mockstore_server.emit("order.created").deliveries[0].state
    [delivery.look() for delivery in mockstore_server.deliveries]
    seen.append((mockstore_server.url, hook.secret, inbox.webhook.url, event.data["pet"]["name"]))
    mockstore_server.clock.freeze()
    assert len(set(seen)) == 1
""",
        conftest=SHOP,
    )

    result.assert_outcomes(passed=3)


def test_marks_choose_the_rules_of_the_server(run: "Run") -> None:
    result = run(
        """
import pytest


@pytest.mark.mockstore(clock="virtual")
def test_ladder(mockstore_server, live_shop):
    hook = mockstore_server.subscribe(live_shop.url)
    live_shop.configure(hook.secret, 503)
    event = mockstore_server.emit("order.created")
    mockstore_server.clock.advance(minutes=96)
    assert [attempt.offset.total_seconds() for attempt in event.delivery.attempts] == [0, 60, 360, 2160, 5760]
    hook.assert_disabled()


@pytest.mark.mockstore(clock="virtual", schedule=[7])
def test_schedule(mockstore_server, live_shop):
    hook = mockstore_server.subscribe(live_shop.url)
    live_shop.configure(hook.secret, 503, 204)
    event = mockstore_server.emit("order.created")
    mockstore_server.clock.advance(seconds=7)
    event.assert_acknowledged()


def test_plain(mockstore_server, mockstore):
    assert not mockstore_server.clock.frozen
    assert len(mockstore_server.provider.schedule.waits) == 4
    assert mockstore.url == ""
""",
        conftest=SHOP,
    )

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        pytest.param(
            "raise_errors=True",
            "mockstore_server takes no raise_errors: what a consumer raises stays in its own process",
            id="not for a server",
        ),
        pytest.param("clock='travel'", "clock is 'travel'; it must be system or virtual", id="a clock for processes"),
        pytest.param("sead=1", "unknown keyword 'sead': did you mean 'seed'? known keywords: *", id="unknown"),
    ],
)
def test_a_keyword_that_a_server_cannot_take_fails_at_its_line(run: "Run", keyword: str, text: str) -> None:
    result = run(f"import pytest\n\n@pytest.mark.mockstore({keyword})\ndef test_it(mockstore_server): ...\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_shop.py:3: @pytest.mark.mockstore({keyword}): {text}"])
    result.stdout.no_fnmatch_line("*During handling*")


UNSEEN = """
import pytest


{mark}
def test_it(mockstore_server, live_shop):
    mockstore_server.subscribe(live_shop.url)
    mockstore_server.emit("order.created")
"""


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        pytest.param("", "failed", id="strict"),
        pytest.param("@pytest.mark.mockstore(strict=False)", "passed", id="not strict"),
    ],
)
def test_the_judgement_waits_for_what_is_under_way(run: "Run", mark: str, outcome: str) -> None:
    result = run(UNSEEN.format(mark=mark), conftest=SHOP)

    assert result.parseoutcomes() == {outcome: 1}
    if outcome == "failed":
        result.stdout.fnmatch_lines(["1. a delivery was not acknowledged:", "*attempt 1: 401", "   signature: *"])


def test_an_exception_of_ours_in_a_request_fails_the_test(run: "Run") -> None:
    result = run(
        """
from msgspec.structs import replace

import pytest
import requests

from mockstore.events import Catalogue
from mockstore.provider import petstore


class Broken(Catalogue):
    def check_patterns(self, patterns):
        raise RuntimeError("out of order")


@pytest.fixture
def mockstore_config():
    return {"provider": replace(petstore(), catalogue=Broken.with_folders([]))}


def test_it(mockstore_server):
    answer = requests.post(
        f"{mockstore_server.url}/v1/webhooks",
        headers={"Authorization": "Bearer any"},
        json={"url": "https://shop.example.com/", "events": ["*"]},
    )
    assert answer.status_code == 500
""",
        *ALONE,
        apart=True,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["mockstore: 1 thing went wrong, *", "*RuntimeError: out of order"])


def test_an_exception_of_ours_on_a_thread_fails_the_test(run: "Run") -> None:
    result = run(
        """
from datetime import timedelta

import pytest

from mockstore.delivery.schedule import RetryPolicy


class Broken(RetryPolicy):
    def next_attempt(self, *args, **keywords):
        raise RuntimeError("out of order")


@pytest.fixture
def mockstore_config():
    return {"schedule": Broken((timedelta(minutes=1),))}


def test_it(mockstore_server, live_shop):
    mockstore_server.subscribe(live_shop.url)
    mockstore_server.emit("order.created", to=mockstore_server.subscribe(live_shop.url))
""",
        conftest=SHOP,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["mockstore: * went wrong, *", "*RuntimeError: out of order"])


def test_workers_have_servers_of_their_own(run: "Run") -> None:
    result = run(
        """
import pytest


@pytest.mark.parametrize("number", range(6))
def test_it(mockstore_server, live_shop, number):
    hook = mockstore_server.subscribe(live_shop.url)
    live_shop.configure(hook.secret)
    mockstore_server.emit("order.created").assert_acknowledged()
    assert len(mockstore_server.events) == 1
""",
        "-n2",
        conftest=SHOP,
        apart=True,
    )

    result.assert_outcomes(passed=6)


def test_nothing_runs_on_after_the_session(run: "Run") -> None:
    result = run(
        UNSEEN.format(mark="@pytest.mark.mockstore(strict=False)"),
        conftest=SHOP
        + """

def pytest_unconfigure():
    names = sorted(thread.name for thread in threading.enumerate() if "mockstore" in thread.name)
    print("threads", names)
""",
        apart=True,
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*threads [[][]]"])


def test_schemas_of_the_users_own_are_known_to_the_server(run: "Run", pytester: pytest.Pytester) -> None:
    pytester.mkdir("events")
    (pytester.path / "events" / "pet.vaccinated.json").write_text(
        '{"examples": [{"id": "019b4132-70aa-764f-b315-e2803d882a24", "eventType": "pet.vaccinated",'
        ' "timestamp": "2025-01-06T12:00:00Z", "data": {"vet": "Dr Hill"}}]}'
    )

    result = run(
        """
def test_it(mockstore_server):
    inbox = mockstore_server.open_inbox("pet.vaccinated")
    mockstore_server.emit("pet.vaccinated").assert_acknowledged()
    inbox.one("pet.vaccinated").assert_valid()
""",
        ini="mockstore_schemas = events",
    )

    result.assert_outcomes(passed=1)


ON_THE_LOOP = """
import asyncio
import pytest


async def answer(reader, writer):
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0]))
    writer.write(b"HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n")
    await writer.drain()
    writer.close()


def on_one_loop(mockstore_server, work):
    async def main():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            mockstore_server.subscribe(f"http://127.0.0.1:{port}/hooks")
            await work()

    asyncio.run(main())
"""


def test_a_consumer_on_the_tests_own_loop_is_waited_for_by_aemit(run: "Run") -> None:
    source = f"""{ON_THE_LOOP}

def test_it(mockstore_server):
    async def work():
        (await mockstore_server.aemit("pet.adopted")).assert_acknowledged()

    on_one_loop(mockstore_server, work)
"""
    run(source, *ALONE).assert_outcomes(passed=1)


def test_who_blocks_the_loop_of_the_consumer_is_told_so(run: "Run") -> None:
    source = f"""{ON_THE_LOOP}

@pytest.mark.mockstore(timeout=0.2)
def test_it(mockstore_server):
    async def work():
        mockstore_server.emit("pet.adopted").assert_acknowledged()

    on_one_loop(mockstore_server, work)
"""
    report = run(source, *ALONE)
    report.assert_outcomes(failed=1)
    report.stdout.fnmatch_lines(["*the waiting test blocks its own event loop; use `await *"])
