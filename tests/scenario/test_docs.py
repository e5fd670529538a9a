"""The examples of the manual run, and its tables match the code."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mockstore.scenario import Result, Scenario, playing
from mockstore.scenario.forms import CONDITIONS, VERBS

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()
FENCED = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def _examples(language: str) -> list[str]:
    return [text for found, text in FENCED.findall(PAGE) if found == language]


@pytest.mark.parametrize("text", _examples("yaml"), ids=lambda text: text.split()[1])
def test_the_scenarios_of_the_manual_pass(reading: Callable[..., Scenario], text: str) -> None:
    with playing(reading(text)) as play:
        result: Result = play.run()

    assert result.passed, result
    assert result.verdicts


@pytest.mark.parametrize("source", _examples("python"))
def test_the_tests_of_the_manual_pass(pytester: pytest.Pytester, source: str) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(source)

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:django", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=source.count("def test_"))


def test_the_table_of_verbs_is_complete() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", PAGE, re.MULTILINE)

    assert [row for row in rows if row[0] in VERBS] == [(name, form.does) for name, form in VERBS.items()]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_explained(condition: str) -> None:
    assert re.search(rf"^\|.*`{condition}: .*\|$", PAGE, re.MULTILINE)
