"""The time that the fixture adds to a test, unused and with one event, compared with empty tests in the same run."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import MappingProxyType

from benchmarks.harness import MICRO, OURS, Goal, Row, Section, peers, race, scaled
from benchmarks.suites import (
    HTTPSERVER,
    MOCKSTORE,
    MOCKSTORE_INTO_FLASK,
    RESPONSES,
    RESPX,
    Kit,
    Runs,
    empty_test,
    event_test,
    unused_test,
)

PEERS: Mapping[str, Kit] = MappingProxyType({"responses": RESPONSES, "respx": RESPX, "pytest-httpserver": HTTPSERVER})
UNUSED, WITH_EVENT = Goal("≤", 150), Goal("≤", 600)
UNUSED_BESIDE, WITH_EVENT_BESIDE = {"responses": Goal("≤", 150 / 129)}, {"responses": Goal("≤", 600 / 636)}
"""The same goals as ratios, for any machine: where they were set, responses took 129 µs unused, and 636 µs."""
INTO_FLASK = "mockstore, into Flask"


def measure(*, rounds: int = 3, tests: int = 200) -> Section:
    """Measure in `rounds` of one run for each tool, with `tests` tests and as many empty ones."""
    with TemporaryDirectory() as folder:
        cost = partial(_cost, Runs(Path(folder)), tests)
        kits = {OURS: MOCKSTORE_INTO_FLASK, **PEERS}
        unused = race({name: partial(cost, kit, unused_test) for name, kit in kits.items()}, rounds)
        kits = {INTO_FLASK: MOCKSTORE_INTO_FLASK, OURS: MOCKSTORE, **PEERS}
        event = race({name: partial(cost, kit, event_test) for name, kit in kits.items()}, rounds)
    unused, event = scaled(unused, MICRO), scaled(event, MICRO)
    into_flask = event.pop(INTO_FLASK)
    return Section(
        "A pytest fixture, over an empty test",
        (
            Row("unused", "µs", unused[OURS], UNUSED, peers(unused, UNUSED_BESIDE)),
            Row("one event into the inbox", "µs", event[OURS], WITH_EVENT, peers(event, WITH_EVENT_BESIDE)),
            Row("one event into a Flask app", "µs", into_flask, WITH_EVENT),
        ),
        "set-up, call, judgement and teardown, in runs with that plugin alone; the peers get one small POST, "
        "unsigned and unvalidated",
    )


def _cost(runs: Runs, tests: int, kit: Kit, kind: Callable[[Kit, str], str]) -> float:
    """Return how many seconds longer a test of this kind takes than an empty one (medians)."""
    pairs = (text for number in range(tests) for text in (empty_test(f"empty_{number}"), kind(kit, f"this_{number}")))
    took = runs.each_test(runs.write("fixture", kit, *pairs), kit)
    return median(took["this"]) - median(took["empty"])
