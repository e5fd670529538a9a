"""The wheel holds what it should, and works in an empty environment outside the repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from email.parser import Parser
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.xdist_group("wheel")  # built once, by one worker

ROOT = Path(__file__).parent.parent
SOURCES = ("LICENSE", "README.md", "pyproject.toml", "mockstore", "pytest_plugin", "schemas", "tests")
IMPORT_FOLDERS = {"mockstore": "mockstore", "pytest_plugin": "pytest_mockstore", "schemas": "mockstore/schemas"}
SHIPPED_SUFFIXES = {".py", ".json", ".typed", ".yaml", ".html", ".css", ".js", ".svg"}

ENTRY_POINTS = """\
[console_scripts]
mockstore = mockstore.cli:main

[pytest11]
mockstore = pytest_mockstore
"""

EVENT_TYPES = (
    "order.created",
    "order.status_changed",
    "payment.failed",
    "payment.succeeded",
    "pet.adopted",
    "pet.status_changed",
)

FIXTURES = (
    "mockstore",
    "mockstore_config",
    "mockstore_factory",
    "mockstore_inbox",
    "mockstore_seed",
    "mockstore_server",
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with the wheel; its dependencies are those installed for the tests."""

    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        """Run a program outside the repository and return its output; fail with that if the program fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.folder,
            env=environment | {"PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _run_command(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that no files are left in the repository."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    _run_command(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel without a network: its dependencies are found in the environment of the tests.

    The `.pth` file adds that environment's folders to the end of `sys.path`; `.pth` files inside them are not read, so
    an editable mockstore there has no effect.
    """
    folder = tmp_path_factory.mktemp("empty")
    _run_command(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    _run_command(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    borrowed = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    return Installed(folder)


def _expected_files() -> set[str]:
    return {
        f"{target}/{file.relative_to(ROOT / folder).as_posix()}"
        for folder, target in IMPORT_FOLDERS.items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in SHIPPED_SUFFIXES
    }


def test_the_wheel_holds_every_module_and_schema_and_nothing_else(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert names == _expected_files()


@pytest.mark.parametrize("package", ["mockstore", "pytest_mockstore"])
def test_the_wheel_promises_types(wheel: Path, package: str) -> None:
    assert f"{package}/py.typed" in ZipFile(wheel).namelist()


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_wheel_holds_the_schema_of_each_event(wheel: Path, event_type: str) -> None:
    assert f"mockstore/schemas/events/{event_type}.json" in ZipFile(wheel).namelist()


def _about(wheel: Path, name: str) -> str:
    archive = ZipFile(wheel)
    (path,) = (entry for entry in archive.namelist() if entry.endswith(f".dist-info/{name}"))
    return archive.read(path).decode()


def test_the_wheel_names_the_command_and_the_plugin(wheel: Path) -> None:
    assert _about(wheel, "entry_points.txt").strip() == ENTRY_POINTS.strip()


def test_the_wheel_carries_the_licence(wheel: Path) -> None:
    assert _about(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text()


def test_pytest_is_needed_without_an_upper_bound(wheel: Path) -> None:
    needed = Parser().parsestr(_about(wheel, "METADATA")).get_all("Requires-Dist", [])

    assert "pytest>=8.4" in needed


def test_installed_it_is_found_away_from_the_checkout(installed: Installed) -> None:
    where = installed.run(
        "python", "-c", "import mockstore, pytest_mockstore as p; print(mockstore.__file__, p.__file__)"
    )

    assert [Path(file).is_relative_to(installed.folder) for file in where.split()] == [True, True]


def test_installed_the_command_tells_its_version(installed: Installed, wheel: Path) -> None:
    version = wheel.name.split("-")[1]

    assert installed.run("mockstore", "--version").split() == ["mockstore", version]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_installed_the_command_finds_the_schemas(installed: Installed, event_type: str) -> None:
    assert event_type in installed.run("mockstore", "schema", event_type)


def test_installed_pytest_offers_the_fixtures_with_their_documentation(installed: Installed) -> None:
    listed = installed.run("python", "-m", "pytest", "--fixtures", "-p", "no:cacheprovider").splitlines()

    offered = {line.split()[0]: following.strip() for line, following in pairwise(listed) if line[:1].strip()}
    assert [name for name in FIXTURES if offered.get(name, "no docstring").startswith("no docstring")] == []
