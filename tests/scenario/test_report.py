from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from mockstore.scenario import Result
from mockstore.scenario.documents import result_document, result_of
from mockstore.scenario.report import failure_text, junit, summary, timeline_lines

Played = Callable[..., Result]

FAILING = """
- answer: [503, 200]
- emit: pet.adopted
  as: event
  note: somebody adopts
- advance: 1m
- expect: {deliveries: 1, states: pending}
- expect: {event: "${event.id}", answers: [503, 200]}
"""
BROKEN = "- expect: {deliveries: 0}\n- order.ship: nowhere"


def test_the_timeline_tells_what_happened_when_and_by_which_line(played: Played) -> None:
    result = played(FAILING)

    (event_id,) = {entry.facts["eventId"] for entry in result.entries if "eventId" in entry.facts}
    assert list(timeline_lines(result.entries)) == [
        "+0 s            4  answer 503 200",
        "+0 s            5  somebody adopts",
        f"+0 s                 pet.adopted {event_id} for shop",
        "+0 s                 shop <- pet.adopted, attempt 1: 503",
        "+0 s            8  advance 1m",
        "+1 min               shop <- pet.adopted, attempt 2: 200, acknowledged",
        "+1 min          9  ✗ deliveries 1; states pending",
        "                     states: expected all pending, found 1 delivered",
        "+1 min         10  ✓ event event: answers 503, 200",
    ]


def test_many_alike_are_counted(played: Played) -> None:
    lines = list(timeline_lines(played("- emit: {type: pet.adopted, count: 1200}").entries))

    assert [line.split("for")[0].strip() for line in lines if "more" in line] == ["and 1,197 more like this"] * 2
    assert len(lines) == 1 + 2 * 4


def test_a_webhook_that_is_given_up_is_told(played: Played) -> None:
    result = played("- answer: 500\n- emit: pet.adopted\n- advance: 2h")

    assert [line.strip() for line in timeline_lines(result.entries)][-2:] == [
        "+1 h 36 min          shop <- pet.adopted, attempt 5: 500",
        "+1 h 36 min          shop is disabled",
    ]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        pytest.param("- emit: pet.adopted\n- expect: {events: 1}", "test: passed, 1 expectation held", id="passed"),
        pytest.param(FAILING, "test: failed, 1 of 2 expectations did not hold", id="failed"),
        pytest.param(
            BROKEN,
            "test: broken off after 1 expectation\nshop.yaml:5: steps[1].order.ship: no order 'nowhere'",
            id="broken",
        ),
    ],
)
def test_the_end_says_how_it_went(played: Played, steps: str, text: str) -> None:
    assert summary(played(steps)) == text


def test_a_failure_says_what_did_not_hold_and_where_before_the_timeline(played: Played) -> None:
    text = failure_text(played(FAILING))

    assert text.splitlines()[:4] == [
        "test: failed, 1 of 2 expectations did not hold",
        "shop.yaml:9: deliveries 1; states pending",
        "  states: expected all pending, found 1 delivered",
        "timeline:",
    ]


@pytest.mark.parametrize("steps", [FAILING, BROKEN, "- emit: pet.adopted"])
def test_a_document_tells_the_whole_result(played: Played, steps: str) -> None:
    result = played(steps)

    again = result_of(result_document(result))

    assert result_document(again) == result_document(result)
    assert (again.entries, again.verdicts, again.broken) == (result.entries, result.verdicts, result.broken)


def test_junit_has_a_case_for_each_expectation_and_one_for_the_steps(played: Played) -> None:
    suites = ET.fromstring(junit([played(FAILING), played(BROKEN)]))  # noqa: S314 - our own XML

    counts = [{name: suite.get(name) for name in ("tests", "failures", "errors")} for suite in suites]
    assert counts == [
        {"tests": "3", "failures": "1", "errors": "0"},
        {"tests": "2", "failures": "0", "errors": "1"},
    ]
    assert [
        (case.get("name"), case.get("line"), [child.tag for child in case]) for case in suites.iter("testcase")
    ] == [
        ("deliveries 1; states pending", "9", ["failure"]),
        ("event event: answers 503, 200", "10", []),
        ("every step", None, []),
        ("deliveries 0", "4", []),
        ("every step", "5", ["error"]),
    ]
    assert "shop <- pet.adopted, attempt 1: 503" in (suites[0].findtext("system-out") or "")


def test_junit_survives_whatever_a_text_holds(played: Played) -> None:
    result = played("- emit: pet.adopted")
    strange = replace(result, scenario=replace(result.scenario, name="a<&>\"'\x00\x1b\ud800\ufffe ☃"))

    suites = ET.fromstring(junit([strange]).encode())  # noqa: S314 - our own XML

    assert suites[0].get("name") == "a<&>\"'\\x00\\x1b\\ud800\\ufffe ☃"
