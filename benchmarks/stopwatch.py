"""A pytest plugin for the measured runs: records how long each test takes, from set-up to teardown."""

import json
from collections.abc import Generator
from pathlib import Path
from time import perf_counter

import pytest

TOOK = pytest.StashKey[dict[str, list[float]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the file to write the figures to."""
    parser.addoption("--stopwatch", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    """Start with no figures."""
    config.stash[TOOK] = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Time a test. Its kind is the second part of its name: `test_event_7` is of the kind `event`."""
    started = perf_counter()
    result = yield
    took = perf_counter() - started
    kind = item.name.split("_")[1]
    item.config.stash[TOOK].setdefault(kind, []).append(took)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds of all tests, by kind, as JSON."""
    file: Path = session.config.getoption("stopwatch")
    file.write_text(json.dumps(session.config.stash[TOOK]))
