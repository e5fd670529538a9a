"""A mock server in its own process, shared by all tests of a worker; each test uses a new tenant."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest

from mockstore.remote import RemoteMockstore, connected

TIMEOUT_SECONDS = 120
"""After how many seconds a process that has not printed its URL is killed."""
TOKEN = "a-control-token"


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """Run `mockstore serve` and yield its URL."""
    with running(*arguments) as (url, _):
        yield url


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run `mockstore serve`; yield its URL and its process id."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSTORE_")}
    command = [sys.executable, "-m", "mockstore", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=kept) as started:
        watchdog = Timer(TIMEOUT_SECONDS, started.kill)
        watchdog.start()
        try:
            assert started.stdout is not None
            url = started.stdout.readline().split()[2]
            watchdog.cancel()
            yield url, started.pid
        finally:
            watchdog.cancel()
            started.kill()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Yield the URL of a mock server in its own process."""
    with process("--clock", "virtual") as url:
        yield url


@pytest.fixture
def mock(server: str) -> Iterator[RemoteMockstore]:
    """Yield a new tenant on that server."""
    with connected(server, strict=False) as opened:
        yield opened
        opened.forget()
