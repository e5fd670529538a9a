"""Generates test suites for mockstore and for similar tools, and runs pytest on them with one plugin each."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent


def environment() -> dict[str, str]:
    """Return the environment of a measured process: pytest loads named plugins only, Python writes `.pyc` files."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    return mine | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Kit:
    """A way to test a webhook with pytest."""

    plugin: str = ""
    """The module to load as a plugin; empty when there is none."""
    head: str = ""
    """The lines at the top of a test file."""
    fixture: str = ""
    """The parameters of a test function."""
    event: tuple[str, ...] = ()
    """The lines of a test with one event."""


MOCKSTORE = Kit(
    plugin="pytest_mockstore",
    fixture="mockstore_inbox, mockstore",
    event=('mockstore.emit("pet.adopted")', 'mockstore_inbox.one("pet.adopted")'),
)

MOCKSTORE_INTO_FLASK = Kit(
    plugin="pytest_mockstore",
    head="from benchmarks.consumer import SECRET, shop\nSHOP = shop()\n",
    fixture="mockstore",
    event=(
        "mockstore.subscribe(SHOP, secret=SECRET)",
        'mockstore.emit("pet.adopted").assert_acknowledged()',
    ),
)

RESPONSES = Kit(
    head=(
        "import pytest, requests, responses\n"
        "@pytest.fixture\n"
        "def mocked():\n"
        "    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:\n"
        "        yield mock\n"
    ),
    fixture="mocked",
    event=(
        'mocked.post("http://shop.test/hooks", status=204)',
        'assert requests.post("http://shop.test/hooks", json={"a": 1}, timeout=5).status_code == 204',
        "assert len(mocked.calls) == 1",
    ),
)

RESPX = Kit(
    plugin="respx.plugin",
    head="import httpx\nCLIENT = httpx.Client()\n",
    fixture="respx_mock",
    event=(
        'respx_mock.post("http://shop.test/hooks").respond(204)',
        'assert CLIENT.post("http://shop.test/hooks", json={"a": 1}).status_code == 204',
        "assert len(respx_mock.calls) == 1",
    ),
)

HTTPSERVER = Kit(
    plugin="pytest_httpserver.pytest_plugin",
    head="import requests\n",
    fixture="httpserver",
    event=(
        'httpserver.expect_request("/hooks").respond_with_data(status=204)',
        'assert requests.post(httpserver.url_for("/hooks"), json={"a": 1}, timeout=5).status_code == 204',
        "assert len(httpserver.log) == 1",
    ),
)


def empty_test(name: str) -> str:
    """Return a test that does nothing."""
    return f"def test_{name}():\n    pass\n"


def unused_test(kit: Kit, name: str) -> str:
    """Return a test that requests the fixture and does nothing with it."""
    return f"def test_{name}({kit.fixture}):\n    pass\n"


def event_test(kit: Kit, name: str) -> str:
    """Return a test that receives one event and asserts it."""
    return f"def test_{name}({kit.fixture}):\n" + "".join(f"    {line}\n" for line in kit.event)


class Runs:
    """Writes test files into a folder, and runs them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._figures = folder / "figures.json"
        (folder / "pytest.ini").write_text("[pytest]\n")

    def write(self, name: str, kit: Kit, *tests: str) -> Path:
        """Write a test file and return its path; `tests` are the texts of its tests."""
        file = self._folder / f"test_{name}.py"
        file.write_text("\n".join([kit.head, *tests]))
        return file

    def each_test(self, file: Path, kit: Kit) -> dict[str, list[float]]:
        """Run the file; return the seconds of each test, by kind, in order."""
        self._pytest(file, kit, "-p", "benchmarks.stopwatch", "--stopwatch", str(self._figures))
        figures: dict[str, list[float]] = json.loads(self._figures.read_text())
        return figures

    def whole(self, file: Path, kit: Kit) -> float:
        """Run the file; return the seconds of the whole process, start and end included."""
        started = perf_counter()
        self._pytest(file, kit)
        return perf_counter() - started

    def _pytest(self, file: Path, kit: Kit, *options: str) -> None:
        plugin = ("-p", kit.plugin) if kit.plugin else ()
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options, file.name)
        run = subprocess.run(command, cwd=self._folder, env=environment(), capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"the measured run failed: {' '.join(command)}\n{run.stdout}{run.stderr}")
