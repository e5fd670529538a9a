"""The plugin together with other common plugins: what they patch does not affect a delivery."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

MANY = """
import os
from pathlib import Path

import pytest


@pytest.mark.parametrize("event_type", ["pet.adopted", "order.created", "payment.failed"])
def test_events(mockstore, mockstore_inbox, event_type):
    mockstore.emit(event_type)
    mockstore.emit(event_type)
    webhook = mockstore_inbox.webhook
    lines = [webhook.id, webhook.secret, *(received.body.decode() for received in mockstore_inbox)]
    (Path(__file__).parent / f"{event_type}.txt").write_text("\\n".join(lines))


def test_another(mockstore):
    mockstore.emit("pet.adopted")


def test_without():
    import random

    random.random()
"""


def _made(folder: "Path") -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.txt")}


def test_the_data_is_the_same_in_any_order_selection_and_worker(run: "Run", pytester: pytest.Pytester) -> None:
    run(MANY).assert_outcomes(passed=5)
    alone = _made(pytester.path)
    assert len(alone) == 3

    ways = [["-p", "randomly", f"--randomly-seed={seed}"] for seed in (1, 2)]
    ways += [["-n", "2"], ["-k", "order or payment"]]
    for args in ways:
        run(MANY, *args, apart=True)
        assert _made(pytester.path) == alone, args


def test_events_do_not_touch_the_dice_of_others(run: "Run") -> None:
    result = run("""
import random

from faker import Faker


def test_it(mockstore):
    faker = Faker()
    faker.seed_instance(1)
    expected = faker.name()
    random.seed(1)
    state = random.getstate()
    faker.seed_instance(1)
    mockstore.emit("pet.adopted")
    assert random.getstate() == state
    assert faker.name() == expected
""")

    result.assert_outcomes(passed=1)


RECEIVER = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.wfile.write(b"HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n")
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def live():
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.bodies = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def app():
    from flask import Flask, request

    app = Flask("shop")
    app.bodies = []

    @app.post("/webhooks/petstore")
    def petstore():
        app.bodies.append(request.get_data())
        return "", 204

    return app


@pytest.fixture
def deliver(mockstore, app, live):
    def deliver():
        mockstore.subscribe(app)
        mockstore.subscribe(f"http://127.0.0.1:{live.server_port}/hooks")
        event = mockstore.emit("pet.adopted")
        event.assert_acknowledged()
        assert app.bodies == live.bodies == [event.body]

    return deliver
"""


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(
            """
import requests
import responses


def test_it(deliver):
    with responses.RequestsMock() as mocked:
        mocked.get("https://api.example.com/", json={"ok": True})
        deliver()
        assert requests.get("https://api.example.com/").json() == {"ok": True}
""",
            id="responses block",
        ),
        pytest.param(
            """
import requests


def test_it(deliver, responses):
    responses.get("https://api.example.com/", json={"ok": True})
    deliver()
    assert requests.get("https://api.example.com/").json() == {"ok": True}


def test_active_by_itself(deliver):
    import pytest

    deliver()
    with pytest.raises(requests.ConnectionError):
        requests.get("https://api.example.com/")
""",
            id="pytest-responses",
        ),
        pytest.param(
            """
import httpx
import respx


def test_block(deliver):
    with respx.mock:
        respx.get("https://api.example.com/").respond(200)
        deliver()
        assert httpx.get("https://api.example.com/").status_code == 200


def test_fixture(deliver, respx_mock):
    respx_mock.get("https://api.example.com/").respond(200)
    deliver()
    assert httpx.get("https://api.example.com/").status_code == 200
""",
            id="respx",
        ),
        pytest.param(
            """
import vcr


def test_it(deliver, tmp_path):
    cassette = tmp_path / "cassette.yaml"
    cassette.write_text("interactions: []\\nversion: 1\\n")
    with vcr.use_cassette(str(cassette), record_mode="none") as used:
        deliver()
    assert not used.dirty
""",
            id="vcrpy",
        ),
    ],
)
def test_deliveries_pass_by_the_mocks_of_http_clients(run: "Run", test: str) -> None:
    result = run(test, conftest=RECEIVER, apart=True)

    assert set(result.parseoutcomes()) == {"passed"}


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(
            """
import freezegun


def test_frozen_inside(mockstore):
    with freezegun.freeze_time("2030-02-03T04:05:06Z"):
        check(mockstore)


@freezegun.freeze_time("2030-02-03T04:05:06Z")
def test_frozen_outside(mockstore):
    check(mockstore)
""",
            id="freezegun",
        ),
        pytest.param(
            """
import pytest
import time_machine


def test_frozen_inside(mockstore):
    with time_machine.travel("2030-02-03T04:05:06Z", tick=False):
        check(mockstore)


@time_machine.travel("2030-02-03T04:05:06Z", tick=False)
def test_frozen_outside(mockstore):
    check(mockstore)


def test_by_its_fixture(mockstore, time_machine):
    time_machine.move_to("2030-02-03T04:05:06Z", tick=False)
    check(mockstore)


@pytest.mark.time_machine("2030-02-03T04:05:06Z", tick=False)
def test_by_its_mark(mockstore):
    check(mockstore)
""",
            id="time-machine",
        ),
    ],
)
def test_the_clock_follows_a_frozen_process(run: "Run", test: str) -> None:
    check = """
def check(mockstore):
    answers = iter([503, 200])
    mockstore.subscribe(lambda outgoing: next(answers))
    event = mockstore.emit("pet.adopted")
    assert event.payload["timestamp"] == "2030-02-03T04:05:06Z"
    mockstore.clock.advance(minutes=1)
    assert [attempt.at.isoformat() for attempt in event.delivery.attempts] == [
        "2030-02-03T04:05:06+00:00",
        "2030-02-03T04:06:06+00:00",
    ]
"""
    result = run(test + check, apart=True)

    assert set(result.parseoutcomes()) == {"passed"}


ASGI_SHOP = """
import pytest
from fastapi import FastAPI


@pytest.fixture
def app():
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app):
        app.state.log.append("up")
        yield
        app.state.log.append("down")

    app = FastAPI(lifespan=lifespan)
    app.state.log = []

    @app.post("/webhooks/petstore")
    async def petstore():
        app.state.log.append("event")

    return app


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

ASYNC_CASES = """
import pytest

BUSY = []


@pytest.mark.{mark}
async def test_retries(mockstore):
    answers = iter([503, 200])
    mockstore.subscribe(lambda outgoing: next(answers))
    event = await mockstore.aemit("pet.adopted")
    await mockstore.aadvance(minutes=1)
    event.assert_acknowledged()


@pytest.mark.{mark}
async def test_lifespan(mockstore, app):
    mockstore.subscribe(app)
    await mockstore.aemit("pet.adopted")
    await mockstore.aemit("pet.adopted")
    assert app.state.log == ["up", "event", "event"]


def test_sync(mockstore, app):
    mockstore.subscribe(app)
    mockstore.emit("pet.adopted")
    assert app.state.log == ["up", "event"]
    mockstore.close()
    assert app.state.log == ["up", "event", "down"]


@pytest.mark.{mark}
async def test_await_is_asked_for(mockstore, app):
    mockstore.subscribe(app)
    with pytest.raises(Exception, match="await mockstore.aemit"):
        mockstore.emit("pet.adopted")


@pytest.mark.{mark}
@pytest.mark.xfail(raises=pytest.fail.Exception, strict=True)
async def test_complaint(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    await mockstore.aemit("pet.adopted")
"""


@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_async_tests_are_served_and_judged(run: "Run", mark: str) -> None:
    result = run(ASYNC_CASES.format(mark=mark), conftest=ASGI_SHOP)

    result.assert_outcomes(passed=4, xfailed=1)


def test_two_workers_judge_for_themselves(run: "Run") -> None:
    result = run(
        """
import pytest


@pytest.mark.parametrize("status", [200, 500, 204, 404])
def test_it(mockstore, status):
    mockstore.subscribe(lambda outgoing: status)
    mockstore.emit("pet.adopted")
""",
        "-n2",
        apart=True,
    )

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*mockstore: 1 thing went wrong, and the test never looked*"])
