"""A verdict depends only on the answers and the readings of the probe."""

from datetime import UTC, datetime, timedelta

import pytest

from mockstore.audit import Exchange, Verdict, rule_named
from mockstore.audit.judging import Baseline, difference, judged
from mockstore.model import Attempt, Json, Outcome, Outgoing, Reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
COUNTS = Baseline("order.created", accepted=True, probed=True, moves=True, step={"": 1})
AMOUNTS = Baseline("order.created", accepted=True, probed=True, moves=True)
WITHOUT_PROBE = Baseline("order.created", accepted=True)


def exchange(status: int | None, reading: Json = None, outcome: Outcome = Outcome.ACKNOWLEDGED) -> Exchange:
    attempt = Attempt(
        number=1,
        at=NOON,
        created_at=NOON,
        outcome=outcome,
        status=status,
        duration=timedelta(),
        error=None,
        sent=Outgoing("http://shop.test/", (), b"{}"),
        reply=Reply(status) if status is not None else None,
    )
    return Exchange(attempt, reading)


@pytest.mark.parametrize(
    ("readings", "baseline", "verdict"),
    [
        pytest.param((1, 1), COUNTS, Verdict.PASSED, id="once"),
        pytest.param((2, 2), COUNTS, Verdict.FAILED, id="twice, seen after both"),
        pytest.param((1, 2), COUNTS, Verdict.FAILED, id="twice, one after the other"),
        pytest.param((0, 1), COUNTS, Verdict.PASSED, id="the first reading came too early"),
        pytest.param((0, 0), COUNTS, Verdict.FAILED, id="never"),
        pytest.param((7, 7), AMOUNTS, Verdict.NOT_JUDGED, id="steps that are not even"),
    ],
)
def test_two_at_once_are_counted_by_the_last_reading(
    readings: tuple[int, int], baseline: Baseline, verdict: Verdict
) -> None:
    exchanges = [exchange(204, reading) for reading in readings]

    found = judged(rule_named("duplicates.duplicate_at_once"), exchanges, 0, baseline, twins=True)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("rule", "exchanges", "verdict"),
    [
        pytest.param("duplicates.duplicate", [(204, 5), (204, 5)], Verdict.PASSED, id="once"),
        pytest.param("duplicates.duplicate", [(204, 5), (204, 9)], Verdict.FAILED, id="twice"),
        pytest.param("duplicates.duplicate", [(204, 0), (204, 5)], Verdict.FAILED, id="by the second only"),
        pytest.param("duplicates.duplicate", [(204, 5), (409, 5)], Verdict.FAILED, id="the second is refused"),
        pytest.param("signature.wrong_secret", [(401, 0)], Verdict.PASSED, id="a forgery refused"),
        pytest.param("signature.wrong_secret", [(401, 1)], Verdict.FAILED, id="a forgery refused, and booked"),
        pytest.param("signature.wrong_secret", [(500, 0)], Verdict.FAILED, id="a forgery that crashes"),
        pytest.param("hostile_bodies.duplicate_keys", [(204, 1)], Verdict.PASSED, id="odd, and taken"),
        pytest.param("hostile_bodies.duplicate_keys", [(400, 1)], Verdict.FAILED, id="odd, refused, and booked"),
        pytest.param("methods.reading", [(200, 0), (200, 1)], Verdict.FAILED, id="a HEAD that books"),
        pytest.param("drift.unknown_event_type", [(204, 0)], Verdict.PASSED, id="nothing to do"),
        pytest.param("drift.unknown_member", [(204, 0)], Verdict.FAILED, id="acknowledged and not done"),
    ],
)
def test_answers_and_effects_both_count(rule: str, exchanges: list[tuple[int, int]], verdict: Verdict) -> None:
    found = judged(rule_named(rule), [exchange(*one) for one in exchanges], 0, COUNTS, twins=False)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("rule", "outcome", "verdict"),
    [
        pytest.param("timeouts.answers_in_time", Outcome.TIMEOUT, Verdict.FAILED, id="late"),
        pytest.param("signature.wrong_secret", Outcome.TIMEOUT, Verdict.FAILED, id="late with a refusal"),
        pytest.param("size.huge", Outcome.RESET, Verdict.PASSED, id="the rest of a huge body not read"),
        pytest.param("size.huge", Outcome.TIMEOUT, Verdict.FAILED, id="stuck in a huge body"),
        pytest.param("size.large_event", Outcome.RESET, Verdict.FAILED, id="a large event not read"),
        pytest.param("hostile_bodies.duplicate_keys", Outcome.RESET, Verdict.FAILED, id="a connection that breaks"),
    ],
)
def test_no_answer_is_hardly_ever_right(rule: str, outcome: Outcome, verdict: Verdict) -> None:
    found = judged(rule_named(rule), [exchange(None, outcome=outcome)], None, WITHOUT_PROBE, twins=False)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        pytest.param(3, 5, {"": 2}, id="number"),
        pytest.param({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 5}}, {"a": 0, "b.c": 3}, id="nested"),
        pytest.param({"a": 1}, {"a": 1, "b": 4}, {"a": 0, "b": 4}, id="a new number"),
        pytest.param({"a": "x"}, {"a": "y"}, None, id="a text that moves"),
        pytest.param({"a": 1, "t": "x"}, {"a": 2, "t": "x"}, {"a": 1}, id="a text that stays"),
        pytest.param({"a": True}, {"a": False}, None, id="truth is no number"),
        pytest.param({}, {}, None, id="nothing"),
    ],
)
def test_numbers_move_by_a_difference(before: Json, after: Json, moved: dict[str, float] | None) -> None:
    assert difference(before, after) == moved
