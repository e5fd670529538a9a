"""10,000 events by one request to a running server: made, signed, delivered and recorded."""

from functools import partial
from time import perf_counter

from benchmarks.consumer import TYPE, Maker
from benchmarks.harness import OURS, Goal, Row, Section, peers, race
from benchmarks.mocks import EMIT
from benchmarks.receiver import running
from benchmarks.served import Served, started
from benchmarks.throughput import Request, posting

BARE = "bare http.client"


def measure(*, rounds: int = 5, events: int = 10_000) -> Section:
    """Measure in `rounds` of `events` events, compared with a loop of a quarter as many requests."""
    maker = Maker()
    bodies = [maker.signed() for _ in range(max(1, events // 4))]
    with running() as sink, started(OURS, sink) as served:
        found = race({OURS: partial(_storm, served, events), BARE: partial(_loop, sink, bodies)}, rounds)
    return Section(
        f"A storm of {events:,} events by one request",
        (Row("deliveries", "/s", found[OURS], Goal("≥", 4000), peers(found, {BARE: Goal("≥", 0.75)})),),
        "the loop sends, on one thread, what was made and signed before",
    )


def _storm(served: Served, events: int) -> float:
    """Return the deliveries per second, from the request to the last response."""
    began = perf_counter()
    served.ask("POST", EMIT, {"type": TYPE, "count": events})
    if not served.ask("POST", "/_mockstore/settle", {"timeoutSeconds": 300})["settled"]:
        raise AssertionError("the storm does not end")
    return events / (perf_counter() - began)


def _loop(port: int, bodies: list[Request]) -> float:
    began = perf_counter()
    with posting(port) as post:
        for body, headers in bodies:
            post(body, headers)
    return len(bodies) / (perf_counter() - began)
