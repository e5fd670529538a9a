"""The pytest plugin. Every run of pytest loads it, so it imports pytest and nothing else; the rest comes late."""

from typing import TYPE_CHECKING

from .fixtures import (
    Setup,
    _mockstore_servers,
    fixtures_of,
    mockstore_api,
    mockstore_api_url,
    mockstore_config,
    mockstore_inbox,
    mockstore_server,
)
from .judgement import pytest_runtest_call, pytest_runtest_makereport, pytest_terminal_summary

if TYPE_CHECKING:
    import pytest

__all__ = [
    "_mockstore_servers",
    "mockstore_api",
    "mockstore_api_url",
    "mockstore_config",
    "mockstore_inbox",
    "mockstore_server",
    "pytest_addoption",
    "pytest_configure",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
]


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Declare the options and the ini settings."""
    group = parser.getgroup("mockstore")
    group.addoption(
        "--mockstore-seed", type=int, metavar="N", help="the seed that every mockstore starts from (default: 0)"
    )
    group.addoption(
        "--mockstore-trace", action="store_true", help="show the timeline of deliveries of each test, passed ones too"
    )
    parser.addini(
        "mockstore_strict", "whether a test fails over a delivery that went wrong unseen", type="bool", default=True
    )
    parser.addini("mockstore_seed", "the seed that every mockstore starts from", type="int", default=0)
    parser.addini("mockstore_schemas", "folders with further event schemas", type="paths", default=[])


def pytest_configure(config: "pytest.Config") -> None:
    """Declare the marker, and the fixtures that know the run."""
    setup = Setup()
    config.pluginmanager.register(setup, "mockstore-setup")
    config.pluginmanager.register(fixtures_of(config, setup), "mockstore-fixtures")
    config.addinivalue_line(
        "markers",
        "mockstore(**keywords): set up the mockstore fixture otherwise; the keywords are those of "
        "Mockstore.in_process: strict, raise_errors, clock, seed, schedule and so on, and scenario: what is played "
        "before the test's own code.",
    )
