"""A Mockstore that a test makes itself: the end of the `with` block judges, as the fixture does."""

import pytest

from mockstore import Mockstore


def refuse(_: object) -> int:
    return 500


def use_and_leave(by: type[Exception] | None = None) -> None:
    with Mockstore.in_process() as store:
        store.subscribe(refuse)
        store.emit("pet.adopted")
        if by is not None:
            raise by


def test_the_end_of_the_block_tells_what_went_wrong_unseen() -> None:
    with pytest.raises(AssertionError, match="1 thing went wrong") as raised:
        use_and_leave()

    assert "attempt 1: 500" in str(raised.value)
    assert "Mockstore.in_process(strict=False)" in str(raised.value)


def test_what_was_looked_at_is_no_complaint() -> None:
    with Mockstore.in_process() as store:
        store.subscribe(refuse)
        assert store.emit("pet.adopted").delivery.attempts[0].status == 500


def test_without_strictness_nothing_is_judged() -> None:
    with Mockstore.in_process(strict=False) as store:
        store.subscribe(refuse)
        store.emit("pet.adopted")

        assert len(store.complaints()) == 1  # which the end of the block would tell


def test_an_exception_of_the_test_itself_wins() -> None:
    with pytest.raises(LookupError):
        use_and_leave(LookupError)


def test_closing_judges_nothing() -> None:
    store = Mockstore.in_process()
    store.subscribe(refuse)
    store.emit("pet.adopted")

    assert len(store.complaints()) == 1
    store.close()
