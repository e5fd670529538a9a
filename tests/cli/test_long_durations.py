"""Durations that are too long: every command refuses them with one line and exit code 2."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

LONG = "99999999h"
TOO_LONG = f"'{LONG}' is longer than the longest duration, 36500d"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOWHERE = "http://127.0.0.1:9/"
SCENARIO = f"""
name: too-long
description: It cannot be played.
settings: {{schedule: ["{LONG}"]}}
steps:
  - emit: pet.adopted
"""


def refused(option: str, why: str, command: str) -> str:
    return f"mockstore: Invalid value for '{option}': {why} (see `mockstore {command} --help`)\n"


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("--timeout", ("emit", "pet.adopted", "--to", NOWHERE)),
        ("--timeout", ("audit", NOWHERE, "--secret", SECRET)),
        ("--timeout", ("serve", "--port", "0")),
        ("--for", ("load", "--to", NOWHERE)),
        ("--max-age", ("verify", "--secret", SECRET)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_an_option_says_what_the_longest_is(run: Run, option: str, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, option, LONG)

    assert (result.exit_code, result.stderr) == (2, refused(option, TOO_LONG, arguments[0]))


@pytest.mark.parametrize(
    ("long", "found"), [("1000h", "1000 h"), ("0s", "0 s")], ids=["more than a socket can", "nothing"]
)
@pytest.mark.parametrize(
    "arguments",
    [("emit", "pet.adopted", "--to", NOWHERE), ("audit", NOWHERE, "--secret", SECRET)],
    ids=["emit", "audit"],
)
def test_a_time_limit_is_one_that_can_be_kept(run: Run, arguments: tuple[str, ...], long: str, found: str) -> None:
    result = run(*arguments, "--timeout", long)

    why = f"timeout is {found}; it must be more than 0 and at most 20 days"
    assert (result.exit_code, result.stderr) == (2, refused("--timeout", why, arguments[0]))


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("MOCKSTORE_TIMEOUT", f"MOCKSTORE_TIMEOUT is '{LONG}': {TOO_LONG}"),
        ("MOCKSTORE_SCHEDULE", f"MOCKSTORE_SCHEDULE is '{LONG}': {TOO_LONG}"),
    ],
)
def test_a_variable_says_what_the_longest_is(run: Run, variable: str, said: str) -> None:
    result = run("config", env={variable: LONG})

    assert (result.exit_code, result.stderr) == (2, f"mockstore: {said}\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'timeout = "{LONG}"', f"timeout is '{LONG}': {TOO_LONG}"),
        (f'schedule = ["{LONG}"]', f"schedule is ['{LONG}']: {TOO_LONG}"),
        ("schedule = [1e300]", 'schedule is [1e+300]; write a list of texts, such as ["a", "b"]'),
    ],
    ids=["timeout", "schedule", "a number"],
)
def test_a_file_says_what_the_longest_is(run: Run, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "long.toml"
    file.write_text(line)

    result = run("config", "--config", str(file))

    assert (result.exit_code, result.stderr) == (2, f"mockstore: {file}: {said}\n")


def test_an_advance_says_what_the_longest_is(at_server: Run) -> None:
    result = at_server("clock", "advance", LONG)

    assert (result.exit_code, result.stderr) == (2, refused("BY", TOO_LONG, "clock advance"))


def test_the_clock_of_a_mock_goes_no_farther_than_the_year_3000(at_server: Run) -> None:
    results = [at_server("clock", "advance", "36500d") for _ in range(10)]

    assert [result.exit_code for result in results] == [0] * 9 + [2]
    assert results[-1].stderr == "mockstore: that is too far: no clock goes beyond 3000\n"


def test_a_scenario_says_what_the_longest_is(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text(SCENARIO)

    result = run("play", str(file))

    assert (result.exit_code, result.stderr) == (2, f"{file}:4: settings.schedule[0]: {TOO_LONG}\n")
