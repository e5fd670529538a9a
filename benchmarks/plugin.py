"""The time that an installed plugin adds to a pytest run that does not use it."""

import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from benchmarks.harness import MILLI, OURS, Goal, Row, Section, peers, race, scaled
from benchmarks.suites import ROOT, environment

PLUGINS: Mapping[str, str] = MappingProxyType(
    {
        OURS: "pytest_mockstore",
        "respx": "respx.plugin",
        "faker": "faker.contrib.pytest.plugin",
        "pytest-httpserver": "pytest_httpserver.pytest_plugin",
    }
)


def measure(*, rounds: int = 9) -> Section:
    """Measure in `rounds` of one process for each plugin."""
    found = scaled(race({name: partial(_load, module) for name, module in PLUGINS.items()}, rounds), MILLI)
    return Section(
        "A plugin that is not used",
        (Row("import and registration", "ms", found[OURS], Goal("≤", 5), peers(found)),),
        "in a fresh process that has loaded pytest and nothing else",
    )


def _load(module: str) -> float:
    command = (sys.executable, "-m", "benchmarks.load", module)
    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    return float(run.stdout.splitlines()[0])
