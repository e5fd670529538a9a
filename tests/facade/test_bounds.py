"""Times beyond what a clock can show or a thread can wait for are refused at once, with a clear message."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.parts import ClockName

TOO_FAR = "that is too far: no clock goes beyond 3000"
NO_NUMBER = "cannot convert float NaN to integer; allowed are timedelta's keywords, for instance minutes=5"


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as opened:
        yield opened


@pytest.mark.parametrize("clock", ["virtual", "system"])
@pytest.mark.parametrize(
    ("advance", "message"),
    [
        pytest.param(lambda mockstore: mockstore.advance(days=1e12), TOO_FAR, id="beyond numbers"),
        pytest.param(lambda mockstore: mockstore.advance(days=float("inf")), TOO_FAR, id="without end"),
        pytest.param(lambda mockstore: mockstore.advance(timedelta.max), TOO_FAR, id="beyond the calendar"),
        pytest.param(lambda mockstore: mockstore.advance(days=365_000), TOO_FAR, id="beyond the year 3000"),
        pytest.param(lambda mockstore: mockstore.clock.advance(days=1e12), TOO_FAR, id="by the clock"),
        pytest.param(lambda mockstore: mockstore.advance(days=float("nan")), NO_NUMBER, id="no number"),
    ],
)
def test_no_clock_is_advanced_beyond_its_limit(
    clock: ClockName, advance: Callable[[Mockstore], None], message: str
) -> None:
    with Mockstore.in_process(strict=False, clock=clock) as mockstore:
        with pytest.raises(InvalidInputError) as refused:
            advance(mockstore)

        assert str(refused.value) == message
        assert mockstore.clock.now().year < 3000


def test_many_advances_end_at_the_same_bound(mockstore: Mockstore) -> None:
    for _ in range(9):
        mockstore.advance(days=36_500)

    with pytest.raises(InvalidInputError, match=TOO_FAR):
        mockstore.advance(days=36_500)


@pytest.mark.parametrize(
    "start",
    [datetime(9999, 12, 31, tzinfo=UTC), datetime(2026, 1, 1)],  # noqa: DTZ001 - the mistake under test
    ids=["too far", "no time zone"],
)
def test_a_start_must_be_a_moment_that_a_clock_can_run_on_from(start: datetime) -> None:
    with pytest.raises(InvalidInputError, match="it must have a time zone, such as tzinfo=UTC, and no") as refused:
        Mockstore.in_process(start=start)

    assert refused.value.field == "start"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda mockstore: mockstore.rotate_secret(
                mockstore.subscribe("http://127.0.0.1:9/"), overlap=timedelta.max
            ),
            "overlap is 24000000000 h; it must be from 0 to 36500 days",
            id="an overlap",
        ),
        pytest.param(
            lambda mockstore: mockstore.settle(timedelta.max),
            "timeout is 24000000000 h; it must be from 0 to 36500 days",
            id="settle",
        ),
        pytest.param(
            lambda mockstore: mockstore.deliveries.wait_for(1, timeout=float("nan")),
            "timeout is nan; it must be from 0 to 36500 days",
            id="wait for what never comes",
        ),
    ],
)
def test_waits_have_their_bounds(mockstore: Mockstore, call: Callable[[Mockstore], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call(mockstore)

    assert str(refused.value) == message


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 1e300, 0, timedelta.max])
def test_a_mockstore_waits_for_an_answer_within_what_a_socket_can(timeout: float | timedelta) -> None:
    with pytest.raises(InvalidInputError, match="it must be more than 0 and at most 20 days") as refused:
        Mockstore.in_process(timeout=timeout)

    assert refused.value.field == "timeout"


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), 1e300, -5, timedelta.max])
def test_a_mockstore_waits_between_attempts_within_the_calendar(wait: float | timedelta) -> None:
    with pytest.raises(InvalidInputError, match="it must be waits from 0 to 36500 days") as refused:
        Mockstore.in_process(schedule=[wait])

    assert refused.value.field == "schedule"
