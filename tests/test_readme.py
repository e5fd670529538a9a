"""The Python code of README.md passes when it is copied and run unchanged."""

from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
FIRST_SCREEN = 25
"""A complete test has to end within so many lines."""

INI = """
[pytest]
addopts = -p no:randomly -p no:cacheprovider -p no:django --strict-markers
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""


def blocks() -> dict[int, str]:
    """Return the Python blocks, each by the number of the line that opens it."""
    found: dict[int, str] = {}
    start = 0
    for number, line in enumerate(README.read_text("utf-8").splitlines(keepends=True), start=1):
        if start:
            if line.startswith("```"):
                start = 0
            else:
                found[start] += line
        elif line.startswith("```python"):
            start = number
            found[start] = ""
    return found


BLOCKS = blocks()


def test_a_whole_test_and_a_cheat_sheet_are_there() -> None:
    first, *others = BLOCKS.values()

    assert first.count("def test_") == 1
    assert min(BLOCKS) + first.count("\n") + 1 <= FIRST_SCREEN
    assert any("def test_the_ladder" in block for block in others)


@pytest.mark.parametrize("line", BLOCKS, ids="line {}".format)
def test_a_block_passes_as_it_stands(pytester: pytest.Pytester, line: int) -> None:
    pytester.makefile(".ini", pytest=INI)
    (pytester.path / "test_shop.py").write_text(BLOCKS[line], "utf-8")

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=BLOCKS[line].count("def test_"))
    assert result.ret == pytest.ExitCode.OK
