"""Fixtures: a shop, and the events that it emits. Each event is validated by the schema of its type."""

from collections.abc import Callable

import pytest

from mockstore.events.catalogue import petstore_catalogue
from mockstore.events.encode import rfc3339
from mockstore.events.ids import uuid7
from mockstore.model import Payload
from mockstore.petstore.catalogue import seeded
from mockstore.petstore.shop import Shop
from mockstore.world.clock import EPOCH, Chance
from mockstore.world.store_memory import MemoryStore

NEW_ID = "019b4132-70aa-764f-b315-e2803d882a24"


@pytest.fixture
def announced() -> list[tuple[str, Payload]]:
    """Type and data of the events that the shop has emitted, oldest first."""
    return []


@pytest.fixture
def make_shop(announced: list[tuple[str, Payload]]) -> Callable[..., Shop]:
    def announce(event_type: str, data: Payload) -> None:
        event = {"id": NEW_ID, "eventType": event_type, "timestamp": rfc3339(EPOCH), "data": data}
        assert petstore_catalogue().mistakes(event) == []
        announced.append((event_type, data))

    def make(seed: int = 1, tenant: str | None = None, store: MemoryStore | None = None) -> Shop:
        dice = Chance(seed).dice
        return Shop(
            store or MemoryStore(),
            seeded(seed),
            now=lambda: EPOCH,
            new_id=lambda: uuid7(EPOCH, dice),
            announce=announce,
            tenant=tenant,
        )

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


@pytest.fixture
def pet_in(shop: Shop) -> Callable[[str], str]:
    """Return a function that adds a pet with a status and returns its id."""

    def add(status: str) -> str:
        pet = {"name": "Rex", "species": "DOG", "ageMonths": 8, "price": "99.50", "currency": "EUR", "status": status}
        return str(shop.pets.add(pet)["id"])

    return add


@pytest.fixture
def order_in(shop: Shop, pet_in: Callable[[str], str], announced: list[tuple[str, Payload]]) -> Callable[[str], str]:
    """Return a function that makes an order with a status, clears `announced`, and returns the id of the order."""
    source = {"object": "card", "name": "A", "number": "4242424242424242", "expMonth": 1, "expYear": 2030}

    def pay(order_id: str) -> None:
        shop.payments.pay(order_id, {"source": source})

    steps: dict[str, list[Callable[[str], object]]] = {
        "PLACED": [],
        "APPROVED": [pay],
        "SHIPPED": [pay, shop.orders.ship],
        "DELIVERED": [pay, shop.orders.ship, shop.orders.deliver],
        "CANCELLED": [shop.orders.cancel],
    }

    def place(status: str) -> str:
        order = shop.orders.place({"petId": pet_in("AVAILABLE"), "userId": "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f1"})
        for step in steps[status]:
            step(order["id"])
        announced.clear()
        return str(order["id"])

    return place
