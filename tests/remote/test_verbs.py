"""Methods of a Mockstore on a server other than emitting, and the errors for those it does not have."""

import asyncio

import pytest

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.remote import RemoteMockstore


def test_one_standing_fault_is_removed_and_the_others_stay(mock: RemoteMockstore) -> None:
    hook = mock.subscribe("https://shop.example.com/")
    first = mock.faults.add("duplicate", to=hook, events="pet.*", times=2)
    second = mock.faults.add("ack_lost", attempts=[1, 2])
    alike = mock.faults.add("ack_lost", attempts=[1, 2])

    mock.faults.remove(first)
    mock.faults.remove(second)

    assert list(mock.faults) == [alike]
    with pytest.raises(InvalidInputError, match="no such rule is in force; GET /_mockstore/faults lists"):
        mock.faults.remove(first)


def test_verbs_can_be_awaited(mock: RemoteMockstore) -> None:
    async def ladder() -> tuple[bool, float]:
        inbox = mock.open_inbox()
        inbox.will_answer(503, 200)
        delivery = (await mock.aemit("pet.adopted", {"pet.name": "Kit"})).delivery
        await mock.aadvance(minutes=1)
        with pytest.raises(InvalidInputError, match="time moves forward only"):
            await mock.aadvance(minutes=-1)
        return delivery.data["pet"]["name"] == "Kit", delivery.attempts[-1].offset.total_seconds()

    assert asyncio.run(ladder()) == (True, 60)


@pytest.mark.parametrize(
    ("verb", "instead"),
    [
        ("assert_conforms", "an audit runs in the test's own process; use the fixture mockstore"),
        ("explore_orders", "orders are explored in the test's own process; use the fixture mockstore"),
        ("wsgi_app", "the server answers over HTTP; call it at the URL in mockstore.url"),
        ("aserve", "the server's own threads deliver; say `await asyncio.to_thread("),
        ("httpx_transport", "the server answers over HTTP; say httpx.Client(base_url=mockstore.url)"),
    ],
)
def test_a_verb_that_needs_this_process_says_what_to_do_instead(mock: RemoteMockstore, verb: str, instead: str) -> None:
    with pytest.raises(AttributeError) as missing:
        getattr(mock, verb)

    assert str(missing.value).startswith(f"a Mockstore on a server has no {verb}: {instead}")
    assert hasattr(Mockstore, verb) or verb in ("assert_conforms", "explore_orders")


def test_what_no_mockstore_has_is_missing_as_ever(mock: RemoteMockstore) -> None:
    with pytest.raises(AttributeError, match="'RemoteMockstore' object has no attribute 'emitt'"):
        mock.emitt  # type: ignore[attr-defined]  # noqa: B018 - the mistake that is tried
