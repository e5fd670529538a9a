"""The generated pages of the manual are up to date with the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = script("reference")


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    made = REFERENCE.HEADER + REFERENCE.PAGES[name]()

    assert made == (DOCS / "reference" / f"{name}.md").read_text("utf-8"), "run: python docs/reference.py"


def test_every_call_of_the_server_is_described() -> None:
    assert "partial(" not in REFERENCE.http_page()


def test_the_gallery_shows_what_a_failing_test_prints() -> None:
    made: str = script("gallery").page()

    assert made == (DOCS / "gallery.md").read_text("utf-8"), "run: python docs/gallery.py"


def test_every_report_of_the_gallery_says_something() -> None:
    assert "```text\n\n```" not in (DOCS / "gallery.md").read_text("utf-8")
