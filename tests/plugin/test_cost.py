"""The cost of the plugin for a run that does not use it: three modules, and no heavy ones."""

import importlib
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

LOADED = """
import json
import sys


def test_it({fixtures}):
    {body}
    print("modules", json.dumps(sorted(sys.modules)))
"""

PLUGIN = ("-p", "pytest_mockstore")


def _added(run: "Run", monkeypatch: pytest.MonkeyPatch, fixtures: str = "", body: str = "pass") -> set[str]:
    """Return the modules that a test imports beyond those of pytest (its debugger needs asyncio since Python 3.14)."""
    return _modules(run, monkeypatch, fixtures, body, *PLUGIN) - _modules(run, monkeypatch, "", "pass")


def _modules(run: "Run", monkeypatch: pytest.MonkeyPatch, fixtures: str, body: str, *options: str) -> set[str]:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = run(
        LOADED.format(fixtures=fixtures, body=body),
        *options,
        "-s",
        "-q",
        "-W",
        "ignore:Unknown config option::",  # options of plugins that are not loaded
        apart=True,
    )
    line = next(line for line in result.outlines if line.startswith("modules"))
    return set(json.loads(line.removeprefix("modules ")))


def _ours(modules: set[str]) -> list[str]:
    return sorted(name for name in modules if name.partition(".")[0] in {"mockstore", "pytest_mockstore"})


def _tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_a_run_that_does_not_use_it_loads_three_modules(run: "Run", monkeypatch: pytest.MonkeyPatch) -> None:
    modules = _added(run, monkeypatch)

    assert _ours(modules) == ["pytest_mockstore", "pytest_mockstore.fixtures", "pytest_mockstore.judgement"]
    heavy = {"asyncio", "cheroot", "click", "faker", "flask", "http", "jsonschema", "responses", "sqlalchemy", "ssl"}
    assert not heavy & _tops(modules)


def test_a_test_in_process_loads_no_network_and_no_server(run: "Run", monkeypatch: pytest.MonkeyPatch) -> None:
    modules = _added(
        run,
        monkeypatch,
        "mockstore, mockstore_inbox",
        'mockstore.emit("pet.adopted"); mockstore_inbox.one("pet.adopted")',
    )

    absent = {"asyncio", "cheroot", "click", "flask", "jsonschema", "responses", "sqlalchemy", "ssl", "time_machine"}
    assert not absent & _tops(modules)
    assert "mockstore.web" not in modules


def test_the_names_of_the_plugin_are_its_fixtures_and_hooks() -> None:
    plugin = importlib.import_module("pytest_mockstore")

    public = {name for name in dir(plugin) if name.startswith(("mockstore", "_mockstore", "pytest_"))}

    assert public == set(plugin.__all__)
