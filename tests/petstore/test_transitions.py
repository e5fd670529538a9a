from collections.abc import Callable

import pytest

from mockstore.petstore import transitions
from mockstore.petstore.documents import resolved_schema
from mockstore.petstore.errors import ConflictError
from mockstore.petstore.shop import Shop

PET = ("AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE")
ORDER = ("PLACED", "APPROVED", "SHIPPED", "DELIVERED", "CANCELLED")
PAYMENT = ("PENDING", "PROCESSING", "SUCCEEDED", "FAILED", "CANCELLED")

LEGAL = {
    ("pet", "AVAILABLE", "order"): "PENDING",
    ("pet", "PENDING", "order"): "PENDING",
    ("pet", "AVAILABLE", "adopt"): "ADOPTED",
    ("pet", "PENDING", "adopt"): "ADOPTED",
    ("pet", "PENDING", "release"): "AVAILABLE",
    ("pet", "ADOPTED", "release"): "AVAILABLE",
    ("pet", "ADOPTED", "await"): "PENDING",
    ("order", "PLACED", "pay"): "APPROVED",
    ("order", "APPROVED", "pay"): "APPROVED",
    ("order", "APPROVED", "ship"): "SHIPPED",
    ("order", "SHIPPED", "deliver"): "DELIVERED",
    ("order", "PLACED", "cancel"): "CANCELLED",
    ("order", "APPROVED", "cancel"): "CANCELLED",
    ("payment", "PENDING", "process"): "PROCESSING",
    ("payment", "PROCESSING", "succeed"): "SUCCEEDED",
    ("payment", "PROCESSING", "fail"): "FAILED",
    ("payment", "PENDING", "cancel"): "CANCELLED",
}

EVERY = [
    pytest.param(kind, status, verb, id=f"{kind}-{status}-{verb}")
    for kind, statuses, verbs in [
        ("pet", PET, ("order", "adopt", "release", "await")),
        ("order", ORDER, ("pay", "ship", "deliver", "cancel")),
        ("payment", PAYMENT, ("process", "succeed", "fail", "cancel")),
    ]
    for status in statuses
    for verb in verbs
]


@pytest.mark.parametrize(("kind", "status", "verb"), EVERY)
def test_a_verb_leads_where_the_contract_says_or_is_a_conflict(kind: str, status: str, verb: str) -> None:
    wanted = LEGAL.get((kind, status, verb))

    if wanted is not None:
        assert transitions.next_status(kind, "x", status, verb) == wanted
        return
    with pytest.raises(ConflictError) as caught:
        transitions.next_status(kind, "x", status, verb)
    assert set(caught.value.allowed) == {name for known, at, name in LEGAL if (known, at) == (kind, status)}


@pytest.mark.parametrize(
    ("kind", "statuses"), [("pet", PET), ("order", ORDER), ("payment", PAYMENT)], ids=["pet", "order", "payment"]
)
def test_the_table_speaks_of_the_statuses_of_the_schema(kind: str, statuses: tuple[str, ...]) -> None:
    allowed = resolved_schema(f"{kind}-status")["enum"]

    assert tuple(allowed) == statuses
    assert {status for moves in transitions.TABLE[kind].values() for step in moves.items() for status in step} <= set(
        allowed
    )


def test_events_speak_of_an_order_in_the_words_of_the_guide() -> None:
    words = [transitions.event_word(status) for status in ORDER]

    assert words == ["PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"]


@pytest.mark.parametrize("verb", ["pay", "ship", "deliver", "cancel"])
@pytest.mark.parametrize("status", ORDER)
def test_the_shop_keeps_to_the_table_of_orders(
    shop: Shop, order_in: Callable[[str], str], status: str, verb: str
) -> None:
    order_id = order_in(status)
    source = {"object": "bank_account", "name": "A", "number": "00012345"}
    verbs: dict[str, Callable[[], object]] = {
        "pay": lambda: shop.payments.pay(order_id, {"source": source, "currency": "EUR"}),
        "ship": lambda: shop.orders.ship(order_id),
        "deliver": lambda: shop.orders.deliver(order_id),
        "cancel": lambda: shop.orders.cancel(order_id),
    }
    wanted = LEGAL.get(("order", status, verb))

    if wanted is None:
        with pytest.raises(ConflictError):
            verbs[verb]()
    else:
        verbs[verb]()

    assert shop.orders.get(order_id)["status"] == (wanted or status)


@pytest.mark.parametrize("verb", ["order", "adopt"])
@pytest.mark.parametrize("status", PET)
def test_the_shop_keeps_to_the_table_of_pets(shop: Shop, pet_in: Callable[[str], str], status: str, verb: str) -> None:
    pet_id = pet_in(status)
    verbs: dict[str, Callable[[], object]] = {
        "order": lambda: shop.orders.place({"petId": pet_id, "userId": "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f1"}),
        "adopt": lambda: shop.pets.adopt(pet_id),
    }
    wanted = LEGAL.get(("pet", status, verb))

    if wanted is None:
        with pytest.raises(ConflictError):
            verbs[verb]()
    else:
        verbs[verb]()

    assert shop.pets.get(pet_id)["status"] == (wanted or status)
