import pytest

from mockstore.events.ids import uuid7
from mockstore.model import Payload
from mockstore.petstore.catalogue import seeded
from mockstore.petstore.payments import card_source
from mockstore.petstore.shop import Shop
from mockstore.world.clock import EPOCH, Chance
from mockstore.world.store_memory import MemoryStore

PET = {"name": "Luna", "species": "CAT", "ageMonths": 9, "price": "150.00"}
USER = {"username": "ada", "email": "ada@example.com", "firstName": "Ada", "lastName": "Park", "password": "secret"}


def test_place_and_pay_tell_one_coherent_story(shop: Shop, announced: list[tuple[str, Payload]]) -> None:
    pet, user = shop.pets.add(PET), shop.users.create(USER)

    order = shop.orders.place({"petId": pet["id"], "userId": user["id"]})
    payment = shop.payments.pay(order["id"], {"source": card_source("4242424242424242")})

    assert [event_type for event_type, _ in announced] == [
        "order.created",
        "pet.status_changed",
        "payment.succeeded",
        "order.status_changed",
        "pet.status_changed",
        "pet.adopted",
    ]
    created, held, paid, approved, moved, adopted = (data for _, data in announced)
    assert created["order"]["items"] == [{"productId": pet["id"], "quantity": 1, "price": 150.0}]
    assert created["customer"] == {"id": user["id"], "email": "ada@example.com"}
    assert paid["payment"]["id"] == payment["id"]
    assert {created["order"]["id"], paid["payment"]["orderId"], approved["orderId"]} == {order["id"]}
    assert {held["petId"], moved["petId"], adopted["pet"]["id"]} == {pet["id"]}
    assert (held["newStatus"], moved["oldStatus"], moved["newStatus"]) == ("PENDING", "PENDING", "ADOPTED")
    assert adopted["adopter"] == {"id": user["id"], "name": "Ada Park", "email": "ada@example.com"}
    assert shop.pets.get(adopted["pet"]["id"])["status"] == "ADOPTED"
    assert shop.orders.get(approved["orderId"])["status"] == "APPROVED"
    assert shop.payments.get(paid["payment"]["id"])["status"] == "SUCCEEDED"
    assert shop.users.get(adopted["adopter"]["id"]) == user


@pytest.mark.parametrize("silent", ["payment.succeeded", "order.status_changed", "pet.status_changed", "pet.adopted"])
def test_what_cannot_be_told_did_not_happen(silent: str) -> None:
    dice = Chance(1).dice
    muted = [silent]

    def announce(event_type: str, _data: Payload) -> None:
        if event_type in muted:
            raise RuntimeError(event_type)

    shop = Shop(MemoryStore(), seeded(1), now=lambda: EPOCH, new_id=lambda: uuid7(EPOCH, dice), announce=announce)
    muted.clear()
    pet = shop.pets.add(PET)
    order = shop.orders.place({"petId": pet["id"], "userId": pet["id"]})
    muted.append(silent)

    with pytest.raises(RuntimeError, match=silent):
        shop.payments.pay(order["id"], {"source": card_source("4242424242424242")})

    assert shop.orders.get(order["id"]) == order
    assert shop.pets.get(pet["id"])["status"] == "PENDING"
