"""From nothing to the first answer of `mockstore serve`, and the memory that it has taken by then."""

import http.client
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType

from benchmarks.harness import MILLI, OURS, Goal, Peer, Row, Section

TRIVIAL = """
import sys
from cheroot.wsgi import Server
from flask import Flask
app = Flask(__name__)
app.get("/_mockstore/health")(lambda: {"status": "ok"})
server = Server(("127.0.0.1", 0), app)
server.prepare()
print(f"serves http://127.0.0.1:{server.bind_addr[1]}", flush=True)
server.serve()
"""
RIVALS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        OURS: (sys.executable, "-m", "mockstore", "serve", "--port", "0"),
        "trivial Flask on cheroot": (sys.executable, "-c", TRIVIAL),
    }
)
KIB_PER_MIB = 1024


def measure(*, rounds: int = 9) -> Section:
    """Measure it in `rounds` of one start each."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in RIVALS}
    for _ in range(rounds):
        for name, command in RIVALS.items():
            found[name].append(_start(command))
    took = {name: median(one[0] for one in figures) * MILLI for name, figures in found.items()}
    memory = {name: median(one[1] for one in figures) for name, figures in found.items()}
    ours, (peer,) = OURS, [name for name in RIVALS if name != OURS]
    return Section(
        "Cold start of the server, to its first answer",
        (
            Row("time", "ms", took[ours], Goal("≤", 200), (Peer(peer, took[peer], Goal("≤", 200 / 127)),)),
            Row("peak memory", "MiB", memory[ours], Goal("≤", 45), (Peer(peer, memory[peer]),)),
        ),
        "a process of its own each time; peak memory as Linux tells it",
    )


def _start(command: Sequence[str]) -> tuple[float, float]:
    """Return the seconds to the first answer, and the peak memory in MiB by then."""
    started = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = next(line for line in process.stdout if "http://" in line)
        host, port = line.partition("http://")[2].strip().rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("GET", "/_mockstore/health")
        connection.getresponse().read()
        took, memory = perf_counter() - started, _peak(process.pid)
        connection.close()
        process.terminate()
    return took, memory


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():  # only Linux tells
        return float("nan")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / KIB_PER_MIB
