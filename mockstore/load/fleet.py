"""Runs Locust with our locustfile in processes of its own, which keeps the patches of gevent out of ours."""

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
"""Seconds that Locust may take to end before it is killed."""


class Course(Struct, frozen=True):
    """The settings of a load."""

    url: str
    """The endpoint of the consumer."""
    secret: str
    rate: float
    """Events per second, of all processes together."""
    processes: int
    lasting: timedelta | None
    """How long events are sent; None when `count` is the limit."""
    count: int | None
    """How many events are sent; None when `lasting` is the limit."""
    options: Mapping[str, str]
    """Further command-line options of the locustfile, by name (`--webhook-…`)."""


class Reading(Struct, frozen=True):
    """The progress of a load."""

    tallies: Mapping[str, Tally]
    """By event type."""
    rate: float
    """Events per second, so far."""
    done: bool
    """Whether the load has ended."""


class Fleet:
    """The running processes of Locust, which end with the `with` block.

    Raises `StartupError` on a system that is not POSIX.
    """

    def __init__(self, course: Course, environment: Mapping[str, str]) -> None:
        check_system(os.name)
        self._stderr = TemporaryFile()  # noqa: SIM115 - closed with the fleet
        reading, writing = os.pipe()
        self._pipe = os.fdopen(reading, "rb")
        self._interrupted = False
        with closing(os.fdopen(writing, "wb")):
            self._process = subprocess.Popen(  # noqa: S603 - Locust, with options that were checked
                command(course, writing),
                env={**environment, "WEBHOOK_SECRET": course.secret},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=(writing,),
                start_new_session=True,  # Ctrl-C must reach this process only, which then ends Locust
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
        self._pipe.close()
        self._stderr.close()

    def readings(self) -> Iterator[Reading]:
        """Yield the progress until the load ends; raise `StartupError` when Locust ends before the load is done."""
        done = False
        for line in iter(self._pipe.readline, b""):
            document = json.loads(line)
            tallies = {name: Tally.read(one) for name, one in document["types"].items()}
            done = document["done"]
            yield Reading(tallies, document["rate"], done)
        if not done and not self._interrupted:
            self._process.wait(PATIENCE)
            raise StartupError(
                f"Locust ended with code {self._process.returncode} before it was done: {self._last_line()}"
            )

    def interrupt(self) -> None:
        """Make Locust end now; `readings` still yields the progress up to the end."""
        self._interrupted = True
        if self._process.poll() is None:
            self._process.terminate()

    def _last_line(self) -> str:
        self._stderr.seek(0)
        lines = [line for line in self._stderr.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"


def check_system(name: str) -> None:
    """Raise `StartupError` unless `name`, a value of `os.name`, is `posix`."""
    if name != "posix":
        raise StartupError(
            "load runs Locust in processes that inherit a pipe, which takes a POSIX system: use Linux, macOS or WSL"
        )


def command(course: Course, descriptor: int) -> list[str]:
    """Return the command that runs Locust: one user per process, each with an equal share of the rate.

    Progress is written to the file `descriptor`, one JSON document per line.
    """
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
    arguments = [f"{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "locust", "--headless", "--only-summary", *arguments]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
