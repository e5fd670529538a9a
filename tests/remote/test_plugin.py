"""The same consumer tests, run against the built-in server and against a server in its own process."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from socket import create_server
from urllib.request import urlopen

import pytest

from tests.remote.conftest import process

SUITE = """
import json
import urllib.request

import pytest
from flask import Flask, request

from mockstore.signing import verify


def consumer(*failing):
    app = Flask("consumer")
    app.logger.disabled = True

    @app.post("/webhooks/petstore")
    def take():
        if request.headers["X-Webhook-Event"] in failing:
            raise LookupError("no such shelf")
        return "", 204

    return app


def test_accepted(mockstore_server):
    hook = mockstore_server.subscribe(consumer())
    mockstore_server.emit("pet.adopted").assert_acknowledged()
    (attempt,) = mockstore_server.deliveries[0].attempts
    assert verify(attempt.request.body, attempt.request.headers, hook.secret)


@pytest.mark.mockstore(clock="virtual", schedule=[7, 60])
def test_ladder(mockstore_server):
    inbox = mockstore_server.open_inbox()
    inbox.will_answer(503, "timeout", 200)
    delivery = mockstore_server.emit("order.created").delivery
    mockstore_server.clock.advance(seconds=67)
    assert [attempt.offset.total_seconds() for attempt in delivery.attempts] == [0, 7, 67]


@pytest.mark.parametrize("number", range(3))
def test_empty_and_the_same(mockstore_server, number):
    assert not mockstore_server.events
    mockstore_server.open_inbox()
    event = mockstore_server.emit("pet.adopted")
    event.assert_acknowledged()
    assert event.data["pet"]["name"] == mockstore_server.emit("pet.adopted", event.data).data["pet"]["name"]


def test_without_importing_mockstore(mockstore_server):
    mockstore_server.open_inbox()
    body = json.dumps({"name": "Kit", "species": "CAT", "ageMonths": 3, "price": "9.00", "currency": "USD"}).encode()
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{mockstore_server.url}/v1/pets", body, headers)) as answer:
        pet = json.load(answer)
    assert mockstore_server.pets[pet["id"]]["name"] == "Kit"


def test_unseen_failure(mockstore_server):
    mockstore_server.subscribe(consumer("order.created"))
    mockstore_server.emit("order.created")


def test_wrong_expectation(mockstore_server):
    inbox = mockstore_server.open_inbox("pet.*")
    mockstore_server.emit("pet.adopted", {"pet.name": "Kit"}).assert_acknowledged()
    inbox.one("pet.adopted", {"pet.name": "Tom"})


@pytest.mark.mockstore(strict=False)
def test_not_strict(mockstore_server):
    mockstore_server.subscribe(consumer("order.created"))
    mockstore_server.emit("order.created")


@pytest.mark.mockstore(clock="travel")
def test_no_such_clock(mockstore_server):
    pass


@pytest.mark.mockstore(raise_errors=True)
def test_unsuited(mockstore_server):
    pass
"""

INI = """
[pytest]
addopts = -p no:cacheprovider -p no:randomly -p no:django -p no:pytest-responses
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""

SAME = (
    (re.compile(r"http://(127\.0\.0\.1:\d+/)?testserver/"), "http://APP/"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\+[\d.]+ (ms|s) +attempt"), "+0 s attempt"),
    (re.compile(r"\+[\d.]+ min[^a]*attempt"), "+1 min attempt"),
)
"""Texts that differ between runs: times, and the URL of an app, which differs for a server in another process."""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    pytester.makeini(INI)
    pytester.makepyfile(test_shop=SUITE)

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-rA", *arguments)

    return run


def _texts(result: pytest.RunResult) -> list[str]:
    """Return the failure texts and outcomes, without the parts that differ between runs."""
    start = next(number for number, line in enumerate(result.outlines) if "= ERRORS =" in line)
    text = "\n".join(line for line in result.outlines[start:] if not line.startswith(("=", "mockstore_server = <")))
    for pattern, replacement in SAME:
        text = pattern.sub(replacement, text)
    return text.splitlines()


def test_the_same_suite_ends_in_the_same_way_on_both(suite: Callable[..., pytest.RunResult], server: str) -> None:
    built_in = suite()
    elsewhere = suite("--mockstore-url", server)

    built_in.assert_outcomes(passed=7, failed=2, errors=2)
    assert elsewhere.parseoutcomes() == built_in.parseoutcomes()
    assert _texts(elsewhere) == _texts(built_in)


def test_the_same_suite_ends_in_the_same_way_over_a_database(
    suite: Callable[..., pytest.RunResult], tmp_path: Path
) -> None:
    with process("--database", f"sqlite:///{tmp_path}/shop.sqlite") as url:
        suite("-n2", "--mockstore-url", url).assert_outcomes(passed=7, failed=2, errors=2)


def test_a_run_leaves_no_world_behind(suite: Callable[..., pytest.RunResult], server: str) -> None:
    def worlds() -> int:
        with urlopen(f"{server}/_mockstore/health") as answer:  # noqa: S310 - a server of ours
            return int(json.load(answer)["tenants"])

    worlds()  # the first request creates the shared tenant
    before = worlds()

    suite("-k", "accepted or ladder", "--mockstore-url", server).assert_outcomes(passed=2, deselected=9)

    assert worlds() == before


def test_workers_do_not_see_each_other(suite: Callable[..., pytest.RunResult], server: str) -> None:
    result = suite("-n2", "--mockstore-url", server)

    result.assert_outcomes(passed=7, failed=2, errors=2)


@pytest.mark.parametrize(
    ("how", "origin"),
    [("option", "--mockstore-url"), ("variable", "MOCKSTORE_URL"), ("ini", "the ini setting mockstore_url")],
)
def test_a_server_that_is_not_there_is_said_once_with_who_named_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str, origin: str
) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    if how == "variable":
        monkeypatch.setenv("MOCKSTORE_URL", url)
    pytester.makeini(INI + (f"mockstore_url = {url}\n" if how == "ini" else ""))
    pytester.makepyfile(test_shop="def test_it(mockstore_server): ...\ndef test_more(mockstore_server): ...\n")

    result = pytester.runpytest_subprocess(*(["--mockstore-url", url] if how == "option" else []))

    told = "\n".join(result.outlines + result.errlines)
    line = f"{origin}: no mockstore answers at {url}; start one with `mockstore serve`, or say where it is"
    assert told.count(line) == 1
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("keyword", ["provider=None", "schemas=['events']"])
def test_what_a_running_server_cannot_change_is_refused_at_its_line(
    pytester: pytest.Pytester, server: str, keyword: str
) -> None:
    name = keyword.partition("=")[0]
    pytester.makeini(INI)
    pytester.makepyfile(
        test_shop=f"import pytest\n\n@pytest.mark.mockstore({keyword})\ndef test_it(mockstore_server): ...\n"
    )

    result = pytester.runpytest_subprocess("--mockstore-url", server)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_shop.py:3: *: mockstore_server takes no {name} here: the server at *"])
