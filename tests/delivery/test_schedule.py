from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mockstore.delivery.schedule import (
    RetryPolicy,
    describe,
    parse_duration,
    parse_schedule,
    policy,
    retry_after,
    span_of,
    time_limit,
)
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


@pytest.mark.parametrize("text", ["99999999h", "36501d", "9" * 400 + "s"])
def test_a_duration_that_nothing_could_wait_for_is_refused_with_the_longest(text: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"'{text[:40]}' is longer than the longest duration, 36500d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        pytest.param(1e300, "1e+300", id="beyond numbers"),
        pytest.param(float("nan"), "nan", id="no number"),
        pytest.param(float("inf"), "inf", id="without end"),
        pytest.param(-1, "-1", id="back"),
        pytest.param(timedelta.max, "24000000000 h", id="a timedelta beyond the calendar"),
        pytest.param(timedelta(seconds=-5), "-5 s", id="a timedelta back"),
    ],
)
def test_a_span_of_the_library_has_its_bounds(told: timedelta | float, found: str) -> None:
    with pytest.raises(InvalidInputError) as wait:
        policy([told])
    with pytest.raises(InvalidInputError) as limit:
        time_limit(told)
    with pytest.raises(InvalidInputError) as span:
        span_of(told, "overlap")

    assert (str(wait.value), wait.value.field) == (
        f"schedule is {found}; it must be waits from 0 to 36500 days",
        "schedule",
    )
    assert str(limit.value) == f"timeout is {found}; it must be more than 0 and at most 20 days"
    assert (str(span.value), span.value.field) == (f"overlap is {found}; it must be from 0 to 36500 days", "overlap")


@pytest.mark.parametrize("seconds", [0, 21 * 86_400])
def test_an_answer_is_waited_for_within_what_a_socket_can(seconds: int) -> None:
    with pytest.raises(InvalidInputError, match="more than 0 and at most 20 days"):
        time_limit(seconds)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: policy("1m,5m"),  # type: ignore[arg-type]
            "schedule is '1m,5m'; it must be a list of seconds or timedeltas, [60, 300] for instance",
            id="a text for a list",
        ),
        pytest.param(
            lambda: policy(["5m"]),  # type: ignore[list-item]
            "schedule is '5m'; it must be waits from 0 to 36500 days, as a timedelta or seconds",
            id="a text for a wait",
        ),
        pytest.param(
            lambda: RetryPolicy((60,)),  # type: ignore[arg-type]
            "schedule is 60; it must be waits, as timedeltas",
            id="seconds in a policy",
        ),
        pytest.param(
            lambda: RetryPolicy((timedelta.max,)),
            "schedule is 24000000000 h; it must be waits from 0 to 36500 days",
            id="a wait beyond the calendar in a policy",
        ),
        pytest.param(
            lambda: RetryPolicy((), jitter=float("nan")),
            "jitter is nan; it must be a share from 0 to 1",
            id="a jitter that is no number",
        ),
    ],
)
def test_what_is_no_policy_is_refused(make: Callable[[], RetryPolicy], message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make()

    assert str(refused.value) == message


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
        pytest.param("9" * 10, None, id="seconds that no thread can wait for"),
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
