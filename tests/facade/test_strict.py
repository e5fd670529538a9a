"""A strict Mockstore that a test makes itself fails at the end of its `with` block, as the fixture does."""

import pytest

from mockstore import Mockstore


def refuse(_: object) -> int:
    return 500


def leave_a_failure_unseen(error: type[Exception] | None = None) -> None:
    with Mockstore.in_process() as mockstore:
        mockstore.subscribe(refuse)
        mockstore.emit("pet.adopted")
        if error is not None:
            raise error


def test_the_end_of_the_block_tells_what_went_wrong_unseen() -> None:
    with pytest.raises(AssertionError, match="1 thing went wrong") as raised:
        leave_a_failure_unseen()

    assert "attempt 1: 500" in str(raised.value)
    assert "Mockstore.in_process(strict=False)" in str(raised.value)


def test_what_was_looked_at_is_no_complaint() -> None:
    with Mockstore.in_process() as mockstore:
        mockstore.subscribe(refuse)
        assert mockstore.emit("pet.adopted").delivery.attempts[0].status == 500


def test_without_strictness_nothing_is_judged() -> None:
    with Mockstore.in_process(strict=False) as mockstore:
        mockstore.subscribe(refuse)
        mockstore.emit("pet.adopted")

        assert len(mockstore.complaints()) == 1  # a strict one would fail over it


def test_an_exception_of_the_test_itself_wins() -> None:
    with pytest.raises(LookupError):
        leave_a_failure_unseen(LookupError)


def test_closing_judges_nothing() -> None:
    mockstore = Mockstore.in_process()
    mockstore.subscribe(refuse)
    mockstore.emit("pet.adopted")

    assert len(mockstore.complaints()) == 1
    mockstore.close()
