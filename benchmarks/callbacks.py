"""Callbacks that HTTP requests trigger: the latency of one, and how many per second arrive."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from benchmarks import mocks
from benchmarks.driver import Driver, Order, driving
from benchmarks.harness import MILLI, OURS, Goal, Row, Section, peers, race, scaled
from benchmarks.mocks import EMIT, MOCKS
from benchmarks.served import ORDER, Served, rivals, started

CHEROOT = "Flask + urllib3 on cheroot"
SOONER = {CHEROOT: Goal("≤", 1 / 0.85), **dict.fromkeys(MOCKS, Goal("<", 1))}
MORE = {CHEROOT: Goal("≥", 2000 / 997), **dict.fromkeys(MOCKS, Goal("≥", 1))}


def measure(
    *, rounds: int = 5, times: int = 200, clients: int = 4, triggers: int = 1_000, warm: int = 6_000
) -> Section:
    """Measure in `rounds`: the latency of `times` callbacks, and the rate of `triggers` callbacks with `clients`.

    Each server gets `warm` requests before that.
    """
    order = Order(0, EMIT, json.dumps(ORDER), triggers, clients, "rate")
    with driving() as driver, ExitStack() as stack:
        servers = {name: stack.enter_context(started(name, driver.sink)) for name in rivals()}
        _found(driver, servers, replace(order, times=warm), rounds=1)
        soon = _found(driver, servers, replace(order, times=times, clients=1, load="latency"), rounds)
        many = _found(driver, servers, order, rounds)
    soon = scaled(soon, MILLI)
    return Section(
        "Callbacks that requests trigger",
        (
            Row("request → receipt, median", "ms", soon[OURS], Goal("≤", 1), peers(soon, SOONER)),
            Row(f"callbacks, {clients} clients", "/s", many[OURS], Goal("≥", 2000), peers(many, MORE)),
        ),
        "each a process of its own, warmed up by "
        f"{warm:,} requests; one more process, on one thread, sends the requests over kept connections and receives "
        "the callbacks, and the clock stops when all have come. Ours makes an event for each request, valid by "
        "construction, signs and records it; the Flask views sign and send the same bytes every time, and answer when "
        "the callback has been answered; WireMock and Mockoon send the same bytes every time, and cannot sign them"
        f"{mocks.left_out()}",
    )


def _found(driver: Driver, servers: Mapping[str, Served], order: Order, rounds: int) -> dict[str, float]:
    """Return the median result of an order for each server."""
    return race({name: partial(driver.find, replace(order, port=one.port)) for name, one in servers.items()}, rounds)
