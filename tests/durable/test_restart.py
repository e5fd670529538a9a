"""The records and the clock of a server after it was stopped and started again."""

import sqlite3
import subprocess
import sys
from threading import Event, Thread
from typing import Any

import pytest

from benchmarks.processes import ROOT, ServerProcess, Sink
from tests.durable.conftest import Serve

PATIENCE = 20
ADA = {
    "username": "ada.of.durable",
    "email": "ada@durable.example",
    "firstName": "Ada",
    "lastName": "Park",
    "password": "correct horse battery staple",
}
REX = {"name": "Rex", "species": "DOG", "ageMonths": 18, "price": "400", "currency": "USD", "status": "AVAILABLE"}


def post(server: ServerProcess, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    status, answer = server.call("POST", path, {} if body is None else body)
    assert status < 300, answer
    return answer


def get(server: ServerProcess, path: str) -> Any:  # noqa: ANN401 - JSON
    status, answer = server.call("GET", path)
    assert status == 200, answer
    return answer


@pytest.fixture(params=["stopped", "killed"])
def end(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_restart_keeps_everything(serve: Serve, sqlite: str, end: str) -> None:
    told = {"SCHEDULE": "1h,1h", "CLOCK": "virtual", "SEED": "random"}
    server = serve(sqlite, **told)
    user, pet = post(server, "/v1/users", ADA), post(server, "/v1/pets", REX)
    webhook = post(server, "/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["*"]})
    order = post(server, "/v1/orders", {"petId": pet["id"], "userId": user["id"]})
    post(server, "/_mockstore/settle")
    post(server, "/_mockstore/clock/advance", {"by": "10m"})
    paths = (
        f"/v1/users/{user['id']}",
        f"/v1/pets/{pet['id']}",
        f"/v1/orders/{order['id']}",
        f"/v1/webhooks/{webhook['id']}",
        "/_mockstore/events",
        "/_mockstore/deliveries",
        "/_mockstore/clock",
    )
    before = [get(server, path) for path in paths]

    {"stopped": server.stop, "killed": server.kill}[end]()
    server = serve(sqlite, **told)
    after = [get(server, path) for path in paths]
    post(server, "/_mockstore/clock/advance", {"by": "1h"})

    assert after == before
    assert {one["state"] for one in before[5]["data"]} == {"pending"}
    assert {len(one["attempts"]) for one in get(server, "/_mockstore/deliveries")["data"]} == {2}


def test_no_id_is_made_twice_under_a_clock_that_stands(serve: Serve, sqlite: str) -> None:
    made = []
    for _ in range(3):
        server = serve(sqlite, CLOCK="virtual", SEED="0")
        made += [post(server, "/_mockstore/emit", {"type": "pet.adopted"})["data"][0]["id"] for _ in range(3)]
        made += [post(server, "/v1/pets", REX)["id"]]
        server.stop()

    assert len(set(made)) == len(made)


class SlowSink(Sink):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = Event()

    def take(self, event_id: str, attempt: int) -> int:
        super().take(event_id, attempt)
        assert self.may_answer.wait(PATIENCE)
        return 204


def test_an_attempt_under_way_ends_before_the_server_does(serve: Serve, sqlite: str) -> None:
    sink = SlowSink()
    with sink.listening() as url:
        server = serve(sqlite)
        post(server, "/v1/webhooks", {"url": url, "events": ["*"]})
        event = post(server, "/_mockstore/emit", {"type": "pet.adopted"})["data"][0]
        assert sink.wait_for(event["id"])
        stopping = Thread(target=server.stop)
        stopping.start()
        sink.may_answer.set()
        stopping.join(PATIENCE)
        server = serve(sqlite)

        (delivery,) = get(server, "/_mockstore/deliveries")["data"]

    assert (delivery["state"], [one["outcome"] for one in delivery["attempts"]]) == ("delivered", ["acknowledged"])
    assert list(sink.seen) == [(event["id"], 1)]


def _refusal(database: str) -> tuple[int, str]:
    command = (sys.executable, "-m", "mockstore", "serve", "--port", "0", "--database", database)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.returncode, done.stderr


def test_a_file_of_another_version_is_refused(serve: Serve, sqlite: str) -> None:
    serve(sqlite).stop()
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE mockstore SET version = 99")
    database.close()

    status, said = _refusal(sqlite)

    assert status == 2
    assert "has tables of version 99, and this mockstore works with version" in said
    assert said.count("\n") == 1


def test_a_file_that_another_server_uses_is_refused(serve: Serve, sqlite: str) -> None:
    serve(sqlite)

    status, said = _refusal(sqlite)

    assert status == 2
    assert "is used by another server now" in said
    assert said.count("\n") == 1
