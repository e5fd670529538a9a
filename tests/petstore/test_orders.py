from collections.abc import Callable

import pytest

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.documents import check
from mockstore.petstore.errors import ConflictError, ValidationError
from mockstore.petstore.shop import Shop

ADA = "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f1"
BEN = "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f2"
CARD = {"object": "card", "name": "A", "number": "4242424242424242", "expMonth": 1, "expYear": 2030}


def types_of(announced: list[tuple[str, Payload]]) -> list[str]:
    return [event_type for event_type, _ in announced]


def test_an_order_costs_what_its_pet_costs(shop: Shop, pet_in: Callable[[str], str]) -> None:
    pet_id = pet_in("AVAILABLE")

    order = shop.orders.place({"petId": pet_id, "userId": ADA, "status": "DELIVERED", "totalAmount": "0"})

    assert shop.orders.get(order["id"]) == order
    assert check("order", order) == []
    assert (
        order | {"petId": pet_id, "userId": ADA, "status": "PLACED", "totalAmount": "99.50", "currency": "EUR"} == order
    )


def test_an_order_is_told_and_holds_its_pet(
    shop: Shop, pet_in: Callable[[str], str], announced: list[tuple[str, Payload]]
) -> None:
    pet_id = pet_in("AVAILABLE")

    order = shop.orders.place({"petId": pet_id, "userId": ADA})

    assert announced == [
        (
            "order.created",
            {
                "order": {
                    "id": order["id"],
                    "status": "PENDING",
                    "items": [{"productId": pet_id, "quantity": 1, "price": 99.5}],
                    "total": 99.5,
                    "currency": "EUR",
                },
                "customer": {"id": ADA, "email": "customer-a3b5c8d7e2f1@example.com"},
            },
        ),
        (
            "pet.status_changed",
            {
                "petId": pet_id,
                "oldStatus": "AVAILABLE",
                "newStatus": "PENDING",
                "reason": "Adoption application received",
            },
        ),
    ]
    assert shop.pets.get(pet_id)["status"] == "PENDING"


def test_a_pending_pet_can_be_ordered_again_without_a_second_change(
    shop: Shop, pet_in: Callable[[str], str], announced: list[tuple[str, Payload]]
) -> None:
    pet_id = pet_in("PENDING")

    shop.orders.place({"petId": pet_id, "userId": ADA})

    assert types_of(announced) == ["order.created"]


@pytest.mark.parametrize("status", ["ADOPTED", "NOT_AVAILABLE"])
def test_a_pet_that_is_not_to_be_had_cannot_be_ordered(
    shop: Shop, pet_in: Callable[[str], str], announced: list[tuple[str, Payload]], status: str
) -> None:
    with pytest.raises(ConflictError, match=f"is {status}, which allows: "):
        shop.orders.place({"petId": pet_in(status), "userId": ADA})

    assert announced == []


def test_an_order_of_an_unknown_pet_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="no pet 'pet_1'"):
        shop.orders.place({"petId": "pet_1", "userId": ADA})


def test_a_bad_order_is_refused_with_all_its_mistakes(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="petId is required; userId must look like"):
        shop.orders.place({"userId": "me"})


@pytest.mark.parametrize("verb", ["get", "ship", "deliver", "cancel", "approve"])
def test_an_unknown_order_is_not_found(shop: Shop, verb: str) -> None:
    with pytest.raises(NotFoundError, match="no order 'none'"):
        getattr(shop.orders, verb)("none")


@pytest.mark.parametrize(
    ("status", "move"),
    [
        pytest.param("APPROVED", ("ship", "PROCESSING", "SHIPPED"), id="ship"),
        pytest.param("SHIPPED", ("deliver", "SHIPPED", "DELIVERED"), id="deliver"),
        pytest.param("PLACED", ("cancel", "PENDING", "CANCELLED"), id="cancel"),
        pytest.param("APPROVED", ("cancel", "PROCESSING", "CANCELLED"), id="cancel after payment"),
    ],
)
def test_an_order_that_moves_on_is_told(
    shop: Shop,
    order_in: Callable[[str], str],
    announced: list[tuple[str, Payload]],
    status: str,
    move: tuple[str, str, str],
) -> None:
    verb, old, new = move
    order_id = order_in(status)

    order = getattr(shop.orders, verb)(order_id)

    assert shop.orders.get(order_id) == order
    assert announced[0] == (
        "order.status_changed",
        {"orderId": order_id, "oldStatus": old, "newStatus": new, "timestamp": order["updatedAt"]},
    )


@pytest.mark.parametrize("status", ["PLACED", "APPROVED"])
def test_the_pet_of_a_cancelled_order_is_free_again(
    shop: Shop, order_in: Callable[[str], str], announced: list[tuple[str, Payload]], status: str
) -> None:
    order_id = order_in(status)

    pet_id = shop.orders.cancel(order_id)["petId"]

    assert shop.pets.get(pet_id)["status"] == "AVAILABLE"
    assert types_of(announced) == ["order.status_changed", "pet.status_changed"]


def test_a_pet_stays_held_by_another_order(shop: Shop, pet_in: Callable[[str], str]) -> None:
    pet_id = pet_in("AVAILABLE")
    first, second = (shop.orders.place({"petId": pet_id, "userId": user}) for user in (ADA, BEN))

    shop.orders.cancel(first["id"])
    held = shop.pets.get(pet_id)["status"]
    shop.orders.cancel(second["id"])

    assert (held, shop.pets.get(pet_id)["status"]) == ("PENDING", "AVAILABLE")


def test_a_pet_that_another_order_won_stays_adopted(shop: Shop, pet_in: Callable[[str], str]) -> None:
    pet_id = pet_in("AVAILABLE")
    loser, winner = (shop.orders.place({"petId": pet_id, "userId": user}) for user in (ADA, BEN))
    for order in (winner, loser):
        shop.payments.pay(order["id"], {"source": CARD})

    shop.orders.cancel(loser["id"])

    assert shop.pets.get(pet_id)["status"] == "ADOPTED"


@pytest.mark.parametrize(("paid", "status"), [(2, "ADOPTED"), (1, "PENDING")], ids=["paid, too", "only placed"])
def test_an_adopted_pet_is_left_to_the_other_order_that_holds_it(
    shop: Shop, pet_in: Callable[[str], str], paid: int, status: str
) -> None:
    pet_id = pet_in("AVAILABLE")
    first, second = (shop.orders.place({"petId": pet_id, "userId": user}) for user in (ADA, BEN))
    for order in (first, second)[:paid]:
        shop.payments.pay(order["id"], {"source": CARD})

    shop.orders.cancel(first["id"])
    held = shop.pets.get(pet_id)["status"]
    shop.orders.cancel(second["id"])

    assert (held, shop.pets.get(pet_id)["status"]) == (status, "AVAILABLE")


def test_the_order_of_a_removed_pet_goes_on(shop: Shop, order_in: Callable[[str], str]) -> None:
    order_id = order_in("PLACED")
    shop.pets.remove(shop.orders.get(order_id)["petId"])

    assert shop.payments.pay(order_id, {"source": CARD})["status"] == "SUCCEEDED"
    assert shop.orders.cancel(order_id)["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("status", "asked", "outcome"),
    [
        pytest.param("PLACED", {}, ("COMPLETED", "The order was processed."), id="as it is"),
        pytest.param("PLACED", {"amount": "99.5"}, ("COMPLETED", "The order was processed."), id="an equal amount"),
        pytest.param("PLACED", {"amount": "10"}, ("FAILED", "The order costs 99.50, not 10."), id="another amount"),
        pytest.param("PLACED", {"currency": "USD"}, ("FAILED", "The order is in EUR, not USD."), id="another currency"),
        pytest.param("CANCELLED", {}, ("FAILED", "The order is cancelled."), id="cancelled"),
    ],
)
def test_processing_an_order_owes_its_caller_the_outcome(
    shop: Shop,
    order_in: Callable[[str], str],
    status: str,
    asked: dict[str, Json],
    outcome: tuple[str, str],
) -> None:
    order_id = order_in(status)

    processing = shop.orders.process(order_id, {"callbackUrl": "https://shop.example/done", **asked})

    document = processing.callback.document
    assert check("order-processing", processing.answer) == check("order-processed", document) == []
    assert processing.callback.url == "https://shop.example/done"
    assert document["requestId"] == processing.answer["requestId"]
    assert (document["status"], document["result"]["message"]) == outcome


def test_a_request_without_a_way_back_is_refused(shop: Shop, order_in: Callable[[str], str]) -> None:
    with pytest.raises(ValidationError, match="callbackUrl is required"):
        shop.orders.process(order_in("PLACED"), {})
