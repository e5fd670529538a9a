"""With any seed and any overrides, events of the factory are valid, coherent and reproducible."""

import random
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mockstore.events import (
    ORDER_STEPS,
    PAYMENT_ERRORS,
    PET_STEPS,
    EventFactory,
    card_brand,
    encode,
    petstore_catalogue,
)
from mockstore.events.cards import TEST_CARDS
from mockstore.events.draw import mail_address
from mockstore.model import Json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FACTORY = EventFactory(petstore_catalogue())
TYPES = petstore_catalogue().types

SEEDS = st.integers(0, 2**64)
TEXT = st.text(min_size=1, max_size=50)
IDS = st.uuids().map(str)
MONEY = st.integers(0, 10**9).map(lambda cents: cents / 100)
EMAILS = st.sampled_from(["ada@example.com", "b.c+d@mail.example.org"])
CURRENCIES = st.sampled_from(["USD", "EUR", "CHF"])
PET_STATES = st.sampled_from(["AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE"])
ORDER_STATES = st.sampled_from(["PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"])
ITEMS = st.lists(
    st.fixed_dictionaries({"productId": IDS, "quantity": st.integers(1, 99), "price": MONEY}), min_size=1, max_size=4
)
PAYMENT = {"payment.id": IDS, "payment.orderId": IDS, "payment.amount": MONEY, "payment.currency": CURRENCIES}
GOOD_VALUES: dict[str, dict[str, st.SearchStrategy[Json]]] = {
    "pet.adopted": {
        "pet.id": IDS,
        "pet.name": TEXT,
        "pet.species": st.sampled_from(["DOG", "CAT", "RABBIT", "BIRD", "REPTILE", "OTHER"]),
        "adopter.name": TEXT,
        "adopter.email": EMAILS,
        "adoptionDate": st.dates().map(str),
    },
    "pet.status_changed": {"petId": IDS, "oldStatus": PET_STATES, "newStatus": PET_STATES, "reason": TEXT},
    "order.created": {
        "order.items": ITEMS,
        "order.total": MONEY,
        "order.items.0.quantity": st.integers(1, 99),
        "order.items.0.price": MONEY,
        "order.status": ORDER_STATES,
        "order.currency": CURRENCIES,
        "customer.email": EMAILS,
    },
    "order.status_changed": {"orderId": IDS, "oldStatus": ORDER_STATES, "newStatus": ORDER_STATES},
    "payment.succeeded": {
        **PAYMENT,
        "paymentMethod.type": st.sampled_from(["CARD", "BANK_ACCOUNT"]),
        "paymentMethod.brand": st.sampled_from(["Visa", "Mastercard", "Discover", "Fantasy"]),
        "paymentMethod.last4": st.sampled_from(["4242", "0005", "1234"]),
    },
    "payment.failed": {**PAYMENT, "error.code": st.sampled_from(list(PAYMENT_ERRORS)), "error.message": TEXT},
}


@st.composite
def types_and_overrides(draw: st.DrawFn) -> tuple[str, dict[str, Json]]:
    name = draw(st.sampled_from(TYPES))
    overrides = draw(st.fixed_dictionaries({}, optional=GOOD_VALUES[name]))
    if "order.items" in overrides:
        overrides = {path: value for path, value in overrides.items() if not path.startswith("order.items.")}
    return name, overrides


def make(name: str, overrides: dict[str, Json] | None = None, *, seed: int = 0, invalid: bool = False) -> Json:
    return FACTORY.make(name, now=NOON, dice=dice(seed), overrides=overrides, invalid=invalid)


def dice(seed: int = 0) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing secret is drawn


def incoherences(name: str, data: Json, given_paths: set[str]) -> list[str]:
    """Return the rules that `data` breaks, without those whose members the caller has set."""
    return [claim for claim, (holds, paths) in CLAIMS[name](data).items() if not holds and not paths <= given_paths]


def pet_adopted(data: Json) -> dict[str, tuple[bool, set[str]]]:
    local_part, _, domain = data["adopter"]["email"].partition("@")
    belongs = mail_address(data["adopter"]["name"], domain) == f"{local_part}@{domain}"
    return {
        "the e-mail belongs to the name": (belongs, {"adopter.email"}),
        "the e-mail's domain is reserved": (
            domain in {"example.com", "example.net", "example.org"},
            {"adopter.email"},
        ),
        "the date is today": (data["adoptionDate"] == "2026-01-01", {"adoptionDate"}),
    }


def pet_status_changed(data: Json) -> dict[str, tuple[bool, set[str]]]:
    step = (data["oldStatus"], data["newStatus"])
    return {
        "the states differ": (step[0] != step[1], {"oldStatus", "newStatus"}),
        "the step is one that pets take": (step in PET_STEPS, {"oldStatus", "newStatus"}),
        "the reason fits": (data["reason"] in PET_STEPS.get(step, ["Changed by staff"]), {"reason"}),
    }


def order_created(data: Json) -> dict[str, tuple[bool, set[str]]]:
    total = sum(item["quantity"] * Decimal(str(item["price"])) for item in data["order"]["items"])
    return {
        "the total is the sum": (Decimal(str(data["order"]["total"])) == total, {"order.total"}),
        "the order is new": (data["order"]["status"] == "PENDING", {"order.status"}),
    }


def order_status_changed(data: Json) -> dict[str, tuple[bool, set[str]]]:
    step = (data["oldStatus"], data["newStatus"])
    no_way_there = {"newStatus"} if step[1] == "PENDING" else set[str]()
    no_way_on = {"oldStatus"} if step[0] in {"DELIVERED", "CANCELLED"} else set[str]()
    return {
        "the states differ": (step[0] != step[1], {"oldStatus", "newStatus"}),
        "the step is one that orders take": (
            step in ORDER_STEPS,
            no_way_there or no_way_on or {"oldStatus", "newStatus"},
        ),
        "it happened when the event says": (data["timestamp"] == "2026-01-01T12:00:00Z", {"timestamp"}),
    }


def payment_succeeded(data: Json) -> dict[str, tuple[bool, set[str]]]:
    method = data["paymentMethod"]
    card = any(number[-4:] == method["last4"] and card_brand(number) == method.get("brand") for number in TEST_CARDS)
    known = method.get("brand") in {card_brand(number) for number in TEST_CARDS}
    decided = {"paymentMethod.last4"} if known else {"paymentMethod.brand"}
    return {
        "the brand fits the number": (card or method["type"] != "CARD", decided),
        "only cards have a brand": (("brand" in method) == (method["type"] == "CARD"), {"paymentMethod.brand"}),
    }


def payment_failed(data: Json) -> dict[str, tuple[bool, set[str]]]:
    error = data["error"]
    return {"the message fits the code": (error["message"] == PAYMENT_ERRORS[error["code"]], {"error.message"})}


CLAIMS = {
    "pet.adopted": pet_adopted,
    "pet.status_changed": pet_status_changed,
    "order.created": order_created,
    "order.status_changed": order_status_changed,
    "payment.succeeded": payment_succeeded,
    "payment.failed": payment_failed,
}
"""By event type: the rules of coherent data, each with whether it holds and the paths that it depends on."""


@settings(deadline=None, max_examples=200)
@given(name=st.sampled_from(TYPES), seed=SEEDS)
def test_what_is_made_is_valid_coherent_and_nothing_extra(name: str, seed: int) -> None:
    event = make(name, seed=seed)

    assert petstore_catalogue().mistakes(event) == []
    assert petstore_catalogue().extras(event) == []
    assert incoherences(name, event["data"], set()) == []


@settings(deadline=None, max_examples=300)
@given(case=types_and_overrides(), seed=SEEDS)
def test_overrides_leave_it_valid_and_coherent(case: tuple[str, dict[str, Json]], seed: int) -> None:
    name, overrides = case

    event = make(name, overrides, seed=seed)

    assert petstore_catalogue().mistakes(event) == []
    assert petstore_catalogue().extras(event) == []
    assert incoherences(name, event["data"], set(overrides)) == []
    for path, value in overrides.items():
        node = event["data"]
        for step in path.split("."):
            node = node[int(step)] if isinstance(node, list) else node[step]
        assert node == value


@settings(deadline=None, max_examples=50)
@given(case=types_and_overrides(), seed=SEEDS)
def test_the_same_dice_give_the_same_bytes(case: tuple[str, dict[str, Json]], seed: int) -> None:
    name, overrides = case

    assert encode(make(name, overrides, seed=seed)) == encode(make(name, overrides, seed=seed))
