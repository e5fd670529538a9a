"""A scenario with a thousand deliveries, and the whole audit of a consumer in process."""

from time import perf_counter

from benchmarks.consumer import SECRET
from benchmarks.harness import MILLI, OURS, Goal, Measure, Row, Section, race
from examples.audited.careful import Shop, make_app
from mockstore import Mockstore
from mockstore.scenario import load, playing


def measure(*, rounds: int = 5) -> Section:
    """Measure both `rounds` times."""
    rows = [("burst-of-a-thousand", _scenario, 1000.0), ("audit of a careful consumer", _audit, 2000.0)]
    return Section(
        "Scenarios and the audit",
        tuple(Row(what, "ms", _median(one, rounds), Goal("<", limit)) for what, one, limit in rows),
        "under the virtual clock; the audit with a probe of its effects, every rule",
    )


def _median(one: Measure, rounds: int) -> float:
    return race({OURS: one}, rounds)[OURS] * MILLI


def _scenario() -> float:
    started = perf_counter()
    with playing(load("burst-of-a-thousand")) as performance:
        performance.run()
    return perf_counter() - started


def _audit() -> float:
    shop = Shop()
    started = perf_counter()
    with Mockstore.in_process(strict=False) as mockstore:
        mockstore.assert_conforms(make_app(SECRET, shop), secret=SECRET, probe=shop.effects)
    return perf_counter() - started
