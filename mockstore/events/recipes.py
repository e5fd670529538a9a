"""Makes random, coherent data for each Petstore event type. Pure: `Draw` holds the time and the dice."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from mockstore.events.cards import TEST_CARDS, card_brand
from mockstore.events.draw import Draw, mail_address
from mockstore.events.encode import rfc3339
from mockstore.events.rules import DEFAULT_PAYMENT_ERROR, ORDER_STEPS, PAYMENT_ERRORS, PET_NAMES, PET_STEPS
from mockstore.model import Json

Recipe: TypeAlias = Callable[[Draw], dict[str, Json]]

_SPECIES = tuple(PET_NAMES)
_PET_STEPS = tuple(PET_STEPS)
_CENTS = 100
"""Money is calculated in cents and divided once, so that 5998 is 59.98 and not 59.980000000000004."""
_MOST_ITEMS = 3
_MOST_QUANTITY = 4
_PRICES = (499, 14_999)
"""The lowest and the highest price of a product, in cents."""
_AMOUNTS = (1_500, 60_000)
"""The lowest and the highest price of an adoption, in cents."""


def _pet_adopted(draw: Draw) -> dict[str, Json]:
    species = draw.pick(_SPECIES)
    name = draw.name()
    return {
        "pet": {
            "id": draw.earlier_id(),
            "name": draw.pick(PET_NAMES[species]),
            "species": species,
            "status": "ADOPTED",
        },
        "adopter": {"id": draw.earlier_id(), "name": name, "email": mail_address(name, draw.mail_domain())},
        "adoptionDate": rfc3339(draw.now)[:10],
    }


def _pet_status_changed(draw: Draw) -> dict[str, Json]:
    step = draw.pick(_PET_STEPS)
    return {
        "petId": draw.earlier_id(),
        "oldStatus": step[0],
        "newStatus": step[1],
        "reason": draw.pick(PET_STEPS[step]),
    }


def _order_created(draw: Draw) -> dict[str, Json]:
    lines = [(draw.number(1, _MOST_QUANTITY), draw.number(*_PRICES)) for _ in range(draw.number(1, _MOST_ITEMS))]
    return {
        "order": {
            "id": draw.new_id(),
            "status": "PENDING",
            "items": [
                {"productId": draw.earlier_id(), "quantity": quantity, "price": cents / _CENTS}
                for quantity, cents in lines
            ],
            "total": sum(quantity * cents for quantity, cents in lines) / _CENTS,
            "currency": draw.currency(),
        },
        "customer": {"id": draw.earlier_id(), "email": mail_address(draw.name(), draw.mail_domain())},
    }


def _order_status_changed(draw: Draw) -> dict[str, Json]:
    old, new = draw.pick(ORDER_STEPS)
    return {"orderId": draw.earlier_id(), "oldStatus": old, "newStatus": new, "timestamp": rfc3339(draw.now)}


def _payment_succeeded(draw: Draw) -> dict[str, Json]:
    number = draw.pick(TEST_CARDS)
    return {
        "payment": _payment(draw, "SUCCEEDED"),
        "paymentMethod": {"type": "CARD", "last4": number[-4:], "brand": card_brand(number)},
    }


def _payment_failed(draw: Draw) -> dict[str, Json]:
    code = DEFAULT_PAYMENT_ERROR
    return {"payment": _payment(draw, "FAILED"), "error": {"code": code, "message": PAYMENT_ERRORS[code]}}


def _payment(draw: Draw, status: str) -> dict[str, Json]:
    return {
        "id": draw.new_id(),
        "orderId": draw.earlier_id(),
        "amount": draw.number(*_AMOUNTS) / _CENTS,
        "currency": draw.currency(),
        "status": status,
    }


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "pet.adopted": _pet_adopted,
        "pet.status_changed": _pet_status_changed,
        "order.created": _order_created,
        "order.status_changed": _order_status_changed,
        "payment.succeeded": _payment_succeeded,
        "payment.failed": _payment_failed,
    }
)
"""The function that makes the data, by event type; a type without one is made from its schema's example."""
