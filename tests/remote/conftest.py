"""A really running mock in a process of its own, for all tests of a worker: each test is a tenant."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest

from mockstore.remote import RemoteMockstore, connected

PATIENCE = 120
"""Seconds after which a process that does not say where it serves is ended."""
TOKEN = "a-control-token"


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """Run `mockstore serve` and yield its URL."""
    with running(*arguments) as (url, _):
        yield url


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run `mockstore serve`; yield its URL, and the process by its number."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSTORE_")}
    command = [sys.executable, "-m", "mockstore", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=kept) as started:
        watchdog = Timer(PATIENCE, started.kill)
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
    """Return the URL of a mock that runs in a process of its own."""
    with process("--clock", "virtual") as url:
        yield url


@pytest.fixture
def mock(server: str) -> Iterator[RemoteMockstore]:
    """Return a fresh tenant of it."""
    with connected(server, strict=False) as opened:
        yield opened
        opened.forget()
