from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from mockstore.answers import answers
from mockstore.cli.client import Client, RefusedError, path_to
from mockstore.cli.receiver import Scripted
from mockstore.errors import NoServerError
from mockstore.model import Outgoing, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Listening

Run = Callable[..., Result]
Listen = Callable[..., "Listening"]

JSON = (("Content-Type", "application/json"),)


def test_where_nobody_answers_it_says_how_to_start_one(run: Run, listening: Listen) -> None:
    gone = listening()
    gone.close()

    result = run("deliveries", "--server", gone.url)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"mockstore: no mockstore answers at {gone.url.rstrip('/')}; start one with `mockstore serve`, "
        f"or say --server URL\n"
    )


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(Reply(200, (), b"<html>"), "answers 200 OK, and not as a mockstore does", id="a page"),
        pytest.param(Reply(404, JSON, b'{"error":"?"}'), "answers 404 Not Found, and not as", id="another's 404"),
        pytest.param(Reply(204), "answers something else, and not as a mockstore does", id="nothing"),
        pytest.param(Reply(200, JSON, b"[1]"), "answers something else, and not as", id="a list"),
        pytest.param(Reply(200, JSON, b'{"time":1}'), "answers something else, and not as", id="another's object"),
        pytest.param(Reply(302, (("Location", "/"),)), "answers 302 Found, and not as", id="a redirect"),
    ],
)
def test_a_stranger_is_recognised(reply: Reply, words: str, run: Run, listening: Listen) -> None:
    other_server = listening(lambda _outgoing: reply)

    result = run("clock", "freeze", "--server", other_server.url)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert words in result.stderr
    assert "is --server right?" in result.stderr


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        pytest.param(
            b'{"title":"Unprocessable","detail":"two things","errors":[{"field":"url","message":"is no URL"},'
            b'{"field":"events","message":"events must be named"}]}',
            "url: is no URL; events: events must be named",
            id="each error",
        ),
        pytest.param(
            b'{"title":"Unprocessable","detail":"no member at pet.nme","errors":[{"field":"pet.nme",'
            b'"message":"no member at pet.nme"}]}',
            "no member at pet.nme",
            id="the detail when it says everything",
        ),
        pytest.param(b'{"title":"Not Found","detail":"no webhook"}', "no webhook", id="the detail"),
        pytest.param(b'{"title":"Not Found"}', "Not Found", id="the title"),
        pytest.param(b'{"title":"Bad","errors":["odd"],"detail":"two\\nlines"}', "two; lines", id="odd errors"),
    ],
)
def test_a_problem_is_told_in_one_line(problem: bytes, line: str, run: Run, listening: Listen) -> None:
    mock = listening(lambda _outgoing: Reply(422, (("Content-Type", "application/problem+json"),), problem))

    result = run("clock", "freeze", "--server", mock.url)

    assert (result.exit_code, result.stderr) == (2, f"mockstore: {line}\n")


def test_what_a_server_says_cannot_move_the_cursor(run: Run, listening: Listen) -> None:
    mock = listening(lambda _outgoing: Reply(400, (), b'{"title":"\\u001b[2Jgone\\u009b"}'))

    result = run("clock", "freeze", "--server", mock.url, color=True)

    assert "\\x1b[2Jgone\\x9b" in result.stderr


def test_the_url_may_have_a_path_and_the_tenant_is_told(run: Run, listening: Listen) -> None:
    seen: list[Outgoing] = []

    def answer(outgoing: Outgoing) -> Reply:
        seen.append(outgoing)
        return Reply(200, JSON, b'{"now":"2025-01-06T12:00:00Z","frozen":true}')

    mock = listening(answer)
    result = run("clock", "freeze", "--server", f"{mock.url}mock/", "--tenant", "t1")

    assert result.stdout == "2025-01-06T12:00:00Z  frozen\n"
    assert seen[0].url.endswith("/mock/_mockstore/clock/freeze")
    assert {"X-Tenant-ID": "t1", "Content-Type": "application/json"}.items() <= dict(seen[0].headers).items()


def test_a_connection_that_breaks_is_nobody(listening: Listen) -> None:
    broken = listening(Scripted(answers("reset")))

    with Client(broken.url) as client, pytest.raises(NoServerError):
        client.post("/")


def test_errors_keep_the_status(server: str) -> None:
    with Client(server) as client, pytest.raises(RefusedError) as refused:
        client.get("/v1/webhooks/none")

    assert refused.value.status == 404


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    assert path_to("v1", "webhooks", "../a?b#c") == "/v1/webhooks/..%2Fa%3Fb%23c"
