"""How a receiver's scripted answers are read and played back."""

from datetime import timedelta

import pytest

from mockstore import Answer
from mockstore.answers import Script, answer, answers
from mockstore.errors import BrokenConnectionError, InvalidInputError, ReceiverTimeoutError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(503, Answer(503), id="a status"),
        pytest.param("503", Answer(503), id="a status in writing"),
        pytest.param("timeout", Answer.timeout(), id="timeout"),
        pytest.param(" reset ", Answer.reset(), id="reset, with white space"),
        pytest.param("200 after 6s", Answer(200, after=timedelta(seconds=6)), id="late"),
        pytest.param(timedelta(seconds=6), Answer(200, after=timedelta(seconds=6)), id="a time to take"),
        pytest.param(Answer(418, b"tea"), Answer(418, b"tea"), id="an answer"),
    ],
)
def test_an_answer_can_be_written_in_short(given: Answer | int | str | timedelta, expected: Answer) -> None:
    assert answer(given) == expected


@pytest.mark.parametrize("given", ["soon", "", "20", "2000", "200 after", "200 after tea"])
def test_what_is_no_answer_is_refused(given: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is no (answer|duration); write "):
        answer(given)


@pytest.mark.parametrize("status", [0, 99, 600, -1])
def test_what_is_no_status_is_refused(status: int) -> None:
    with pytest.raises(InvalidInputError, match="is no HTTP status; allowed are 100 to 599"):
        answer(status)


def test_a_list_of_answers_is_read() -> None:
    assert answers("503, timeout,200 after 1m") == (
        Answer(503),
        Answer.timeout(),
        Answer(200, after=timedelta(minutes=1)),
    )


def test_a_script_answers_in_turn_and_repeats_the_last() -> None:
    script = Script()
    script.will_answer(503, 200)

    assert [script.next().status for _ in range(4)] == [503, 200, 200, 200]


def test_without_a_script_everything_is_acknowledged() -> None:
    assert Script().next() == Answer(200)


def test_a_new_script_replaces_what_was_left_of_the_old_one() -> None:
    script = Script()
    script.will_answer(503, 500, 200)
    script.next()
    script.will_answer(404)

    assert script.next() == Answer(404)


def test_an_answer_that_never_comes_is_an_error_of_its_kind() -> None:
    with pytest.raises(ReceiverTimeoutError):
        Answer.timeout().reply()
    with pytest.raises(BrokenConnectionError):
        Answer.reset().reply()
