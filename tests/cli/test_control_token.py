"""A server beyond loopback, in its own process: it makes a control token, requires it, and never logs it."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from click.testing import Result

if TYPE_CHECKING:
    from tests.cli.conftest import Process

Run = Callable[..., Result]
Start = Callable[..., "Process"]

ALL_ADDRESSES = ("serve", "--host", "0.0.0.0", "--port", "0", "--clock", "virtual", "--json")  # noqa: S104 - what is tested
URL_SECRET = "of-the-url"
REFUSAL = (
    "mockstore: what directs this server needs its control token, which `mockstore serve` was given or has printed: "
    "send Authorization: Bearer <token>; with the commands say --token or set MOCKSTORE_CONTROL_TOKEN; in a browser "
    "open /_mockstore/login\n"
)


def ready(server: "Process") -> tuple[str, str | None]:
    """Return the URL and the token that the server prints."""
    document = json.loads(server.line())
    return document["url"], document["controlToken"]


def answer_to(url: str, path: str, **headers: str) -> tuple[int, str | None]:
    """Return status and media type of the response."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"]
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/_mockstore/clock", "/_mockstore/events", "/_mockstore/nowhere"])
def test_what_others_reach_is_locked_with_a_token_that_is_made(start: Start, path: str) -> None:
    url, token = ready(start(*ALL_ADDRESSES))

    assert token is not None
    assert len(token) == 32
    assert answer_to(url, path) == (401, "application/problem+json")
    assert answer_to(url, path, Authorization=f"Bearer {token}")[0] != 401
    assert answer_to(url, "/v1/pets")[0] == 200


def test_with_the_token_the_commands_work(start: Start, run: Run) -> None:
    url, token = ready(start(*ALL_ADDRESSES))
    assert token is not None

    without, another = run("clock", "--server", url), run("clock", "--server", url, "--token", "another")
    by_option = run("clock", "--server", url, "--token", token)
    by_variable = run("clock", "advance", "1m", env={"MOCKSTORE_SERVER": url, "MOCKSTORE_CONTROL_TOKEN": token})

    for refused in (without, another):
        assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", REFUSAL)
    assert [by_option.exit_code, by_variable.exit_code] == [0, 0]


@pytest.mark.parametrize("given", [("--control-token", "given"), ()], ids=["option", "variable"])
def test_a_token_that_was_given_is_not_said_again(start: Start, given: tuple[str, ...]) -> None:
    env = {} if given else {"MOCKSTORE_CONTROL_TOKEN": "given"}
    url, printed = ready(start(*ALL_ADDRESSES, *given, **env))

    assert printed is None
    assert answer_to(url, "/_mockstore/clock", Authorization="Bearer given")[0] == 200
    assert answer_to(url, "/_mockstore/clock")[0] == 401


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_in_the_log(start: Start, run: Run, log_format: str) -> None:
    server = start(*ALL_ADDRESSES, "--log-level", "debug", "--log-format", log_format)
    url, token = ready(server)
    assert token is not None
    env = {"MOCKSTORE_SERVER": url, "MOCKSTORE_CONTROL_TOKEN": token}
    target = f"http://me:{URL_SECRET}@127.0.0.1:9/hooks?key={URL_SECRET}"

    secret = json.loads(run("webhooks", "add", target, "--json", env=env).stdout)["secret"]
    run("emit", "pet.adopted", env=env)
    by_link = answer_to(url, f"/_mockstore/clock?token={token}")
    by_cookie = answer_to(url, "/_mockstore/clock", Cookie=f"mockstore_control={token}")
    server.terminate()
    code, log = server.ending()

    assert (by_link[0], by_cookie[0], code) == (303, 200, 0)
    assert "unreachable" in log
    assert log.count("/_mockstore/clock") == 2
    assert [one for one in (token, secret, secret.removeprefix("whsec_"), URL_SECRET) if one in log] == []
