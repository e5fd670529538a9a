"""The command as a test runs it: in this process, or as a real one."""

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
from mockstore.cli.receiver import Receiver, Responder, Scripted, Taken
from mockstore.cli.receiving import ReceivingServer
from mockstore.events import petstore_catalogue
from mockstore.settings import Settings
from mockstore.web.serve import serving
from mockstore.world.clock import wall_time

COMMAND = Path(sys.executable).with_name("mockstore")
PATIENCE = 20.0
"""Seconds after which a process that a test waits for is ended."""


@pytest.fixture(scope="session")
def _server_of_all() -> Iterator[str]:
    with serving(Settings(port=0, clock="virtual")) as (server, _):
        yield server.url


@pytest.fixture
def server(_server_of_all: str) -> Iterator[str]:
    """The URL of a running mock, as new, on a virtual clock."""
    with Client(_server_of_all) as client:
        client.request("POST", "/_mockstore/reset", {})
        yield _server_of_all


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs the command in this process, where no mock is known."""
    return _shell(None)


@pytest.fixture
def at_server(server: str) -> Callable[..., Result]:
    """Runs the command in this process, where MOCKSTORE_SERVER names a running mock."""
    return _shell(server)


def _shell(server: str | None) -> Callable[..., Result]:
    def run(
        *arguments: str, stdin: bytes | None = None, env: dict[str, str] | None = None, color: bool = False
    ) -> Result:
        runner = CliRunner(env={"MOCKSTORE_SERVER": server, "NO_COLOR": None, **(env or {})})
        return runner.invoke(root, arguments, input=stdin, color=color, prog_name="mockstore")

    return run


class Listening:
    """A receiver on loopback that keeps what it takes."""

    def __init__(self, respond: Responder | None = None) -> None:
        self.taken: list[Taken] = []
        self.receiver = Receiver(petstore_catalogue(), respond or Scripted(()), tell=self.taken.append, now=wall_time)
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
    """Starts receivers, whose answers are the argument's."""
    with ExitStack() as opened:

        def start(respond: Responder | None = None) -> Listening:
            started = Listening(respond)
            opened.callback(started.close)
            return started

        yield start


class Process:
    """A real `mockstore`, whose words can be waited for."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        """Return the next line of its output; an empty text when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def error_line(self) -> str:
        """Return the next line that it says on stderr."""
        assert self._process.stderr is not None
        return self._process.stderr.readline().rstrip("\n")

    def lines_until(self, words: str) -> list[str]:
        """Return the lines up to the first with `words`."""
        lines = [self.line()]
        while words not in lines[-1]:
            assert self._process.poll() is None or lines[-1], f"it has ended; it said {lines}"
            lines.append(self.line())
        return lines

    def close_output(self) -> None:
        """Stop reading, as `head` does."""
        assert self._process.stdout is not None
        self._process.stdout.close()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def ending(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and what it said on stderr."""
        code = self._process.wait()
        assert self._process.stderr is not None
        return code, self._process.stderr.read()


@pytest.fixture
def command() -> Path:
    """The program that is installed."""
    return COMMAND


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts real processes, and ends those that are left."""
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
        watchdog = Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
