"""Writes docs/gallery.md, the gallery of failure reports, by running docs/failing.py: python docs/gallery.py."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

HERE: Final = Path(__file__).parent
TESTS: Final = HERE / "failing.py"
PAGE: Final = HERE / "gallery.md"

INTRODUCTION: Final = """<!-- Made by running docs/failing.py: python docs/gallery.py. -->

# A gallery of failures

A test that fails should say what to do next. This page shows every report that the plugin prints, made by running tests
that fail on purpose.
"""
_HEADLINE: Final = re.compile(r"^_{2,} (?:ERROR at setup of )?(?P<name>[\w.]+)(?: \[.*\])? _{2,}$", re.MULTILINE)
_FRAME: Final = re.compile(r"^=+ .* =+$|^\d+ (?:failed|errors?)\b.*$|^[.FEu]+ +\[ *\d+%\]$", re.MULTILINE)
_NOW: Final = re.compile(r"the process's time is \S+: \d+ \w+ apart")
_SENT: Final = re.compile(r'POST \{"id":.*?… \(\d+ bytes\)')
_SUBTEST: Final = "contains 1 failed subtest"
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


def page() -> str:
    """Run the tests and return the page."""
    reports = _reports()
    parts = [INTRODUCTION]
    for group in _groups():
        parts.append(f"## {_headline(group.name)}\n\n{ast.get_docstring(group)}\n")
        for test in group.body:
            if isinstance(test, ast.FunctionDef):
                report = reports.get(f"{group.name}.{test.name}", "")
                parts.append(f"### {_headline(test.name)}\n\n{ast.get_docstring(test)}\n\n```text\n{report}\n```\n")
    return "\n".join(parts)


def _groups() -> Iterator[ast.ClassDef]:
    return (node for node in ast.parse(TESTS.read_text("utf-8")).body if isinstance(node, ast.ClassDef))


def _headline(name: str) -> str:
    """Return the name of a class or test as a headline: `test_it_failed` becomes `It failed`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", name.removeprefix("test_"))
    return spaced[0].upper() + spaced[1:].lower().replace(" api", " API")


def _reports() -> dict[str, str]:
    """Return what pytest prints, by `Class.test`, with addresses, times and folders made the same for every run."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))
    }
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "test_shop.py"
        copy.write_text(_without_docstrings(TESTS.read_text("utf-8")), "utf-8")
        options = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:django", "-q", "--tb=short", "--color=no"]
        settings = ["-o", "python_classes=What", "-o", "asyncio_default_fixture_loop_scope=function", "-rN"]
        run = subprocess.run(  # noqa: S603 - the command is written here
            [sys.executable, "-m", "pytest", *options, *settings, copy.name],
            cwd=folder,
            env=environment | {"COLUMNS": "110"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        text = run.stdout.replace(f"{folder}{os.sep}", "")
    parts = _HEADLINE.split(_FRAME.sub("", text))
    reports_by_test: dict[str, str] = {}
    for name, report in zip(parts[1::2], parts[2::2], strict=True):
        reports_by_test[name] = (
            _clean(report) if reports_by_test.get(name, "") in ("", _SUBTEST) else reports_by_test[name]
        )
    return reports_by_test


def _without_docstrings(source: str) -> str:
    """Return the source without the tests' docstrings, which only the manual shows; line numbers stay the same."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and ast.get_docstring(node):
            first = node.body[0]
            end = first.end_lineno or first.lineno
            lines[first.lineno - 1 : end] = [" " * first.col_offset + "..."] + [""] * (end - first.lineno)
    return "\n".join(lines) + "\n"


def _clean(text: str) -> str:
    without = _ADDRESS.sub("", _NOW.sub("the process's time is 2026-01-01T09:00:00+00:00: 359 days apart", text))
    without = _SENT.sub('POST {"id": …} (403 bytes)', without)
    return re.sub(r"/tmp/\S*/(?=\w+\.yaml)|/\S*/(?=site-packages|mockstore/)", "…/", without).strip()  # noqa: S108 - a pattern


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
