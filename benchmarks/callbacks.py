"""Callbacks that HTTP requests trigger: how soon one arrives, and how many a second there can be."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from socket import create_server, socket
from statistics import median
from threading import Barrier, Thread
from time import perf_counter

from benchmarks.harness import MILLI, OURS, Goal, Measure, Row, Section, peers, race, scaled
from benchmarks.receiver import ANSWER, running
from benchmarks.served import PROGRAMS, Served, started, trigger

CHEROOT = "Flask + urllib3 on cheroot"
SOONER = {CHEROOT: Goal("≤", 1 / 0.85)}
MORE = {CHEROOT: Goal("≥", 2000 / 997)}
WARM = 20


def measure(*, rounds: int = 5, times: int = 100, clients: int = 4, triggers: int = 400) -> Section:
    """Measure `rounds` of `times` single callbacks, and of `triggers` by `clients` at once."""
    soon = scaled(_latencies(rounds, times), MILLI)
    many = _rates(rounds, clients, triggers)
    return Section(
        "Callbacks that requests trigger",
        (
            Row("request → receipt, median", "ms", soon[OURS], Goal("≤", 1), peers(soon, SOONER)),
            Row(f"callbacks, {clients} clients", "/s", many[OURS], Goal("≥", 2000), peers(many, MORE)),
        ),
        "each a process of its own; ours makes an event for each request, valid by construction, and records it; the "
        "Flask views sign and send the same bytes every time, and answer when the callback has been answered. WireMock "
        "and Mockoon are not part of this run",
    )


def _latencies(rounds: int, times: int) -> dict[str, float]:
    with ExitStack() as stack:
        rivals: dict[str, Measure] = {}
        for name in PROGRAMS:
            sink = stack.enter_context(create_server(("127.0.0.1", 0)))
            sink.settimeout(30)
            served = stack.enter_context(started(name, sink.getsockname()[1]))
            rivals[name] = partial(_latency, served, _Sink(sink), times)
        return race(rivals, rounds)


class _Sink:
    """A receiver on the measuring thread itself: the time of receipt is not that of another thread's turn."""

    def __init__(self, listening: socket) -> None:
        self._listening = listening
        self._connection: socket | None = None

    def receive(self) -> float:
        """Wait for a callback, return when it had come in, and answer it."""
        if self._connection is None:
            self._connection, _ = self._listening.accept()
            self._connection.settimeout(30)
        come = b""
        while b"\r\n\r\n" not in come or not come.rstrip().endswith(b"}"):
            piece = self._connection.recv(65_536)
            if not piece:
                self._connection.close()
                self._connection, _ = self._listening.accept()
                self._connection.settimeout(30)
            come += piece
        arrived = perf_counter()
        self._connection.sendall(ANSWER)
        return arrived


def _latency(served: Served, sink: _Sink, times: int) -> float:
    """Return the median of the seconds from the sending of a request to the receipt of its callback."""
    client, took = served.client(), list[float]()
    content = b'{"type": "pet.adopted"}'
    for _ in range(times + WARM):
        began = perf_counter()
        client.request("POST", "/_mockstore/emit", content, {"Content-Type": "application/json"})
        took.append(sink.receive() - began)
        client.getresponse().read()
    client.close()
    return median(took[WARM:])


def _rates(rounds: int, clients: int, triggers: int) -> dict[str, float]:
    with running() as sink, ExitStack() as stack:
        servers: Mapping[str, Served] = {name: stack.enter_context(started(name, sink)) for name in PROGRAMS}
        return race(
            {name: partial(_rate, served, clients, triggers, name == OURS) for name, served in servers.items()}, rounds
        )


def _rate(served: Served, clients: int, triggers: int, settles: bool) -> float:  # noqa: FBT001 - a partial's argument
    """Return the callbacks per second, the last of them answered."""
    ready = Barrier(clients + 1)
    threads = [Thread(target=_trigger_all, args=(served, triggers // clients, ready)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = perf_counter()
    _join(threads)
    if settles and not served.ask("POST", "/_mockstore/settle", {"timeoutSeconds": 60})["settled"]:
        raise AssertionError("the callbacks do not end")
    return triggers / (perf_counter() - began)


def _trigger_all(served: Served, times: int, ready: Barrier) -> None:
    client = served.client()
    trigger(client)
    ready.wait()
    for _ in range(times):
        trigger(client)
    client.close()


def _join(threads: Sequence[Thread]) -> None:
    for thread in threads:
        thread.join()
