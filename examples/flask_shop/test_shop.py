"""Tests of the shop. They run in process, without a network and without waiting."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_shop.books import Books
from mockstore import Mockstore, PetstoreApi, faults

ADA = {"username": "ada", "email": "ada@example.com", "password": "secret-1", "firstName": "Ada", "lastName": "Park"}
GOOD, POOR = "4242424242424242", "4000000000009995"


pytestmark = pytest.mark.usefixtures("mockstore_api")  # answers the calls of `requests` in process


def buy(shop: Flask, pet: str, user: str, number: str = GOOD) -> tuple[int, Any]:
    card = {"name": "Ada Park", "number": number, "expMonth": 12, "expYear": 2030, "cvc": "123"}
    answer = shop.test_client().post(f"/buy/{pet}", json={"userId": user, "card": card})
    return answer.status_code, answer.json


def order(shop: Flask, order_id: str) -> Any:
    return shop.test_client().get(f"/orders/{order_id}").json


@pytest.fixture
def ada(mockstore: Mockstore) -> str:
    return mockstore.users.add(**ADA).id


def test_a_purchase_comes_back_as_events(mockstore: Mockstore, shop: Flask, books: Books, ada: str) -> None:
    rex = mockstore.pets.add(name="Rex", price="100.10")

    status, bought = buy(shop, rex.id, ada)

    assert (status, bought["paid"]) == (201, True)
    assert order(shop, bought["order"]) == {"status": "PROCESSING", "paid": True, "problem": None}
    assert books.query("SELECT * FROM adoptions") == [(rex.id, "Rex", "ada@example.com")]
    assert books.query("SELECT * FROM till") == [("USD", 10010)]


def test_a_refused_card_is_a_problem_until_another_one_pays(mockstore: Mockstore, shop: Flask, ada: str) -> None:
    _, bought = buy(shop, mockstore.pets.add(name="Rex").id, ada, POOR)
    assert order(shop, bought["order"])["problem"] == "INSUFFICIENT_FUNDS"

    mockstore.orders[bought["order"]].pay(GOOD)

    assert order(shop, bought["order"]) == {"status": "PROCESSING", "paid": True, "problem": None}


def test_what_the_petstore_refuses_the_shop_refuses(mockstore: Mockstore, shop: Flask, ada: str) -> None:
    gone = mockstore.pets.add(status="ADOPTED")

    assert buy(shop, gone.id, ada) == (409, {"error": "the Petstore refused"})


def test_an_order_that_cannot_be_paid_yet_is_on_the_books(
    mockstore: Mockstore, mockstore_api: PetstoreApi, shop: Flask, books: Books, ada: str
) -> None:
    mockstore_api.will_answer("payOrder", 503, then_normal=True)
    rex = mockstore.pets.add(name="Rex")

    status, _ = buy(shop, rex.id, ada)

    assert status == 503
    assert mockstore_api.calls.one("createOrder").document == {"petId": rex.id, "userId": ada}
    assert books.query("SELECT step, paid FROM orders") == [(1, 0)]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("fault", faults.MUST_REJECT, ids=str)
def test_a_forgery_is_refused_and_nothing_is_booked(mockstore: Mockstore, books: Books, fault: faults.Fault) -> None:
    event = mockstore.emit("payment.succeeded", fault=fault)

    event.delivery.assert_rejected()
    assert books.query("SELECT * FROM booked") == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("fault", [*faults.MUST_NOT_CRASH, *faults.MUST_ACCEPT], ids=str)
def test_odd_bodies_are_survived(mockstore: Mockstore, fault: faults.Fault) -> None:
    mockstore.emit("order.status_changed", fault=fault)  # a wrong answer fails the test at its end


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("fault", faults.MUST_DEDUPE, ids=str)
def test_what_comes_twice_is_booked_once(mockstore: Mockstore, books: Books, fault: faults.Fault) -> None:
    event = mockstore.emit("payment.succeeded", {"payment.amount": 75.5, "payment.currency": "USD"}, fault=fault)
    mockstore.clock.advance(hours=3)

    assert sum(len(delivery.attempts) for delivery in event.deliveries) > 1
    assert books.query("SELECT * FROM till") == [("USD", 7550)]


def test_busy_books_only_delay_an_event(mockstore: Mockstore, shop: Flask, books: Books, database: Path) -> None:
    with closing(sqlite3.connect(database)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        event = mockstore.emit("order.created")
    assert order(shop, event.data["order"]["id"]) == {"error": "no such order"}

    mockstore.clock.advance(minutes=1)

    assert [attempt.status for attempt in event.delivery.attempts] == [503, 204]
    assert books.query("SELECT id FROM orders") == [(event.data["order"]["id"],)]


def test_an_order_does_not_go_back_when_its_events_come_the_wrong_way_round(mockstore: Mockstore, shop: Flask) -> None:
    mockstore.hold()
    placed = mockstore.orders.place(mockstore.pets.add())
    placed.pay()
    placed.ship().deliver()

    mockstore.release(order=list(reversed(range(len(mockstore.deliveries)))))

    assert order(shop, placed.id)["status"] == "DELIVERED"
