"""A probe reads a URL or runs a command, and its errors say what is wrong."""

import shlex
import sys
from collections.abc import Iterator

import pytest

from mockstore import Outgoing, Reply
from mockstore.audit import probe_of_command, probe_of_url
from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.world.transports import FunctionTransport, Router


@pytest.fixture
def router() -> Iterator[Router]:
    made = Router.in_process()
    yield made
    made.close()


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


@pytest.mark.parametrize(("said", "read"), [(b"3\n", 3), (b'{"paid": 2}', {"paid": 2})], ids=["number", "object"])
def test_a_url_is_read(router: Router, said: bytes, read: Json) -> None:
    def answer(outgoing: Outgoing) -> Reply:
        return Reply(200 if outgoing.method == "GET" else 405, (), said)

    router.mount("shop.test", FunctionTransport(answer))

    assert probe_of_url("http://shop.test/effects", router)() == read


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        pytest.param(500, b"3", "answered 500, expected 200", id="error"),
        pytest.param(200, b"<html>", "expected a number or JSON", id="no JSON"),
    ],
)
def test_a_url_that_says_nothing_is_refused(router: Router, status: int, said: bytes, error: str) -> None:
    router.mount("shop.test", FunctionTransport(lambda _: Reply(status, (), said)))

    with pytest.raises(InvalidInputError, match=error):
        probe_of_url("http://shop.test/effects", router)()


def test_a_url_where_nobody_is_cannot_be_read(router: Router) -> None:
    with pytest.raises(InvalidInputError, match=r"the probe cannot be read: .*refused"):
        probe_of_url("http://127.0.0.1:9/effects", router)()


def test_a_command_is_run() -> None:
    assert probe_of_command(python("print(40 + 2)"))() == 42


@pytest.mark.parametrize(
    ("command", "error"),
    [
        pytest.param(python("print('x')"), "expected a number or JSON", id="no JSON"),
        pytest.param(python("import sys; sys.exit('no database')"), "ended with 1: no database", id="fails"),
        pytest.param("/nowhere/at-all", "cannot be run", id="is not there"),
        pytest.param("'", "is no command", id="not closed"),
        pytest.param(" ", "is empty", id="empty"),
    ],
)
def test_a_command_that_says_nothing_is_refused(command: str, error: str) -> None:
    with pytest.raises(InvalidInputError, match=error):
        probe_of_command(command)()
