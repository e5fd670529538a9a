"""Load tests with real processes of Locust, against a consumer that verifies and counts independently."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockstore.events import petstore_catalogue
from mockstore.load.stream import DEFAULT_WEIGHTS, Mix, Plan, next_plan, streams

if TYPE_CHECKING:
    from tests.load.conftest import Request, Sink

COMMAND = str(Path(sys.executable).with_name("mockstore"))
SECRET = "whsec_bG9hZC1sb2FkLWxvYWQtbG9hZC1sb2FkLWxvYWQ="
LIMIT = 30
"""Seconds after which a process that a test waits for is ended."""

Start = Callable[..., "Sink"]


def loaded(url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run `mockstore load` to its end."""
    arguments = [COMMAND, "load", "--to", url, "--secret", SECRET, *options]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=LIMIT, check=False)


def planned(mix: Mix, seed: int, shares: tuple[int, ...]) -> list[Plan]:
    """Return the plans that workers with one user each must follow; `shares` are their numbers of events."""
    courses = [streams(seed, worker, 0)[0].dice for worker in range(len(shares))]
    return [next_plan(mix, dice) for dice, share in zip(courses, shares, strict=True) for _ in range(share)]


def failing_first_attempts(request: "Request", before: int) -> int:
    """Answer 503 to the first attempt of some events, else 204."""
    return 503 if not before and int(request.id[-1], 16) < 3 else 204


def test_two_processes_send_what_the_seed_says_and_report_what_the_consumer_saw(sink: Start) -> None:
    consumer = sink(failing_first_attempts)
    course = planned(Mix(DEFAULT_WEIGHTS, duplicates=0.1, forged=0.1), 7, (121, 120))
    options = ["--processes", "2", "--count", "241", "--rate", "300/s", "--seed", "7", "--retries", "0.1s,0.1s"]

    ended = loaded(consumer.url, *options, "--duplicates", "0.1", "--forged", "0.1", "--json")

    assert (ended.returncode, ended.stderr) == (0, "")
    report: dict[str, Any] = json.loads(ended.stdout)
    sent = consumer.by_id()
    genuine = [plan for plan in course if not plan.forgery]
    total = report["total"]
    assert consumer.types() == Counter(plan.type for plan in genuine)
    assert total["sent"] == total["acknowledged"] == len(sent) == len(genuine)
    assert total["forged"] == len(consumer.forged) == len(course) - len(genuine)
    assert total["attempts"] == len(consumer.genuine)
    assert total["retries"] == total["refused"] == consumer.answered[503] > 0
    assert total["duplicates"] == sum(plan.twice for plan in course) > 0
    assert (total["lost"], total["timeouts"], total["broken"], total["forgedAccepted"]) == (0, 0, 0, 0)
    assert {name: one["sent"] for name, one in report["types"].items()} == dict(consumer.types())


def test_every_event_is_valid_and_an_id_comes_again_only_with_the_same_bytes(sink: Start) -> None:
    consumer = sink(failing_first_attempts)

    ended = loaded(consumer.url, "--count", "120", "--rate", "300/s", "--retries", "0.1s", "--duplicates", "0.2")

    assert ended.returncode == 0, ended.stderr
    catalogue = petstore_catalogue()
    for requests in consumer.by_id().values():
        event = json.loads(requests[0].body)
        assert catalogue.mistakes(event) == []
        assert (event["id"], event["eventType"]) == (requests[0].id, requests[0].headers["x-webhook-event"])
        assert {request.body for request in requests} == {requests[0].body}
        assert [request.attempt for request in requests] == list(range(1, len(requests) + 1))
    again = [requests for requests in consumer.by_id().values() if len(requests) > 1]
    assert {len(requests) for requests in again} <= {2, 3}
    assert len(consumer.by_id()) == 120


def test_what_is_never_acknowledged_is_lost(sink: Start) -> None:
    consumer = sink(lambda request, _: 500 if request.headers["x-webhook-event"] == "pet.adopted" else 200)
    options = ["--events", "pet.adopted=1,order.created=1", "--count", "40", "--rate", "100/s", "--duplicates", "0"]

    ended = loaded(consumer.url, *options, "--retries", "0.1s", "--json")

    report = json.loads(ended.stdout)
    lost = consumer.types()["pet.adopted"]
    assert (ended.returncode, report["total"]["lost"], report["types"]["pet.adopted"]["refused"]) == (1, lost, 2 * lost)
    assert report["types"]["order.created"]["lost"] == 0


def test_a_consumer_that_acknowledges_forgeries_is_told(sink: Start) -> None:
    consumer = sink(accept_forged=True)

    ended = loaded(consumer.url, "--count", "60", "--rate", "200/s", "--forged", "0.5", "--retries", "")

    assert ended.returncode == 1
    assert f"{len(consumer.forged):>11,}  forged events ACKNOWLEDGED: signatures are not verified" in ended.stdout


def test_ctrl_c_ends_it_with_the_report_so_far(sink: Start) -> None:
    consumer = sink()
    arguments = [COMMAND, "load", "--to", consumer.url, "--secret", SECRET, "--for", "10m", "--processes", "2"]
    with subprocess.Popen([*arguments, "--json"], stdout=subprocess.PIPE, text=True) as running:
        try:
            consumer.wait_for(30)

            running.send_signal(signal.SIGINT)
            output, _ = running.communicate(timeout=LIMIT)
        finally:
            running.kill()

    report = json.loads(output)
    assert (running.returncode, report["finished"], report["total"]["lost"]) == (0, False, 0)
    assert 0 < report["total"]["acknowledged"] <= len(consumer.by_id())


def test_a_locustfile_of_three_lines_runs_on_several_processes(sink: Start, tmp_path: Path) -> None:
    consumer = sink()
    locustfile = tmp_path / "locustfile.py"
    locustfile.write_text(
        f"from mockstore.load import WebhookUser\nclass Consumer(WebhookUser):\n    secret = {SECRET!r}\n"
    )
    fleet = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--processes", "2", "-u", "20"]
    ending = ["-r", "20", "-t", "2s", "--stop-timeout", "1", "--host", consumer.url, "--json", "--loglevel", "ERROR"]
    ports = _ports()

    ended = subprocess.run(
        [*fleet, *ending, *ports],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )

    assert ended.returncode == 0, ended.stderr
    assert len(consumer.by_id()) >= 20, "each of twenty users has sent something of its own"
    statistics = json.loads(ended.stdout[ended.stdout.index("[\n") :])  # each worker prints an empty list before
    shown = {(entry["method"], entry["name"]) for entry in statistics}
    assert shown <= {(kind, event_type) for kind in ("EVENT", "DUPLICATE", "RETRY") for event_type in DEFAULT_WEIGHTS}
    assert ("EVENT", "order.status_changed") in shown


def _ports() -> list[str]:
    """Return options for a free port, so that parallel runs do not share one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return [f"--master-port={port}", f"--master-bind-port={port}", "--master-bind-host=127.0.0.1"]
