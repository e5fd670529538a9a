"""Concurrent calls with deliveries on threads: no lost change, no deadlock, no delivery before the commit."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from werkzeug.test import Client

from mockstore import Mockstore
from mockstore.model import Outgoing, Reply
from mockstore.settings import Settings
from mockstore.world.transports import FunctionTransport

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400"}
TOKEN = {"Authorization": "Bearer any"}
CARD = {"object": "card", "name": "A", "number": "4242424242424242", "expMonth": 1, "expYear": 2030}
PATIENCE = timedelta(seconds=20)


class Receiver:
    """A receiver that reads the order of each event from the API while the event is delivered."""

    def __init__(self) -> None:
        self.store: Mockstore | None = None
        self.wait_for: Event | None = None
        self.found: list[int] = []

    def take(self, outgoing: Outgoing) -> Reply:
        if self.wait_for is not None:
            self.wait_for.wait(PATIENCE.total_seconds())
        assert self.store is not None
        order_id = json.loads(outgoing.body)["data"]["order"]["id"]
        self.found.append(Client(self.store.wsgi_app).get(f"/v1/orders/{order_id}").status_code)
        return Reply(200)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def store(receiver: Receiver) -> Iterator[Mockstore]:
    """A Mockstore as in a server, whose transport calls `receiver`."""
    with Mockstore.standalone(Settings(), network=lambda: FunctionTransport(receiver.take)) as made:
        receiver.store = made
        made.subscribe("http://receiver.test/", events="order.created")
        yield made


def _buy(store: Mockstore) -> list[int]:
    client = Client(store.wsgi_app)
    pet = client.post("/v1/pets", json=PET, headers=TOKEN).get_json()
    placed = client.post("/v1/orders", json={"petId": pet["id"], "userId": pet["id"]})
    paid = client.post(f"/v1/orders/{placed.get_json()['id']}/payment", json={"source": CARD})
    return [placed.status_code, paid.status_code, client.get(f"/v1/pets/{pet['id']}").status_code]


def test_calls_on_many_threads_all_end_and_each_event_is_delivered_once(store: Mockstore, receiver: Receiver) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: _buy(store), range(60)))

    store.settle(PATIENCE)
    assert answers == [[201, 201, 200]] * 60
    assert receiver.found == [200] * 60
    assert len(store.events) == 60 * 6


def test_a_call_does_not_wait_for_a_slow_receiver(store: Mockstore, receiver: Receiver) -> None:
    receiver.wait_for = Event()

    assert _buy(store) == [201, 201, 200]
    assert receiver.found == []

    receiver.wait_for.set()
    store.settle(PATIENCE)
    assert receiver.found == [200]


def test_nothing_is_sent_of_a_change_that_fails(store: Mockstore, receiver: Receiver) -> None:
    order = store.orders.place(store.pets.add())
    store.settle(PATIENCE)

    answer = Client(store.wsgi_app).post(f"/v1/orders/{order.id}/payment", json={"source": {}})

    store.settle(PATIENCE)
    assert answer.status_code == 422
    assert (len(receiver.found), len(store.events)) == (1, 2)
