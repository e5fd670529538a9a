from collections.abc import Callable

import pytest

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.documents import check
from mockstore.petstore.errors import ValidationError
from mockstore.petstore.payments import FAILING_CARDS, card_source, masked
from mockstore.petstore.shop import Shop

GOOD = "4242424242424242"
UK_BANK = {
    "object": "bank_account",
    "name": "A",
    "number": "0001-2345",
    "sortCode": "000123",
    "accountType": "individual",
}
US_BANK = {
    "object": "bank_account",
    "accountHolderName": "A",
    "accountNumber": "000123456789",
    "routingNumber": "110000000",
}


def types_of(announced: list[tuple[str, Payload]]) -> list[str]:
    return [event_type for event_type, _ in announced]


@pytest.mark.parametrize(
    ("source", "method"),
    [
        pytest.param(card_source(GOOD), {"type": "CARD", "last4": "4242", "brand": "Visa"}, id="a card"),
        pytest.param(
            card_source("5555-5555-5555-4444"), {"type": "CARD", "last4": "4444", "brand": "Mastercard"}, id="dashes"
        ),
        pytest.param(
            card_source("1234567890123"), {"type": "CARD", "last4": "0123", "brand": "Unknown"}, id="any digits"
        ),
        pytest.param(UK_BANK, {"type": "BANK_ACCOUNT", "last4": "2345"}, id="an account by sort code"),
        pytest.param(US_BANK, {"type": "BANK_ACCOUNT", "last4": "6789"}, id="an account by routing number"),
        pytest.param(
            {**UK_BANK, "number": "4000000000000002"}, {"type": "BANK_ACCOUNT", "last4": "0002"}, id="no card's number"
        ),
    ],
)
def test_a_payment_approves_its_order(
    shop: Shop,
    order_in: Callable[[str], str],
    announced: list[tuple[str, Payload]],
    source: dict[str, Json],
    method: dict[str, Json],
) -> None:
    order_id = order_in("PLACED")

    payment = shop.payments.pay(order_id, {"source": source})

    assert check("payment", payment) == []
    assert shop.payments.get(payment["id"]) == payment
    assert payment | {"status": "SUCCEEDED", "amount": "99.50", "currency": "EUR", "orderId": order_id} == payment
    assert shop.orders.get(order_id)["status"] == "APPROVED"
    assert dict(announced)["payment.succeeded"] == {
        "payment": {
            "id": payment["id"],
            "orderId": order_id,
            "amount": 99.5,
            "currency": "EUR",
            "status": "SUCCEEDED",
        },
        "paymentMethod": method,
    }


@pytest.mark.parametrize("number", [*FAILING_CARDS, "4000 0000 0000 0002"])
def test_a_test_card_fails_as_it_is_known_to(
    shop: Shop, order_in: Callable[[str], str], announced: list[tuple[str, Payload]], number: str
) -> None:
    order_id = order_in("PLACED")

    payment = shop.payments.pay(order_id, {"source": card_source(number)})

    code = FAILING_CARDS[number.replace(" ", "")]
    assert check("payment", payment) == []
    assert (payment["status"], payment["error"]["code"]) == ("FAILED", code)
    assert types_of(announced) == ["payment.failed"]
    assert dict(announced)["payment.failed"]["error"] == payment["error"]
    assert shop.orders.get(order_id)["status"] == "PLACED"


def test_the_test_cards_are_those_of_the_contract() -> None:
    assert FAILING_CARDS == {
        "4000000000000002": "CARD_DECLINED",
        "4000000000009995": "INSUFFICIENT_FUNDS",
        "4000000000000069": "EXPIRED_CARD",
        "4000000000000127": "INCORRECT_CVC",
        "4000000000000119": "PROCESSING_ERROR",
    }


def test_a_failed_payment_can_be_tried_again(shop: Shop, order_in: Callable[[str], str]) -> None:
    order_id = order_in("PLACED")

    shop.payments.pay(order_id, {"source": card_source("4000000000000002")})
    shop.payments.pay(order_id, {"source": card_source(GOOD)})

    assert shop.orders.get(order_id)["status"] == "APPROVED"


@pytest.mark.parametrize(
    ("number", "event_type"), [(GOOD, "payment.succeeded"), ("4000000000000002", "payment.failed")], ids=["good", "bad"]
)
def test_an_approved_order_can_be_paid_again_and_moves_no_further(
    shop: Shop, order_in: Callable[[str], str], announced: list[tuple[str, Payload]], number: str, event_type: str
) -> None:
    order_id = order_in("APPROVED")

    shop.payments.pay(order_id, {"source": card_source(number)})

    assert types_of(announced) == [event_type]
    assert shop.orders.get(order_id)["status"] == "APPROVED"


def test_amount_and_currency_are_echoed_as_sent(
    shop: Shop, order_in: Callable[[str], str], announced: list[tuple[str, Payload]]
) -> None:
    sent = {"amount": "9999999999.9", "currency": "GBP", "source": card_source(GOOD)}

    payment = shop.payments.pay(order_in("PLACED"), sent)

    assert (payment["amount"], payment["currency"]) == ("9999999999.9", "GBP")
    assert dict(announced)["payment.succeeded"]["payment"]["amount"] == 9999999999.9


@pytest.mark.parametrize("document", [{}, {"amount": "1"}, [], None, "card"], ids=repr)
def test_a_payment_needs_a_source(shop: Shop, order_in: Callable[[str], str], document: Json) -> None:
    with pytest.raises(ValidationError):
        shop.payments.pay(order_in("PLACED"), document)


def test_an_order_in_a_currency_that_cannot_be_paid_says_so(shop: Shop) -> None:
    pet = shop.pets.add({"name": "Rex", "species": "DOG", "ageMonths": 8, "price": "9", "currency": "JPY"})
    order = shop.orders.place({"petId": pet["id"], "userId": pet["id"]})

    with pytest.raises(ValidationError, match="currency must be one of USD, EUR, GBP, CAD, AUD; found 'JPY'"):
        shop.payments.pay(order["id"], {"source": card_source(GOOD)})


def test_an_unknown_order_or_payment_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="no order 'none'"):
        shop.payments.pay("none", {"source": card_source(GOOD)})
    with pytest.raises(NotFoundError, match="no payment 'none'"):
        shop.payments.get("none")


@pytest.mark.parametrize(
    ("source", "field", "number"),
    [
        pytest.param(card_source("4242-4242 4242-4242"), "number", "************4242", id="card"),
        pytest.param(UK_BANK, "number", "****2345", id="sort code"),
        pytest.param(US_BANK, "accountNumber", "********6789", id="routing number"),
        pytest.param({**UK_BANK, "number": "1234"}, "number", "1234", id="nothing to mask"),
    ],
)
def test_a_source_is_shown_without_its_secrets(source: dict[str, Json], field: str, number: str) -> None:
    shown = masked(source)

    assert "cvc" not in shown
    assert (shown[field], shown["last4"]) == (number, number[-4:])


def test_a_payment_keeps_no_card_number(shop: Shop, order_in: Callable[[str], str]) -> None:
    payment = shop.payments.pay(order_in("PLACED"), {"source": {**card_source(GOOD), "cvc": "987"}})

    assert GOOD not in str(payment)
    assert "987" not in str(payment["source"])
