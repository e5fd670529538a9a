"""Starts servers on a given port, and waits until they answer."""

import http.client
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from time import perf_counter, sleep

from benchmarks.suites import ROOT

HEALTH = "/_mockstore/health"
PATIENCE = 60.0
PAUSE = 0.002
"""Seconds between two checks whether a server answers: short compared with its start, and still little work."""


def free() -> int:
    """Return a free port."""
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server inside the `with` block; discard its output."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Terminate the process; kill it after ten seconds."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def wait_for_answer(port: int, process: "subprocess.Popen[bytes]", path: str = HEALTH) -> None:
    """Wait until the server answers 2xx to a GET of `path`; raise `RuntimeError` when it ends, or after `PATIENCE`."""
    began = perf_counter()
    while process.poll() is None and perf_counter() - began < PATIENCE:
        if _answers(port, path):
            return
        sleep(PAUSE)
    raise RuntimeError(f"the server at port {port} does not answer; it is this one: {process.args!r}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):  # it does not listen yet, or closed the connection while it starts
        return False
    finally:
        connection.close()
    return 200 <= answer.status < 300  # noqa: PLR2004 - the range of success
