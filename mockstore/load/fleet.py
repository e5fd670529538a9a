"""Locust as a process of its own, run with the ready locustfile: gevent's patches stay there."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from mockstore.errors import StartupError
from mockstore.load.tally import Tally

LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
PATIENCE: Final = 15
"""Seconds that Locust may take to end after it was told to."""


class Course(Struct, frozen=True):
    """What is asked of Locust."""

    url: str
    secret: str
    rate: float
    """Events a second, of all processes together."""
    processes: int
    lasting: timedelta | None
    """How long events are sent; None when a count says when it ends."""
    count: int | None
    options: Mapping[str, str]
    """What the users are told beside that."""


class Reading(Struct, frozen=True):
    """Where a load stands."""

    tallies: Mapping[str, Tally]
    rate: float
    """Events a second that have set out so far."""
    done: bool


class Fleet:
    """The processes that send, from the first to the last; use it as a context manager.

    Raises `StartupError` on a system that is not POSIX.
    """

    def __init__(self, course: Course, environment: Mapping[str, str]) -> None:
        check_system(os.name)
        self._said = TemporaryFile()  # noqa: SIM115 - closed with the fleet
        reading, writing = os.pipe()
        self._lines = os.fdopen(reading, "rb")
        self._interrupted = False
        with closing(os.fdopen(writing, "wb")):
            self._process = subprocess.Popen(  # noqa: S603 - Locust, with options that were checked
                command(course, writing),
                env={**environment, "WEBHOOK_SECRET": course.secret},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                pass_fds=(writing,),
                start_new_session=True,  # Ctrl-C is for us, who then tell Locust
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.interrupt()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._lines.close()
        self._said.close()

    def readings(self) -> Iterator[Reading]:
        """Yield where it stands again and again, to the end; raise `StartupError` when Locust ends before that."""
        done = False
        for line in iter(self._lines.readline, b""):
            document = json.loads(line)
            tallies = {name: Tally.read(one) for name, one in document["types"].items()}
            done = document["done"]
            yield Reading(tallies, document["rate"], done)
        if not done and not self._interrupted:
            self._process.wait(PATIENCE)
            raise StartupError(f"Locust ended with code {self._process.returncode} before it was done: {self._last()}")

    def interrupt(self) -> None:
        """Tell Locust to end now; what is known by then can still be read."""
        self._interrupted = True
        if self._process.poll() is None:
            self._process.terminate()

    def _last(self) -> str:
        self._said.seek(0)
        said = [line for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        return said[-1].strip() if said else "it said nothing"


def check_system(name: str) -> None:
    """Raise `StartupError` where Locust cannot be run; `name` is that of the system, as `os.name` has it."""
    if name != "posix":
        raise StartupError(
            "load runs Locust in processes that inherit a pipe, which takes a POSIX system: use Linux, macOS or WSL"
        )


def command(course: Course, descriptor: int) -> list[str]:
    """Return the command that runs Locust: one user for each process, with an even share of the rate."""
    end = {"--webhook-count": str(course.count)} if course.lasting is None else {}
    if course.lasting is not None:
        end = {"--webhook-for": f"{course.lasting.total_seconds():f}s"}
    options = {
        "--locustfile": str(LOCUSTFILE),
        "--host": course.url,
        "--users": str(course.processes),
        "--spawn-rate": str(course.processes),
        "--loglevel": "WARNING",
        "--webhook-rate": repr(course.rate / course.processes),
        "--webhook-report": str(descriptor),
        **end,
        **course.options,
    }
    if course.processes > 1:
        port = str(_free_port())
        options |= {"--processes": str(course.processes), "--master-host": "127.0.0.1"}
        options |= {"--master-port": port, "--master-bind-host": "127.0.0.1", "--master-bind-port": port}
    told = [f"{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "locust", "--headless", "--only-summary", *told]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
