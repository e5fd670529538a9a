"""Tests of the hotline. They run in process, on one event loop, without a network and without waiting."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from fastapi_shop.board import Board
from mockstore import Mockstore, PetstoreApi, faults

KIM = {"username": "kim", "email": "kim@example.com", "password": "secret-1", "firstName": "Kim", "lastName": "Reed"}
GOOD, EXPIRED = "4242424242424242", "4000000000000069"

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("mockstore_api")]


def wanted(pet_id: str, user_id: str, number: str = GOOD) -> dict[str, object]:
    card = {"name": "Kim Reed", "number": number, "expMonth": 12, "expYear": 2030, "cvc": "123"}
    return {"pet_id": pet_id, "user_id": user_id, "card": card}


@pytest.fixture
def kim(mockstore: Mockstore) -> str:
    return mockstore.users.add(**KIM).id


@pytest.fixture
def luna(mockstore: Mockstore) -> str:
    return mockstore.pets.add(name="Luna", species="CAT").id


async def test_an_adoption_comes_back_as_events(caller: httpx.AsyncClient, board: Board, kim: str, luna: str) -> None:
    answer = await caller.post("/adoptions", json=wanted(luna, kim))

    assert (answer.status_code, answer.json()["payment"]) == (201, "SUCCEEDED")
    assert (await caller.get(f"/pets/{luna}")).json() == {"status": "ADOPTED"}
    assert board.notes() == [
        f"Order {answer.json()['order']} is placed.",
        "Welcome kim@example.com: Luna moves in.",
    ]


async def test_a_refused_card_leaves_a_note(caller: httpx.AsyncClient, board: Board, kim: str, luna: str) -> None:
    answer = await caller.post("/adoptions", json=wanted(luna, kim, EXPIRED))

    assert answer.json()["payment"] == "FAILED"
    assert board.notes()[-1] == f"Call about order {answer.json()['order']}: EXPIRED_CARD."
    assert board.status(luna) == "PENDING"


async def test_trouble_at_the_petstore_is_passed_on(
    caller: httpx.AsyncClient, mockstore_api: PetstoreApi, board: Board, kim: str, luna: str
) -> None:
    mockstore_api.will_answer("createOrder", 429, then_normal=True)

    assert (await caller.post("/adoptions", json=wanted(luna, kim))).status_code == 429
    mockstore_api.calls.none("payOrder")
    assert board.notes() == []


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("fault", faults.MUST_REJECT, ids=str)
async def test_a_forgery_is_refused_and_leaves_no_trace(
    mockstore: Mockstore, board: Board, fault: faults.Fault
) -> None:
    event = await mockstore.aemit("pet.adopted", fault=fault)

    event.delivery.assert_rejected()
    assert board.notes() == []


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("fault", [*faults.MUST_NOT_CRASH, *faults.MUST_ACCEPT], ids=str)
async def test_odd_bodies_are_survived(mockstore: Mockstore, fault: faults.Fault) -> None:
    await mockstore.aemit("pet.status_changed", fault=fault)  # a wrong answer fails the test at its end


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("fault", faults.MUST_DEDUPE, ids=str)
async def test_what_comes_twice_is_noted_once(mockstore: Mockstore, board: Board, fault: faults.Fault) -> None:
    event = await mockstore.aemit("payment.failed", {"payment.orderId": "order_1"}, fault=fault)
    await mockstore.aadvance(hours=3)

    assert sum(len(delivery.attempts) for delivery in event.deliveries) > 1
    assert len(board.notes()) == 1


@pytest.mark.usefixtures("app")
@pytest.mark.mockstore(raise_errors=False)  # an exception becomes an answer of 500, as in production
async def test_a_busy_database_only_delays_an_event(mockstore: Mockstore, board: Board, database: Path) -> None:
    with closing(sqlite3.connect(database)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        event = await mockstore.aemit("pet.adopted")
    assert board.notes() == []

    await mockstore.aadvance(minutes=1)

    assert [attempt.status for attempt in event.delivery.attempts] == [500, 204]
    assert len(board.notes()) == 1


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("fault", ["out_of_order", "late_and_stale"])
async def test_late_news_do_not_replace_newer_ones(mockstore: Mockstore, board: Board, luna: str, fault: str) -> None:
    await mockstore.aemit("pet.status_changed", {"petId": luna, "newStatus": "PENDING"}, fault=fault)
    await mockstore.aadvance(seconds=10)
    await mockstore.aemit("pet.status_changed", {"petId": luna, "newStatus": "ADOPTED"})
    await mockstore.aadvance(hours=2)

    assert [delivery.attempts[-1].status for delivery in mockstore.deliveries] == [204, 204]
    assert board.status(luna) == "ADOPTED"
