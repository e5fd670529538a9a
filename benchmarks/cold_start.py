"""The time from the start of `mockstore serve` to its first response, and its peak memory by then."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType

from benchmarks import mocks, ports
from benchmarks.harness import MILLI, OURS, Goal, Row, Section, peers, scaled
from benchmarks.mocks import EMIT, MOCKS, Callback

TRIVIAL = "trivial Flask on cheroot"
_TRIVIAL = """
import sys
from cheroot.wsgi import Server
from flask import Flask
app = Flask(__name__)
app.get("/_mockstore/health")(lambda: {"status": "ok"})
server = Server(("127.0.0.1", int(sys.argv[1])), app)
server.prepare()
server.serve()
"""
PROGRAMS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        OURS: (sys.executable, "-m", "mockstore", "serve", "--port", "{port}"),
        TRIVIAL: (sys.executable, "-c", _TRIVIAL, "{port}"),
    }
)
FASTER = {TRIVIAL: Goal("≤", 200 / 127), **dict.fromkeys(MOCKS, Goal("<", 1))}
LIGHTER = dict.fromkeys(MOCKS, Goal("<", 1))
NOWHERE = Callback(f"http://127.0.0.1:9{EMIT}", "{}")
"""The callback that the mocks need in their configuration; it is never triggered."""
KIB_PER_MIB = 1024


def measure(*, rounds: int = 9) -> Section:
    """Measure `rounds` starts of each server."""
    names = (*PROGRAMS, *mocks.installed())
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(_start(name))
    took = scaled({name: median(one[0] for one in figures) for name, figures in found.items()}, MILLI)
    memory = {name: median(one[1] for one in figures) for name, figures in found.items()}
    return Section(
        "Cold start of the server, to its first answer",
        (
            Row("time", "ms", took[OURS], Goal("≤", 200), peers(took, FASTER)),
            Row("peak memory", "MiB", memory[OURS], Goal("≤", 45), peers(memory, LIGHTER)),
        ),
        "processes of their own each time; peak memory as Linux tells it, of the process and of those that it started; "
        "WireMock and Mockoon have two routes, one of them with a callback; WireMock is started by Java itself, not by "
        f"npm's script{mocks.left_out()}",
    )


def _start(name: str) -> tuple[float, float]:
    """Return the seconds to the first response, and the peak memory in MiB by then."""
    port = ports.free()
    with _command(name, port) as command:
        started = perf_counter()
        with ports.running(command) as process:
            ports.wait_for_answer(port, process)
            return perf_counter() - started, _peak(process.pid)


@contextmanager
def _command(name: str, port: int) -> Iterator[Sequence[str]]:
    if name in MOCKS:
        with mocks.prepared(name, NOWHERE, port) as command:
            yield command
    else:
        yield [part.replace("{port}", str(port)) for part in PROGRAMS[name]]


def _peak(pid: int) -> float:
    """Return the sum of the peak memory in MiB of a process and its descendants; NaN where there is no `/proc`."""
    process = Path(f"/proc/{pid}")
    if not process.is_dir():  # not Linux
        return float("nan")
    peak = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
    below = [int(child) for task in process.glob("task/*/children") for child in task.read_text().split()]
    return int(peak.split()[1]) / KIB_PER_MIB + sum(map(_peak, below))
