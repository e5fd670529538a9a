"""The time to start and to stop a server for tests, with one request between."""

import http.client
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import TypeAlias

from pytest_httpserver import HTTPServer

from benchmarks.harness import MILLI, OURS, Goal, Row, Section, peers, race, scaled
from mockstore.settings import Settings
from mockstore.web.serve import serving

Served: TypeAlias = Callable[[], AbstractContextManager[tuple[str, int]]]
"""Starts a server, yields its host and port, and stops it."""


def measure(*, rounds: int = 15) -> Section:
    """Measure `rounds` starts and stops."""
    started = race({name: partial(_start, served) for name, served in SERVERS.items()}, rounds)
    stopped = race({name: partial(_stop, served) for name, served in SERVERS.items()}, rounds)
    started, stopped = scaled(started, MILLI), scaled(stopped, MILLI)
    return Section(
        "A server for tests, on a free port",
        (
            Row("start to first answer", "ms", started[OURS], Goal("≤", 10), peers(started)),
            Row("stop", "ms", stopped[OURS], Goal("≤", 20), peers(stopped)),
        ),
        "the whole of it, app and all; what has to be imported is imported before",
    )


def _start(served: Served) -> float:
    started = perf_counter()
    with served() as address:
        _ask(address)
        return perf_counter() - started


def _stop(served: Served) -> float:
    with served() as address:
        _ask(address)
        started = perf_counter()
    return perf_counter() - started


def _ask(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=5)
    connection.request("GET", "/_mockstore/health")
    connection.getresponse().read()
    connection.close()


@contextmanager
def _ours() -> Iterator[tuple[str, int]]:
    with serving(Settings(port=0)) as (server, _):
        yield server.host, server.port


@contextmanager
def _httpserver() -> Iterator[tuple[str, int]]:
    with HTTPServer() as server:
        server.expect_request("/_mockstore/health").respond_with_data("")
        yield server.host, server.port


SERVERS: Mapping[str, Served] = MappingProxyType({OURS: _ours, "pytest-httpserver": _httpserver})
