"""Patterns of event types find the same events everywhere, and reports of very many events stay short."""

from collections.abc import Iterator

import pytest

from mockstore import Inbox, Mockstore
from mockstore.delivery.workers import REMEMBERED
from mockstore.errors import UnknownEventTypeError
from mockstore.settings import Settings


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.fixture
def inbox(mockstore: Mockstore) -> Inbox:
    return mockstore.open_inbox()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param("order.created", ["order.created"], id="a type"),
        pytest.param("order.*", ["order.created", "order.status_changed"], id="a family"),
        pytest.param("*", ["order.created", "payment.failed", "order.status_changed"], id="everything"),
    ],
)
def test_a_pattern_finds_what_a_registration_would(
    mockstore: Mockstore, inbox: Inbox, wanted: str, found: list[str]
) -> None:
    for name in ("order.created", "payment.failed", "order.status_changed"):
        mockstore.emit(name)

    assert [one.type for one in inbox.of(wanted)] == found
    assert [one.type for one in inbox.where(wanted)] == found


@pytest.mark.parametrize("wanted", [pytest.param("order", id="half a name"), pytest.param("ord.*", id="half a family")])
def test_what_is_no_type_and_no_pattern_is_refused_as_by_a_registration(inbox: Inbox, wanted: str) -> None:
    with pytest.raises(UnknownEventTypeError):
        inbox.of(wanted)
    with pytest.raises(UnknownEventTypeError):
        inbox.where(wanted)


def test_none_of_a_pattern_fails_over_one_that_matches_it(mockstore: Mockstore, inbox: Inbox) -> None:
    mockstore.emit("payment.failed")

    inbox.none("order.*")
    with pytest.raises(AssertionError, match=r"expected no received delivery of type 'payment\.\*', found 1"):
        inbox.none("payment.*")


@pytest.mark.parametrize(
    ("count", "left_out"), [pytest.param(20, None, id="as many as fit"), pytest.param(25, 5, id="more")]
)
def test_a_long_timeline_tells_the_first_and_the_last(
    mockstore: Mockstore,
    inbox: Inbox,  # noqa: ARG001 - it receives the events
    count: int,
    left_out: int | None,
) -> None:
    events = [mockstore.emit("pet.adopted") for _ in range(count)]

    heads = [line for line in mockstore.timeline().splitlines() if not line.startswith("  ")]

    shown = [event.id for event in events if any(event.id in head for head in heads)]
    expected = [event.id for event in events]
    assert shown == (expected if left_out is None else expected[:10] + expected[-10:])
    assert [head for head in heads if head.startswith("…")] == (
        [] if left_out is None else [f"… {left_out} more deliveries …"]
    )


def test_a_failure_lists_the_first_and_the_last_of_many(mockstore: Mockstore, inbox: Inbox) -> None:
    events = [mockstore.emit("pet.adopted") for _ in range(43)]

    with pytest.raises(AssertionError) as caught:
        inbox.one("pet.adopted")

    lines = str(caught.value).splitlines()
    assert len(lines) == 2 + 41
    assert lines[22] == "  … 3 more …"
    assert (events[19].id in lines[21], events[23].id in lines[23]) == (True, True)


def test_a_server_keeps_the_latest_of_what_went_wrong_in_it() -> None:
    with Mockstore.standalone(Settings(clock="virtual")) as mock:
        for number in range(REMEMBERED + 3):
            mock.note(LookupError(number))

        assert [str(error) for error in mock.reader.raised] == [str(number + 3) for number in range(REMEMBERED)]
