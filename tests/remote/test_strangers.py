"""`--mockstore-url` with a wrong server: a one-line error at the first use says what to do."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from trustme import CA

from mockstore import Mockstore
from mockstore.errors import NoServerError
from mockstore.settings import Settings
from mockstore.web.records import installed_version
from mockstore.web.serve import serving
from tests.remote.conftest import TOKEN, running
from tests.remote.test_plugin import INI

HERE = installed_version()
REMEDY = (
    "; give the one that it was started with, or has printed, by --mockstore-token, MOCKSTORE_CONTROL_TOKEN or "
    "Mockstore.connect(url, token=…)"
)
FOUND = {
    "untrusted": "the certificate of {url} is not trusted (unable to get local issuer certificate); if it is one of "
    "your own, say in SSL_CERT_FILE which file holds the certificates that are",
    "plain for TLS": "{url} speaks TLS; write https://{authority}",
    "plain for TLS, cut off": "{url} breaks the connection off without an answer; if it speaks TLS, write "
    "https://{authority}",
    "plain for another's TLS": "{url} speaks TLS; write https://{authority}",
    "TLS for plain": "no TLS with {url}: ",
    "no token": "{url} asks for its control token" + REMEDY,
    "another version": "the mockstore at {url} is version 0.0.1, and this is " + HERE + ": install the same one",
    "an old version": "{url} is no mockstore of this version, " + HERE + ": there is nothing at /_mockstore/settings",
    "a page": "{url} answers 200 OK, and not as a mockstore does; is the URL right?",
    "a 404": "{url} answers 404 Not Found, and not as a mockstore does; is the URL right?",
    "other JSON": "{url} answers something else, and not as a mockstore does; is the URL right?",
}


@contextmanager
def _answering(status: int, content: bytes) -> Iterator[str]:
    """Yield the URL of a web server that gives this response to every request; status 0 means no response."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not status:
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 - as the standard library has it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _served(**settings: Any) -> Iterator[str]:  # noqa: ANN401 - the members of Settings
    with serving(Settings(port=0, clock="virtual", **settings)) as (server, _):
        yield server.url


def _certificate(folder: Path) -> str:
    file = folder / "own.pem"
    CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Yield a function that starts an unsuitable server and returns the URL to ask it by."""
    problem = {"title": "Not Found", "status": 404, "detail": "there is nothing at /_mockstore/settings"}
    settings = {"version": "0.0.1", "provider": "petstore", "now": "2025-01-06T12:00:00Z"}
    servers: dict[str, Callable[[], Any]] = {
        "untrusted": lambda: _served(tls_certificate=_certificate(tmp_path)),
        "plain for TLS": lambda: _served(tls_certificate=_certificate(tmp_path)),
        "plain for TLS, cut off": lambda: _answering(0, b""),
        "TLS for plain": _served,
        "no token": lambda: _served(control_token=TOKEN),
        "another version": lambda: _answering(200, json.dumps(settings).encode()),
        "an old version": lambda: _answering(404, json.dumps(problem).encode()),
        "plain for another's TLS": lambda: _answering(400, b"The plain HTTP request was sent to HTTPS port"),
        "a page": lambda: _answering(200, b"<html>Welcome</html>"),
        "a 404": lambda: _answering(404, b"<html>No such page</html>"),
        "other JSON": lambda: _answering(200, b'{"status": "ok"}'),
    }
    schemes = {"plain for TLS": "http", "TLS for plain": "https"}
    with ExitStack() as opened:

        def started(case: str) -> str:
            url: str = opened.enter_context(servers[case]())
            scheme, _, rest = url.partition("://")
            return f"{schemes.get(case, scheme)}://{rest}"

        yield started


@pytest.mark.parametrize("case", FOUND)
def test_connecting_says_what_was_found_and_what_to_do(case: str, start: Callable[[str], str]) -> None:
    url = start(case)

    with pytest.raises(NoServerError) as refused:
        Mockstore.connect(url)

    expected = FOUND[case].format(url=url, authority=url.partition("://")[2])
    assert str(refused.value).startswith(expected)
    assert "\n" not in str(refused.value)


def test_a_server_that_goes_by_another_name_says_so() -> None:
    with _served() as url, pytest.raises(NoServerError) as refused:
        Mockstore.connect(url.replace("127.0.0.1", "127.1")).close()

    assert "does not let us in: this server does not go by the name '127.1'" in str(refused.value)


@pytest.mark.parametrize("case", ["untrusted", "another version", "a page", "no token"])
def test_a_run_ends_before_its_first_test_with_one_line(
    case: str, start: Callable[[str], str], pytester: pytest.Pytester
) -> None:
    url = start(case)
    pytester.makeini(INI)
    pytester.makepyfile(test_shop="def test_it(mockstore_server): ...\ndef test_more(mockstore_server): ...\n")

    result = pytester.runpytest_subprocess("--mockstore-url", url)

    said = "\n".join(result.outlines + result.errlines)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said.count(f"--mockstore-url: {FOUND[case].format(url=url)}") == 1
    assert "Traceback" not in said


def test_a_wrong_token_is_told_from_none(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makepyfile(test_shop="def test_it(mockstore_server): ...\n")

    with _served(control_token=TOKEN) as url:
        result = pytester.runpytest_subprocess("--mockstore-url", url, "--mockstore-token", "another")

    said = "\n".join(result.outlines + result.errlines)
    assert f"--mockstore-url: {url} does not take this control token{REMEDY}" in said
    assert "another" not in said


GOES_AWAY = """
import os
import signal


def test_before(mockstore_server):
    mockstore_server.open_inbox()
    mockstore_server.emit("pet.adopted").assert_acknowledged()


def test_meanwhile(mockstore_server):
    mockstore_server.open_inbox()
    os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
    mockstore_server.emit("pet.adopted")


def test_afterwards(mockstore_server):
    raise AssertionError("this must not run")
"""


def test_a_server_that_goes_away_is_told_at_the_line_that_asked(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini(INI)
    pytester.makepyfile(test_shop=GOES_AWAY)

    with running("--clock", "virtual") as (url, number):
        monkeypatch.setenv("SERVER", str(number))
        result = pytester.runpytest_subprocess("--mockstore-url", url)

    result.assert_outcomes(passed=1, failed=1, errors=1)
    gone = f"the mockstore at {url} does not answer any more (*Error): it was stopped, or broke down; its log says more"
    result.stdout.fnmatch_lines(
        [
            f"no mockstore answers at {url}; start one with `mockstore serve`, * (it answered when this run began)",
            '>       mockstore_server.emit("pet.adopted")',
            f"E       mockstore.errors.NoServerError: {gone}",
            "test_shop.py:13: NoServerError",
        ]
    )
    result.stdout.no_fnmatch_line("*asking.py*")
