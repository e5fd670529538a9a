"""Runs pytest inside pytest, on example projects."""

import importlib
from collections.abc import Callable
from typing import Protocol

import pytest

KEPT = ("django", "faker", "fastapi", "flask", "mockstore.service", "mockstore.world.transports.asgi", "requests")
"""Modules imported once here, since each in-process run drops its imports, and the next would import them again."""

INI = """
[pytest]
addopts = -p no:cacheprovider --strict-markers
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""


class Run(Protocol):
    """Runs pytest on one test file."""

    def __call__(
        self, source: str, *args: str, conftest: str = "", ini: str = "", apart: bool = False
    ) -> pytest.RunResult: ...


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    for name in KEPT:
        importlib.import_module(name)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variables of CI, since pytest prints its summary differently there."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(pytester: pytest.Pytester) -> Callable[[str, str], None]:
    def write(name: str, text: str) -> None:
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(text)

    return write


@pytest.fixture
def run(pytester: pytest.Pytester, write: Callable[[str, str], None]) -> Run:
    """Return a runner; `apart` runs pytest in another process, for plugins with global state."""

    def run(source: str, *args: str, conftest: str = "", ini: str = "", apart: bool = False) -> pytest.RunResult:
        write("pytest.ini", INI + ini)
        write("conftest.py", conftest)
        write("test_shop.py", source)
        quiet = [] if "randomly" in " ".join(args) else ["-p", "no:randomly"]
        django = ["-p", "no:django"] if "DJANGO" not in ini else []
        runner = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return runner(*quiet, *django, *args)

    return run
