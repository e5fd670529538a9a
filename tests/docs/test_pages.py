"""Every code block of the manual runs and prints what the page says."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.blocks import PageRunner, blocks_of

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "examples/node_consumer/README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        runner = PageRunner(tmp_path, stack)
        for block in blocks_of(page.read_text("utf-8")):
            runner.run_block(block)
