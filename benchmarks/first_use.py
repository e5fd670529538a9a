"""The time that the first use of the fixture adds to a test session, such as imports and reading files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from benchmarks.harness import MILLI, OURS, Goal, Measure, Row, Section, peers, race, scaled
from benchmarks.suites import HTTPSERVER, MOCKSTORE, RESPONSES, RESPX, Kit, Runs, empty_test, event_test

KITS: Mapping[str, Kit] = MappingProxyType(
    {OURS: MOCKSTORE, "responses": RESPONSES, "respx": RESPX, "pytest-httpserver": HTTPSERVER}
)


def measure(*, rounds: int = 5) -> Section:
    """Measure, in `rounds` of two runs each, the difference between an empty test and a test with one event."""
    with TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        found = scaled(race({name: _difference(runs, name, kit) for name, kit in KITS.items()}, rounds), MILLI)
    return Section(
        "First use of the fixture in a session",
        (Row("one test with one event", "ms", found[OURS], Goal("≤", 200), peers(found)),),
        "whole runs of pytest, less the same with an empty test and the same plugin",
    )


def _difference(runs: Runs, name: str, kit: Kit) -> Measure:
    module = name.replace("-", "_")
    bare = replace(kit, head="")
    empty = runs.write(f"{module}_empty", bare, empty_test("nothing"))
    event = runs.write(f"{module}_event", kit, event_test(kit, "event"))
    return lambda: runs.whole(event, kit) - runs.whole(empty, kit)
