"""Servers with a database, in processes of their own, and a receiver."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from benchmarks.processes import ServerProcess, Sink

Serve: TypeAlias = Callable[..., ServerProcess]


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/petstore.db"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server; servers that still run at the end are killed."""
    with ExitStack() as stack:

        def start(database: str, *, limit: int | None = None, **settings: str) -> ServerProcess:
            server = ServerProcess(database, settings, limit=limit)
            stack.callback(server.kill_if_it_runs)
            return server

        yield start


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def receiver(sink: Sink) -> Iterator[str]:
    with sink.listening() as url:
        yield url
