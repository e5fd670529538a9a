"""Fixtures that run the command, in this process or in a new one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread, Timer

import pytest
from click.testing import CliRunner, Result

from mockstore.cli.app import mockstore as root
from mockstore.cli.client import Client
from mockstore.cli.receiver import ReceivedRequest, Receiver, Responder, Scripted
from mockstore.cli.receiving import ReceivingServer
from mockstore.events import petstore_catalogue
from mockstore.settings import Settings
from mockstore.web.serve import serving
from mockstore.world.clock import wall_time

COMMAND = Path(sys.executable).with_name("mockstore")
TIMEOUT = 20.0
"""Seconds after which a process that a test has started is killed."""


@pytest.fixture(scope="session")
def _shared_server() -> Iterator[str]:
    with serving(Settings(port=0, clock="virtual")) as (server, _):
        yield server.url


@pytest.fixture
def server(_shared_server: str) -> Iterator[str]:
    """The URL of a running mock, after a reset, on a virtual clock."""
    with Client(_shared_server) as client:
        client.request("POST", "/_mockstore/reset", {})
        yield _shared_server


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs the command in this process, without MOCKSTORE_SERVER."""
    return _runner(None)


@pytest.fixture
def at_server(server: str) -> Callable[..., Result]:
    """Runs the command in this process, with a running mock as MOCKSTORE_SERVER."""
    return _runner(server)


def _runner(server: str | None) -> Callable[..., Result]:
    def run(
        *arguments: str, stdin: bytes | None = None, env: dict[str, str] | None = None, color: bool = False
    ) -> Result:
        runner = CliRunner(env={"MOCKSTORE_SERVER": server, "NO_COLOR": None, **(env or {})})
        return runner.invoke(root, arguments, input=stdin, color=color, prog_name="mockstore")

    return run


class Listening:
    """A receiver on loopback that keeps the requests it gets."""

    def __init__(self, respond: Responder | None = None) -> None:
        self.received: list[ReceivedRequest] = []
        self.receiver = Receiver(
            petstore_catalogue(), respond or Scripted(()), on_request=self.received.append, now=wall_time
        )
        self.sockets = ReceivingServer("127.0.0.1", 0, self.receiver)
        self.url = self.sockets.url
        self._thread = Thread(target=self.sockets.run)
        self._thread.start()

    def close(self) -> None:
        self.sockets.shutdown()
        self._thread.join()
        self.sockets.close()


@pytest.fixture
def listening() -> Iterator[Callable[..., Listening]]:
    """Starts receivers; the argument answers the requests."""
    with ExitStack() as opened:

        def start(respond: Responder | None = None) -> Listening:
            started = Listening(respond)
            opened.callback(started.close)
            return started

        yield start


class Process:
    """A `mockstore` process, whose output can be waited for."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        """Return the next line of stdout; an empty text when the process has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def error_line(self) -> str:
        """Return the next line of stderr."""
        assert self._process.stderr is not None
        return self._process.stderr.readline().rstrip("\n")

    def lines_until(self, words: str) -> list[str]:
        """Return the lines up to the first one that contains `words`."""
        lines = [self.line()]
        while words not in lines[-1]:
            assert self._process.poll() is None or lines[-1], f"it has ended; it said {lines}"
            lines.append(self.line())
        return lines

    def close_output(self) -> None:
        """Close the pipe of stdout, as `head` does."""
        assert self._process.stdout is not None
        self._process.stdout.close()

    def interrupt(self) -> None:
        """Send SIGINT, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def ending(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and the rest of stderr."""
        code = self._process.wait()
        assert self._process.stderr is not None
        return code, self._process.stderr.read()


@pytest.fixture
def command() -> Path:
    """The path of the installed command."""
    return COMMAND


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts processes, and kills those that still run at the end."""
    with ExitStack() as opened:

        def started(*arguments: str, **env: str) -> Process:
            return Process(opened.enter_context(_process(arguments, env)))

        yield started


@contextmanager
def _process(arguments: tuple[str, ...], env: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSTORE_")}
    with subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=kept | env
    ) as process:
        watchdog = Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
