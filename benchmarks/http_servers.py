"""Our app on several HTTP servers: reading a pet and adding a pet, over kept-alive connections."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from json import dumps
from threading import Barrier, Thread
from time import perf_counter
from types import MappingProxyType

from benchmarks import ports
from benchmarks.harness import OURS, Row, Section, peers, race
from benchmarks.rest import PET
from benchmarks.served import Served
from benchmarks.suites import environment
from mockstore.petstore.catalogue import seeded

PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        OURS: ("-m", "mockstore", "serve", "--port", "{port}"),
        "waitress": ("-m", "waitress", "--threads=10", "--listen=127.0.0.1:{port}", "--call", "benchmarks.app:make"),
        "granian": (
            *("-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "10"),
            *("--no-ws", "--host", "127.0.0.1", "--port", "{port}", "--factory", "benchmarks.app:make"),
        ),
    }
)
"""The commands by server; one that is not installed is left out. Ours uses cheroot."""
HEADERS = {"Authorization": "Bearer any", "Content-Type": "application/json"}


def measure(*, rounds: int = 5, clients: int = 4, requests: int = 400) -> Section:
    """Measure in `rounds` of `requests` requests each, by `clients` concurrent clients."""
    pet, added = f"/v1/pets/{next(iter(seeded(0)['pet']))}", dumps(PET)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_started(name)) for name in PROGRAMS if name == OURS or find_spec(name)}
        reads = {name: partial(_rate, one, ("GET", pet, None), clients, requests) for name, one in servers.items()}
        writes = {
            name: partial(_rate, one, ("POST", "/v1/pets", added), clients, requests) for name, one in servers.items()
        }
        read, written = race(reads, rounds), race(writes, rounds)
    return Section(
        f"The Petstore API behind other HTTP servers, {clients} clients",
        (
            Row("GET a pet", "/s", read[OURS], None, peers(read)),
            Row("POST a pet", "/s", written[OURS], None, peers(written)),
        ),
        f"the same app in a process of its own; ours is cheroot{left_out()}",
    )


def left_out() -> str:
    """Return the end of a note that says which servers are missing, and how to get them."""
    missing = [name for name in PROGRAMS if name != OURS and not find_spec(name)]
    if not missing:
        return ""
    return f"; left out, since not installed: {' and '.join(missing)} (`.venv/bin/pip install {' '.join(missing)}`)"


@contextmanager
def _started(name: str) -> Iterator[Served]:
    """Run the app on a server inside the `with` block."""
    port = ports.free()
    command = (sys.executable, *(part.format(port=port) for part in PROGRAMS[name]))
    with ports.running(command, environment()) as process:
        ports.wait_for_answer(port, process)
        yield Served(port)


def _rate(served: Served, call: tuple[str, str, str | None], clients: int, requests: int) -> float:
    """Return the responses per second."""
    ready = Barrier(clients + 1)
    threads = [Thread(target=_ask_all, args=(served, call, requests // clients, ready)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    return requests / (perf_counter() - began)


def _ask_all(served: Served, call: tuple[str, str, str | None], times: int, ready: Barrier) -> None:
    client, (method, path, body) = served.client(), call
    ready.wait()
    for _ in range(times):
        client.request(method, path, body, HEADERS)
        answer = client.getresponse()
        answer.read()
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path} answered {answer.status}")
    client.close()
