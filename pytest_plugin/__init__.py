"""The pytest plugin. Every run of pytest loads it, so it imports only pytest; all else is imported when used."""

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
    server_url,
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
    "pytest_sessionstart",
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
    group.addoption("--mockstore-url", metavar="URL", help="let mockstore_server drive this server instead of its own")
    group.addoption("--mockstore-token", metavar="TOKEN", help="its control token (default: MOCKSTORE_CONTROL_TOKEN)")
    group.addoption(
        "--mockstore-callback-host", metavar="NAME", help="by what name it reaches this process (default: 127.0.0.1)"
    )
    parser.addini("mockstore_url", "the server that mockstore_server drives instead of its own", default="")
    parser.addini("mockstore_callback_host", "by what name that server reaches this process", default="")
    parser.addini(
        "mockstore_strict", "whether a test fails over a delivery that went wrong unseen", type="bool", default=True
    )
    parser.addini("mockstore_seed", "the seed that every mockstore starts from", type="int", default=0)
    parser.addini("mockstore_schemas", "folders with further event schemas", type="paths", default=[])


def pytest_configure(config: "pytest.Config") -> None:
    """Declare the marker, and the fixtures that need the configuration."""
    setup = Setup()
    config.pluginmanager.register(setup, "mockstore-setup")
    config.pluginmanager.register(fixtures_of(config, setup), "mockstore-fixtures")
    config.addinivalue_line(
        "markers",
        "mockstore(**keywords): set up the mockstore fixture otherwise; the keywords are those of "
        "Mockstore.in_process: strict, raise_errors, clock, seed, schedule and so on, and scenario: what is played "
        "before the test's own code.",
    )


def pytest_sessionstart(session: "pytest.Session") -> None:
    """Raise an error once, at the start, if the server of `--mockstore-url` cannot be used."""
    config = session.config
    url = server_url(config)
    if url is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    from .elsewhere import check  # noqa: PLC0415 - imported only when used

    check(url, config)
