"""The test suites of the examples, run as a reader runs them: in their folder, in a separate process."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import mockstore

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pytest.ini"))
PUBLIC = {"mockstore": {*mockstore.__all__, "faults"}}
LARGEST = 160
"""How many lines of code an example may have."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A change that breaks an example: `careful` is replaced by `careless`, and the test `found_by` has to fail."""

    file: str
    careful: str
    careless: str
    found_by: str


MISTAKES = {
    "flask_shop": (
        Mistake(
            "shop.py",
            "hmac.compare_digest(expected.encode(), one.encode())",
            "hmac.compare_digest(expected, one)",
            "test_a_forgery_is_refused_and_nothing_is_booked",
        ),
        Mistake("books.py", "if is_new and handler", "if handler", "test_what_comes_twice_is_booked_once"),
        Mistake(
            "books.py",
            "SET step = max(step, ?)",
            "SET step = ?",
            "test_an_order_does_not_go_back_when_its_events_come_the_wrong_way_round",
        ),
    ),
    "django_shop": (
        Mistake("models.py", "if not is_new:", "if event is None:", "test_what_comes_twice_counts_once"),
        Mistake("views.py", "except (ValueError, RecursionError)", "except ValueError", "test_odd_bodies_are_survived"),
        Mistake(
            "views.py",
            "pet_id else None",
            "pet_id is None else None",
            "test_a_pet_is_what_it_is_now_whatever_order_its_events_come_in",
        ),
    ),
    "fastapi_shop": (
        Mistake(
            "app.py",
            "(WebhookVerificationError, ValueError)",
            "WebhookVerificationError",
            "test_a_forgery_is_refused_and_leaves_no_trace",
        ),
        Mistake(
            "board.py",
            "INSERT OR IGNORE INTO taken",
            "INSERT OR REPLACE INTO taken",
            "test_what_comes_twice_is_noted_once",
        ),
        Mistake("board.py", "WHERE excluded.since >= since", "", "test_late_news_do_not_replace_newer_ones"),
    ),
}


def run(example: Path, *args: str) -> list[str]:
    """Run the example's suite and return the lines that pytest prints."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *args]
    done = subprocess.run(
        command,
        cwd=example,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    print(done.stdout, done.stderr)  # noqa: T201 - shown when the test fails
    return done.stdout.splitlines()


def sources(example: str) -> Iterator[Path]:
    return (path for path in sorted((EXAMPLES / example).glob("*.py")))


def test_there_is_an_example_for_each_framework() -> None:
    assert NAMES == ["django_shop", "fastapi_shop", "flask_shop"]


@pytest.mark.parametrize("example", NAMES)
def test_its_suite_passes_and_nothing_is_skipped(example: str) -> None:
    counts = pytest.RunResult.parse_summary_nouns(run(EXAMPLES / example))

    assert set(counts) == {"passed"}
    assert counts["passed"] >= 38


@pytest.mark.parametrize("example", NAMES)
def test_its_suite_finds_the_mistakes_that_its_code_avoids(tmp_path: Path, example: str) -> None:
    copy = shutil.copytree(EXAMPLES / example, tmp_path / example, ignore=shutil.ignore_patterns("__pycache__"))
    mistakes = MISTAKES[example]
    for mistake in mistakes:
        code = (copy / mistake.file).read_text("utf-8")
        assert code.count(mistake.careful) == 1
        (copy / mistake.file).write_text(code.replace(mistake.careful, mistake.careless), "utf-8")

    report = run(copy, "-k", " or ".join(mistake.found_by for mistake in mistakes))

    failed = {line.partition("::")[2].partition("[")[0] for line in report if line.startswith("FAILED")}
    assert {mistake.found_by for mistake in mistakes} == {name.partition(" ")[0] for name in failed}


@pytest.mark.parametrize("example", NAMES)
def test_it_imports_public_names_only(example: str) -> None:
    for path in sources(example):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in (
                "mockstore",
                "pytest_mockstore",
            ):
                assert {one.name for one in node.names} <= PUBLIC.get(str(node.module), set()), path
            assert not (isinstance(node, ast.Import) and any("mockstore" in one.name for one in node.names)), path


@pytest.mark.parametrize("example", NAMES)
def test_it_can_be_read_in_five_minutes(example: str) -> None:
    app = [path for path in sources(example) if not path.name.startswith(("test_", "conftest"))]
    lines = [line for path in app for line in path.read_text("utf-8").splitlines() if line.strip()]

    assert len(lines) <= LARGEST
    assert (EXAMPLES / example / "README.md").is_file()
