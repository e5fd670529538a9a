"""Every ready scenario passes, each of its expectations can fail, and it runs the same way every time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from msgspec.structs import replace

from mockstore.model import Json
from mockstore.scenario import Result, Scenario, load, names, playing, text_of
from mockstore.scenario.documents import result_document
from mockstore.scenario.forms import CONDITIONS
from mockstore.scenario.report import failure_text

WANTED = {
    "ack-lost",
    "burst-of-a-thousand",
    "disabled-and-recovered",
    "duplicate-storm",
    "flapping-consumer",
    "out-of-order-lifecycle",
    "outage-and-recovery",
    "payment-retried",
    "secret-rotation-rehearsal",
    "slow-consumer",
}
SMALL = {"burst-of-a-thousand": {"events": 20}}
"""Variables that make a scenario smaller where its size does not matter."""

TIMELINES = """
import json, sys
from mockstore.scenario import load, names, playing
from mockstore.scenario.documents import result_document

for name in names():
    with playing(load(name)) as play:
        print(json.dumps(result_document(play.run())))
"""


def _loaded(name: str) -> Scenario:
    return load(name, variables=SMALL.get(name))


def _played(scenario: Scenario) -> Result:
    with playing(scenario) as play:
        return play.run()


def _bytes(result: Result) -> bytes:
    return json.dumps(result_document(result)).encode()


def test_the_library_has_what_was_promised() -> None:
    assert set(names()) == WANTED


@pytest.mark.parametrize("name", names())
def test_a_ready_scenario_passes(name: str) -> None:
    result = _played(load(name))

    assert result.passed, failure_text(result)
    assert result.verdicts


@pytest.mark.parametrize("name", names())
def test_a_ready_scenario_documents_itself(name: str) -> None:
    text, scenario = text_of(name), _loaded(name)

    comment = text[: text.index("\nname:")]
    assert all(line.startswith("#") for line in comment.splitlines() if line)
    assert f"mockstore play {name}" in comment
    assert scenario.name == name
    assert scenario.description.endswith(".")


@pytest.mark.parametrize("name", names())
def test_two_runs_in_one_process_are_the_same_byte_for_byte(name: str) -> None:
    assert _bytes(_played(_loaded(name))) == _bytes(_played(_loaded(name)))


def test_runs_in_different_processes_are_the_same_byte_for_byte() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", TIMELINES],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == len(WANTED)


def test_another_seed_makes_another_run() -> None:
    scenario = _loaded("ack-lost")

    assert _bytes(_played(scenario)) != _bytes(_played(replace(scenario, seed=scenario.seed and scenario.seed + 1)))


def _expectations() -> Iterator[tuple[str, int, str]]:
    for name in names():
        for at, step in enumerate(_loaded(name).steps):
            if step.verb == "expect":
                yield from ((name, at, condition) for condition in CONDITIONS if condition in step.arguments)


def _contradicted(condition: str, expected: Json) -> Json:
    """Return an expected value that contradicts the true one."""
    if condition == "states":
        return "discarded" if expected != "discarded" else "held"
    if condition == "status":
        return "disabled" if expected == "active" else "active"
    if condition in {"answers", "in_order"}:
        return [*expected, "pet.adopted" if condition == "in_order" else 418]
    if condition == "has":
        return dict.fromkeys(expected, "NOTHING")
    return 77


@pytest.mark.parametrize(("name", "at", "condition"), list(_expectations()))
def test_each_expectation_of_a_ready_scenario_can_fail(name: str, at: int, condition: str) -> None:
    scenario = _loaded(name)
    step = scenario.steps[at]
    arguments: Mapping[str, Json] = {**step.arguments, condition: _contradicted(condition, step.arguments[condition])}
    contradicted = replace(
        scenario, steps=(*scenario.steps[:at], replace(step, arguments=arguments), *scenario.steps[at + 1 :])
    )

    result = _played(contradicted)

    (verdict,) = [one for one in result.verdicts if one.place == step.place]
    expected = set(step.arguments["has"]) if condition == "has" else {condition}
    assert {line.partition(":")[0] for line in verdict.differences} == expected
    assert not result.passed


def test_a_thousand_deliveries_are_all_told() -> None:
    result = _played(load("burst-of-a-thousand"))

    kinds = [entry.kind for entry in result.entries]
    assert (kinds.count(kinds[1]), len(kinds)) == (1000, 2002)
