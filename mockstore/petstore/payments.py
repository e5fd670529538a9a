"""Payments of orders. The card's number decides the outcome, as with payment providers' test cards (contract 1.5)."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.events.cards import card_brand
from mockstore.events.rules import PAYMENT_ERRORS
from mockstore.model import Json, Payload
from mockstore.petstore import transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import demand, kept
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
"""By number: the code of the failure. Every other number succeeds; check digits are not looked at."""

_LAST = 4
_SEPARATORS = str.maketrans("", "", " -")


class Payments:
    """The payments of one tenant's orders. An unknown id raises `NotFoundError`, a bad document `ValidationError`."""

    def __init__(self, context: ShopContext, orders: Orders) -> None:
        self._context = context
        self._orders = orders
        self._shelf = context.shelf("payment")

    def pay(self, order_id: str, document: Payload) -> dict[str, Json]:
        """Pay an order (schema `payment-create`) and return the payment, be it SUCCEEDED or FAILED.

        What succeeds makes a PLACED order APPROVED and its pet ADOPTED; an APPROVED order can be paid again.
        Raises `ConflictError` for an order that has gone further.
        """
        with self._context.transaction():
            order = self._orders.get(order_id)
            due = {"amount": order["totalAmount"], "currency": order["currency"]}
            wanted = {**due, **document} if isinstance(document, Mapping) else document
            demand("payment-create", wanted)
            transitions.after("order", order_id, order["status"], "pay")
            payment = self._settled(order_id, kept("payment-create", wanted))
            self._shelf.put(payment)
            self._tell(payment)
            if payment["status"] == "SUCCEEDED":
                self._orders.approve(order_id)
            return self._shelf.get(payment["id"])

    def get(self, payment_id: str) -> dict[str, Json]:
        """Return the payment."""
        return self._shelf.get(payment_id)

    def _settled(self, order_id: str, wanted: Payload) -> dict[str, Json]:
        """Return the payment that comes of a request, at its end."""
        id_ = self._context.new_id()
        failure = failure_of(wanted["source"])
        status = transitions.after("payment", id_, "PENDING", "process")
        payment = {
            "id": id_,
            "orderId": order_id,
            "amount": wanted["amount"],
            "currency": wanted["currency"],
            "source": masked(wanted["source"]),
            "status": transitions.after("payment", id_, status, "succeed" if failure is None else "fail"),
        }
        if failure is not None:
            payment["error"] = failure
        return {**payment, "createdAt": self._context.moment()}

    def _tell(self, payment: Payload) -> None:
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
    """Return code and message of the failure that this source brings about, or None."""
    number = source.get("number", "").translate(_SEPARATORS)
    if source["object"] != "card" or number not in FAILING_CARDS:
        return None
    code = FAILING_CARDS[number]
    return {"code": code, "message": PAYMENT_ERRORS[code]}


def masked(source: Payload) -> dict[str, Json]:
    """Return a valid source as it may be shown and kept: no security code, and of its number the last four digits."""
    shown = {name: value for name, value in source.items() if name != "cvc"}
    field = "accountNumber" if "accountNumber" in source else "number"
    number = source[field].translate(_SEPARATORS)
    shown[field] = "*" * (len(number) - _LAST) + number[-_LAST:]
    shown["last4"] = number[-_LAST:]
    if source["object"] == "card":
        shown["brand"] = card_brand(number)
    return shown


def card_source(number: str) -> dict[str, Json]:
    """Return a card of this `number` to pay with, for callers who care for nothing else."""
    return {
        "object": "card",
        "name": "Petstore Customer",
        "number": number,
        "cvc": "123",
        "expMonth": 12,
        "expYear": 2030,
    }
