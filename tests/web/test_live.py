"""End to end over sockets: a webhook is registered, an event emitted, delivered, retried, captured and verified."""

import hashlib
import hmac
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from standardwebhooks import Webhook as OfficialVerifier

from mockstore.model import Json
from mockstore.world.transports.rules import Deadline
from tests.web.conftest import Caller, Serve

PATIENCE = 20
ADA = "019b4132-70aa-764f-b315-e2803d882a24"
BOB = "019b4127-54d5-76d9-b626-0d4c7bfce5b6"


def subscribe(mock: Caller, path: str = "/_mockstore/inbox", tenant: str | None = None, **more: object) -> Json:
    return mock.ok("POST", "/v1/webhooks", {"url": f"{mock.url}{path}", "events": "*"} | more, tenant)


def emit(mock: Caller, tenant: str | None = None, type_: str = "pet.adopted") -> Json:
    return mock.ok("POST", "/_mockstore/emit", {"type": type_}, tenant)["data"][0]


def settled(mock: Caller, tenant: str | None = None) -> None:
    assert mock.ok("POST", "/_mockstore/settle", {"timeoutSeconds": PATIENCE}, tenant) == {"settled": True}


def until(claim: Callable[[], bool]) -> None:
    """Check until `claim` is true; fail after a timeout."""
    deadline = Deadline(timedelta(seconds=PATIENCE))
    while not claim():
        assert not deadline.passed(), f"it did not come true within {PATIENCE} s"


def test_an_emitted_event_arrives_signed_and_valid(mock: Caller) -> None:
    hook = subscribe(mock, signatures=["petstore", "standard-webhooks"])

    event = emit(mock)
    settled(mock)

    (received,) = mock.ok("GET", "/_mockstore/inbox")["data"]
    headers = dict(received["headers"])
    by_hand = hmac.new(hook["secret"].encode(), received["body"].encode(), hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Signature"] == f"sha256={by_hand}"
    assert OfficialVerifier(hook["secret"]).verify(received["body"], headers) == event["payload"]
    assert (received["valid"], received["mistakes"], received["signature"]["ok"]) == (True, [], True)
    assert (received["event"], received["body"], received["attempt"]) == (event["payload"], event["body"], 1)
    (delivery,) = mock.ok("GET", "/_mockstore/deliveries")["data"]
    assert (delivery["state"], delivery["attempts"][0]["reply"]["status"]) == ("delivered", 200)


def test_a_refused_delivery_is_retried_by_the_clock_until_it_is_taken(mock: Caller) -> None:
    hook = subscribe(mock)
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [503, "reset", 200]})

    event = emit(mock)
    mock.ok("POST", "/_mockstore/clock/advance", {"by": "6m"})

    (delivery,) = mock.ok("GET", f"/v1/webhooks/{hook['id']}/deliveries")["data"]
    assert [(one["offsetSeconds"], one["outcome"], one["status"]) for one in delivery["attempts"]] == [
        (0, "refused", 503),
        (60, "reset", None),
        (360, "acknowledged", 200),
    ]
    received = mock.ok("GET", "/_mockstore/inbox")["data"]
    assert [(one["attempt"], one["body"]) for one in received] == [(number, event["body"]) for number in (1, 2, 3)]


def test_five_refusals_disable_the_webhook_and_a_recovery_brings_all_back(mock: Caller) -> None:
    hook = subscribe(mock)
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [500]})
    emit(mock)
    mock.ok("POST", "/_mockstore/clock/advance", {"by": "36m"})
    late = emit(mock, type_="order.created")

    mock.ok("POST", "/_mockstore/clock/advance", {"by": "1h"})

    path = f"/v1/webhooks/{hook['id']}"
    assert mock.ok("GET", path)["status"] == "disabled"
    states = [(one["eventId"] == late["id"], one["state"]) for one in mock.ok("GET", f"{path}/deliveries")["data"]]
    assert states == [(False, "failed"), (True, "discarded")]
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [200]})
    mock.ok("PATCH", path, {"status": "active"})
    assert mock.ok("POST", f"{path}/recover")["count"] == 2
    settled(mock)
    assert {one["state"] for one in mock.ok("GET", f"{path}/deliveries")["data"]} == {"delivered"}


@pytest.mark.parametrize("script", ["timeout", "200 after 1h"])
def test_a_receiver_that_takes_too_long_is_a_timeout(serve: Serve, script: str) -> None:
    mock = serve(timeout=timedelta(seconds=0.2))
    subscribe(mock)
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [script]})

    event = emit(mock)
    settled(mock)

    (delivery,) = mock.ok("GET", f"/_mockstore/events/{event['id']}")["deliveries"]
    assert delivery["attempts"][0]["outcome"] == "timeout"


class Silent:
    """Accepts connections and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.reached = threading.Event()
        self._kept: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._kept.append(self._listening.accept()[0])
                self.reached.set()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join(PATIENCE)
        self._listening.close()
        for connection in self._kept:
            connection.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    receiver = Silent()
    yield receiver
    receiver.close()


def test_a_dead_consumer_holds_up_neither_the_others_nor_the_callers(mock: Caller, silent: Silent) -> None:
    dead = mock.ok("POST", "/v1/webhooks", {"url": silent.url, "events": ["order.*"]})
    subscribe(mock, events=["pet.*"])
    for _ in range(20):
        emit(mock, type_="order.created")
    assert silent.reached.wait(PATIENCE)

    event = emit(mock)
    until(lambda: mock.ok("GET", f"/_mockstore/events/{event['id']}")["deliveries"][0]["state"] == "delivered")

    states = {one["state"] for one in mock.ok("GET", f"/v1/webhooks/{dead['id']}/deliveries?limit=100")["data"]}
    assert states == {"pending"}
    silent.close()


def test_tenants_have_webhooks_clocks_and_inboxes_of_their_own(mock: Caller) -> None:
    for tenant in (ADA, BOB):
        subscribe(mock, f"/_mockstore/inbox?tenant={tenant}", tenant)
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [503, 200]}, ADA)

    emit(mock, ADA)
    settled(mock, ADA)
    mock.ok("POST", "/_mockstore/clock/advance", {"by": "1m"}, ADA)
    emit(mock, BOB, "order.created")
    settled(mock, BOB)

    captured = {
        tenant: [
            (one["event"]["eventType"], one["attempt"], one["valid"])
            for one in mock.ok("GET", "/_mockstore/inbox", None, tenant)["data"]
        ]
        for tenant in (ADA, BOB, None)
    }
    assert captured == {
        ADA: [("pet.adopted", 1, True), ("pet.adopted", 2, True)],
        BOB: [("order.created", 1, True)],
        None: [],
    }
    clocks = [mock.ok("GET", "/_mockstore/clock", None, tenant)["now"] for tenant in (ADA, BOB)]
    assert clocks == ["2025-01-06T12:01:00Z", "2025-01-06T12:00:00Z"]


def test_a_clock_that_is_let_run_delivers_what_falls_due(mock: Caller) -> None:
    subscribe(mock)
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": [503, 200]})
    emit(mock)
    settled(mock)
    mock.ok("POST", "/_mockstore/clock/advance", {"seconds": 59.9})

    mock.ok("POST", "/_mockstore/clock/run")
    until(lambda: mock.ok("GET", "/_mockstore/deliveries")["data"][0]["state"] == "delivered")

    assert mock.ok("GET", "/_mockstore/clock")["frozen"] is False


def test_a_stop_does_not_wait_for_those_who_wait(serve: Serve) -> None:
    mock = serve()
    mock.ok("PUT", "/_mockstore/inbox/answers", {"answers": ["timeout"]})
    with socket.create_connection((mock.server.host, mock.server.port), PATIENCE) as waiting:
        waiting.sendall(b"POST /_mockstore/inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
        until(lambda: mock.ok("GET", "/_mockstore/inbox")["data"] != [])

        mock.tenants.closing.set()
        mock.server.stop()

        assert waiting.recv(65_536).startswith(b"HTTP/1.1 504")


def test_a_stop_ends_a_scenario_that_is_being_played(serve: Serve) -> None:
    mock = serve()
    steps = [{"emit": "pet.adopted"}, {"expect": {"requests": 2, "within": "1h"}}]
    consumer = {"to": f"{mock.server.url}/_mockstore/inbox"}
    body = json.dumps({"name": "x", "clock": "system", "webhooks": {"shop": consumer}, "steps": steps}).encode()
    with socket.create_connection((mock.server.host, mock.server.port), PATIENCE) as waiting:
        head = f"POST /_mockstore/scenarios HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        waiting.sendall(head.encode() + body)
        until(lambda: mock.ok("GET", "/_mockstore/inbox")["data"] != [])

        mock.tenants.closing.set()
        mock.server.stop()

        assert b"the play was stopped here" in waiting.recv(65_536)


RUN = """
import sys
from mockstore.settings import Settings
from mockstore.web.serve import run
run(Settings(port=0), lambda server: print(server.url, flush=True))
print("stopped", sorted(name for name in ("faker", "jsonschema", "sqlalchemy", "requests") if name in sys.modules))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_stops_it_cleanly_and_nothing_heavy_was_loaded(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("http://127.0.0.1:")

        run.send_signal(number)
        out, errors = run.communicate(timeout=PATIENCE)

    assert (run.returncode, out, errors) == (0, "stopped []\n", "")
