"""Payments of orders. The card number decides the outcome, as with test cards of payment providers (contract 1.5)."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.events.cards import card_brand
from mockstore.events.rules import PAYMENT_ERRORS
from mockstore.model import Json, Payload
from mockstore.petstore import transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import require_valid, writable_members
from mockstore.petstore.money import event_number
from mockstore.petstore.orders import Orders

FAILING_CARDS: Mapping[str, str] = MappingProxyType(
    {
        "4000000000000002": "CARD_DECLINED",
        "4000000000009995": "INSUFFICIENT_FUNDS",
        "4000000000000069": "EXPIRED_CARD",
        "4000000000000127": "INCORRECT_CVC",
        "4000000000000119": "PROCESSING_ERROR",
    }
)
"""By card number: the code of the failure. All other numbers succeed; check digits are not verified."""

_SHOWN_DIGITS = 4
_SEPARATORS = str.maketrans("", "", " -")


class Payments:
    """The payments of one tenant. Raises `NotFoundError` for an unknown id, `ValidationError` for a bad document."""

    def __init__(self, context: ShopContext, orders: Orders) -> None:
        self._context = context
        self._orders = orders
        self._resources = context.resources("payment")

    def pay(self, order_id: str, document: Payload) -> dict[str, Json]:
        """Pay an order (schema `payment-create`) and return the payment, which is SUCCEEDED or FAILED.

        Success makes a PLACED order APPROVED and its pet ADOPTED; an APPROVED order can be paid again.
        Raise `ConflictError` when the order is shipped, delivered or cancelled.
        """
        with self._context.transaction():
            order = self._orders.get(order_id)
            due = {"amount": order["totalAmount"], "currency": order["currency"]}
            request = {**due, **document} if isinstance(document, Mapping) else document
            require_valid("payment-create", request)
            transitions.next_status("order", order_id, order["status"], "pay")
            payment = self._new_payment(order_id, writable_members("payment-create", request))
            self._resources.put(payment)
            self._announce(payment)
            if payment["status"] == "SUCCEEDED":
                self._orders.approve(order_id)
            return self._resources.get(payment["id"])

    def get(self, payment_id: str) -> dict[str, Json]:
        """Return a payment; its source is masked."""
        return self._resources.get(payment_id)

    def _new_payment(self, order_id: str, request: Payload) -> dict[str, Json]:
        """Return the payment for a valid request, with its final status."""
        id_ = self._context.new_id()
        failure = failure_of(request["source"])
        status = transitions.next_status("payment", id_, "PENDING", "process")
        payment = {
            "id": id_,
            "orderId": order_id,
            "amount": request["amount"],
            "currency": request["currency"],
            "source": masked(request["source"]),
            "status": transitions.next_status("payment", id_, status, "succeed" if failure is None else "fail"),
        }
        if failure is not None:
            payment["error"] = failure
        return {**payment, "createdAt": self._context.moment()}

    def _announce(self, payment: Payload) -> None:
        shown = {name: payment[name] for name in ("id", "orderId", "amount", "currency", "status")}
        shown["amount"] = event_number(payment["amount"])
        if "error" in payment:
            self._context.announce("payment.failed", {"payment": shown, "error": dict(payment["error"])})
            return
        source = payment["source"]
        method = {"type": source["object"].upper(), "last4": source["last4"]}
        if "brand" in source:
            method["brand"] = source["brand"]
        self._context.announce("payment.succeeded", {"payment": shown, "paymentMethod": method})


def failure_of(source: Payload) -> dict[str, str] | None:
    """Return code and message of the failure that a source causes; None when the payment succeeds."""
    number = source.get("number", "").translate(_SEPARATORS)
    if source["object"] != "card" or number not in FAILING_CARDS:
        return None
    code = FAILING_CARDS[number]
    return {"code": code, "message": PAYMENT_ERRORS[code]}


def masked(source: Payload) -> dict[str, Json]:
    """Return a copy of a valid source without its security code and with all but the last four digits masked."""
    shown = {name: value for name, value in source.items() if name != "cvc"}
    field = "accountNumber" if "accountNumber" in source else "number"
    number = source[field].translate(_SEPARATORS)
    shown[field] = "*" * (len(number) - _SHOWN_DIGITS) + number[-_SHOWN_DIGITS:]
    shown["last4"] = number[-_SHOWN_DIGITS:]
    if source["object"] == "card":
        shown["brand"] = card_brand(number)
    return shown


def card_source(number: str) -> dict[str, Json]:
    """Return a valid source for a card with this `number`; its other members are sample values."""
    return {
        "object": "card",
        "name": "Petstore Customer",
        "number": number,
        "cvc": "123",
        "expMonth": 12,
        "expYear": 2030,
    }
