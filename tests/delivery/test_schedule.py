from datetime import UTC, datetime, timedelta

import pytest

from mockstore.delivery.schedule import RetryPolicy, describe, parse_duration, parse_schedule, policy, retry_after
from mockstore.errors import InvalidInputError
from mockstore.provider import petstore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy(waits=(timedelta(seconds=5), timedelta(minutes=5)), jitter=0.2)


@pytest.mark.parametrize(
    ("made", "dice", "wait"),
    [
        pytest.param(1, 0, 5, id="first wait"),
        pytest.param(2, 0, 300, id="second wait"),
        pytest.param(1, 1, 6, id="jitter at its largest"),
        pytest.param(1, -1, 4, id="jitter at its smallest"),
    ],
)
def test_waits_grow_as_configured(made: int, dice: float, wait: float) -> None:
    assert POLICY.next_attempt(made, NOON, dice=dice) == NOON + timedelta(seconds=wait)


def test_after_the_last_wait_the_delivery_is_given_up() -> None:
    assert POLICY.next_attempt(3, NOON) is None
    assert POLICY.attempts == 3


def test_without_waits_there_is_one_attempt() -> None:
    assert RetryPolicy(()).next_attempt(1, NOON) is None


def test_the_petstores_ladder_takes_ninety_six_minutes() -> None:
    moment, offsets = NOON, [0.0]
    for made in range(1, petstore().schedule.attempts):
        due = petstore().schedule.next_attempt(made, moment)
        assert due is not None
        moment = due
        offsets.append((moment - NOON).total_seconds() / 60)

    assert offsets == [0, 1, 6, 36, 96]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90", 90, id="bare seconds"),
        pytest.param("90s", 90, id="seconds"),
        pytest.param("5m", 300, id="minutes"),
        pytest.param("5min", 300, id="minutes in full"),
        pytest.param("1h30m", 5400, id="hours and minutes"),
        pytest.param("2d", 172800, id="days"),
        pytest.param("0.5s", 0.5, id="a fraction"),
        pytest.param(" 1h 5m ", 3900, id="white space"),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-5m", "5m!", "1,5"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is no duration; write for instance 90s, 5m or 1h30m"):
        parse_duration(text)


def test_a_schedule_is_a_list_of_waits() -> None:
    assert parse_schedule("1m,5m") == RetryPolicy((timedelta(minutes=1), timedelta(minutes=5)))
    assert parse_schedule("") == RetryPolicy(())


def test_a_policy_is_made_of_seconds_or_timedeltas_or_is_one_already() -> None:
    assert policy([60, timedelta(minutes=5)]) == parse_schedule("1m,5m")
    assert policy(POLICY) is POLICY


@pytest.mark.parametrize(
    ("value", "due"),
    [
        pytest.param("120", NOON + timedelta(minutes=2), id="seconds"),
        pytest.param("Thu, 01 Jan 2026 12:30:00 GMT", NOON + timedelta(minutes=30), id="a date"),
        pytest.param("later", None, id="neither"),
        pytest.param("-5", None, id="negative"),
        pytest.param("", None, id="empty"),
        pytest.param("9" * 400, None, id="beyond all time"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -1200", None, id="a date that no thread can wait for"),
        pytest.param("Thu, 01 Jan 2026 12:30:00 +9999999999999999", None, id="an offset beyond all numbers"),
        pytest.param(f"Thu, 01 Jan {'9' * 20} 12:30:00 GMT", None, id="a year beyond all numbers"),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, due: datetime | None) -> None:
    assert retry_after(value, NOON) == due


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (5, "5 s"), (0.25, "0.25 s"), (60, "1 min"), (90, "90 s"), (5760, "1 h 36 min"), (7200, "2 h")],
)
def test_a_time_span_is_said_as_people_do(seconds: float, text: str) -> None:
    assert describe(timedelta(seconds=seconds)) == text
