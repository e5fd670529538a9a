"""What an inbox captures, finds and checks."""

import json
from collections.abc import Iterator

import pytest

from mockstore import Inbox, Mockstore


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.fixture
def inbox(mockstore: Mockstore) -> Inbox:
    return mockstore.open_inbox()


def test_an_inbox_gets_everything_in_order(mockstore: Mockstore, inbox: Inbox) -> None:
    for name in mockstore.provider.catalogue.types:
        mockstore.emit(name)

    inbox.assert_types(mockstore.provider.catalogue.types)
    assert [received.event for received in inbox] == [event.payload for event in mockstore.events]


def test_what_was_received_is_valid_in_schema_signature_and_headers(mockstore: Mockstore, inbox: Inbox) -> None:
    mockstore.emit("payment.failed")

    received = inbox.one("payment.failed")
    received.assert_valid()
    received.assert_nothing_extra()
    assert received.event["data"]["error"]["code"] == "INSUFFICIENT_FUNDS"
    assert received.data["error"]["code"] == "INSUFFICIENT_FUNDS"
    assert received.header("content-type") == "application/json"


def test_one_finds_by_type_and_by_part_of_the_data(mockstore: Mockstore, inbox: Inbox) -> None:
    mockstore.emit("pet.adopted", {"pet.name": "Rex"})
    mockstore.emit("pet.adopted", {"pet.name": "Tom"})
    mockstore.emit("order.created")

    assert inbox.one("pet.adopted", match={"pet": {"name": "Tom"}}).data["pet"]["name"] == "Tom"
    assert inbox.one(match={"pet.name": "Rex"}).data["pet"]["name"] == "Rex"
    inbox.none("payment.failed")
    inbox.none("pet.adopted", match={"pet.name": "Bob"})
    assert inbox.last.type == "order.created"


def test_a_narrowed_inbox_is_live(mockstore: Mockstore, inbox: Inbox) -> None:
    adopted = inbox.of("pet.adopted")
    assert (len(adopted), bool(adopted)) == (0, False)

    mockstore.emit("pet.adopted")
    mockstore.emit("order.created")

    assert [received.type for received in adopted] == ["pet.adopted"]


def test_a_narrowed_inbox_is_to_be_read_only(inbox: Inbox) -> None:
    adopted = inbox.of("pet.adopted")

    for verb in ("will_answer", "clear", "webhook"):
        with pytest.raises(AttributeError, match=f"'Captured' object has no attribute '{verb}'") as caught:
            getattr(adopted.of("*"), verb)
        assert caught.value.__notes__ == [
            f"inbox.of(…) only reads: say inbox.{verb}, or open an inbox for these types: mockstore.open_inbox(…)"
        ]
    assert not hasattr(adopted, "other")


def test_two_inboxes_capture_apart_and_answer_apart(mockstore: Mockstore, inbox: Inbox) -> None:
    other = mockstore.open_inbox(events=["order.*"])
    other.will_answer(503)

    mockstore.emit("pet.adopted")
    mockstore.emit("order.created")

    assert (len(inbox), len(other)) == (2, 1)
    assert [len(delivery.attempts) for delivery in mockstore.events[-1].deliveries] == [1, 1]
    assert [received.answer for received in (inbox[-1], other[-1])] == ["200", "503"]


def test_all_mistakes_are_told_at_once(mockstore: Mockstore, inbox: Inbox) -> None:
    event = mockstore.emit("pet.adopted").payload
    del event["data"]["pet"]["name"]
    event["data"]["adopter"]["email"] = "nobody"
    mockstore.emit("pet.adopted", body=json.dumps(event), invalid=True, content_type="text/plain")

    with pytest.raises(AssertionError) as caught:
        inbox.last.assert_valid()

    for part in ("data.pet", "data.adopter.email", "Content-Type"):
        assert part in str(caught.value)


def test_an_extra_member_is_valid_and_still_found_when_asked_for(mockstore: Mockstore, inbox: Inbox) -> None:
    event = mockstore.emit("pet.adopted").payload
    event["data"]["pet"]["mood"] = "good"
    event["id"] = event["id"].replace("0", "1", 1)
    mockstore.emit("pet.adopted", body=json.dumps(event))

    inbox.last.assert_valid()
    with pytest.raises(AssertionError, match=r"data\.pet\.mood"):
        inbox.last.assert_nothing_extra()


def test_a_cleared_inbox_has_forgotten_captures_and_script(mockstore: Mockstore, inbox: Inbox) -> None:
    inbox.will_answer(503)
    mockstore.emit("pet.adopted")
    inbox.clear()

    mockstore.emit("order.created").assert_acknowledged()

    assert [received.type for received in inbox] == ["order.created"]


def test_wait_for_returns_what_is_there_already(mockstore: Mockstore, inbox: Inbox) -> None:
    mockstore.emit("pet.adopted")

    assert [received.type for received in inbox.wait_for(1)] == ["pet.adopted"]
    assert [delivery.type for delivery in mockstore.deliveries.wait_for(1)] == ["pet.adopted"]


def test_types_are_compared_in_order_and_in_any_order(mockstore: Mockstore, inbox: Inbox) -> None:
    mockstore.emit("pet.adopted")
    mockstore.emit("order.created")

    inbox.assert_types_in_any_order(["order.created", "pet.adopted"])
    with pytest.raises(AssertionError, match="in this order"):
        inbox.assert_types(["order.created", "pet.adopted"])
    with pytest.raises(AssertionError, match=r"expected \(none\), found pet.adopted"):
        inbox.assert_types_in_any_order(["order.created"])


def test_failed_deliveries_are_those_not_acknowledged_since(mockstore: Mockstore, inbox: Inbox) -> None:
    inbox.will_answer(503, 503, 200)
    mockstore.emit("pet.adopted")
    mockstore.emit("order.created")
    failed = [delivery.type for delivery in mockstore.deliveries.failed]
    mockstore.advance(minutes=1)

    assert failed == ["pet.adopted", "order.created"]
    assert list(mockstore.deliveries.failed) == []
