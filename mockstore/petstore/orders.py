"""The orders of a shop: placing, moving on, cancelling and processing, and the events that follow."""

from typing import Final

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore import transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import demand
from mockstore.petstore.money import amount_of, event_number
from mockstore.petstore.people import customer, open_orders
from mockstore.petstore.pets import Pets

_CANCELLED: Final = "Order cancelled"


class Callback(Struct, frozen=True):
    """What is owed to a caller: a POST of `document` (schema `order-processed`) to `url`."""

    url: str
    document: Payload


class Processing(Struct, frozen=True):
    """A request to process an order: the answer for now (schema `order-processing`), and the callback for later."""

    answer: dict[str, Json]
    callback: Callback


class Orders:
    """The orders of one tenant. An unknown id raises `NotFoundError`, a bad document `ValidationError`."""

    def __init__(self, context: ShopContext, pets: Pets) -> None:
        self._context = context
        self._pets = pets
        self._shelf = context.shelf("order")

    def place(self, document: Payload) -> dict[str, Json]:
        """Order a pet (schema `order-create`) and return the order; the pet becomes PENDING.

        Raises `NotFoundError` for an unknown pet and `ConflictError` for one that cannot be had.
        """
        demand("order-create", document)
        with self._context.transaction():
            pet = self._pets.get(document["petId"])
            transitions.after("pet", pet["id"], pet["status"], "order")
            order = self._new_order(pet, document["userId"])
            self._shelf.put(order)
            self._context.announce("order.created", self._created(order))
            self._pets.move(pet["id"], "order", "Adoption application received")
            return self._shelf.get(order["id"])

    def get(self, order_id: str) -> dict[str, Json]:
        """Return the order."""
        return self._shelf.get(order_id)

    def approve(self, order_id: str) -> dict[str, Json]:
        """Take note that the order is paid, and return it; its pet is adopted, unless it is no longer to be had."""
        with self._context.transaction():
            before = self._shelf.get(order_id)
            after = self._advance(before, "pay")
            if after["status"] != before["status"]:
                self._hand_over(after)
            return after

    def ship(self, order_id: str) -> dict[str, Json]:
        """Ship an APPROVED order and return it; raise `ConflictError` for any other."""
        with self._context.transaction():
            return self._advance(self._shelf.get(order_id), "ship")

    def deliver(self, order_id: str) -> dict[str, Json]:
        """Deliver a SHIPPED order and return it; raise `ConflictError` for any other."""
        with self._context.transaction():
            return self._advance(self._shelf.get(order_id), "deliver")

    def cancel(self, order_id: str) -> dict[str, Json]:
        """Cancel a PLACED or APPROVED order and return it; its pet is free again, unless another order holds it.

        The order can still be read. Raises `ConflictError` for an order that has gone further.
        """
        with self._context.transaction():
            after = self._advance(self._shelf.get(order_id), "cancel")
            self._let_go(after)
            return after

    def process(self, order_id: str, request: Payload) -> Processing:
        """Take on a request (schema `order-request`) to process the order; nothing changes.

        The outcome is FAILED when the order is cancelled or costs something else than the request says.
        """
        order = self._shelf.get(order_id)
        demand("order-request", request)
        moment = self._context.moment()
        ids = {"requestId": self._context.new_id(), "orderId": order_id}
        result = {
            "message": _objection(order, request) or "The order was processed.",
            "orderStatus": order["status"],
            "totalAmount": order["totalAmount"],
            "currency": order["currency"],
        }
        status = "FAILED" if _objection(order, request) else "COMPLETED"
        outcome = {**ids, "status": status, "result": result, "timestamp": moment}
        answer = {**ids, "status": "PROCESSING", "timestamp": moment}
        return Processing(answer, Callback(request["callbackUrl"], outcome))

    def _new_order(self, pet: Payload, user_id: str) -> dict[str, Json]:
        moment = self._context.moment()
        return {
            "id": self._context.new_id(),
            "petId": pet["id"],
            "userId": user_id,
            "status": "PLACED",
            "totalAmount": pet["price"],
            "currency": pet["currency"],
            "createdAt": moment,
            "updatedAt": moment,
        }

    def _created(self, order: Payload) -> dict[str, Json]:
        """Return the data of `order.created`: one item, the pet."""
        price = event_number(order["totalAmount"])
        shown = {
            "id": order["id"],
            "status": transitions.event_word(order["status"]),
            "items": [{"productId": order["petId"], "quantity": 1, "price": price}],
            "total": price,
            "currency": order["currency"],
        }
        return {"order": shown, "customer": customer(self._context, order["userId"])}

    def _advance(self, before: dict[str, Json], verb: str) -> dict[str, Json]:
        """Move an order on by a verb of the table, tell it when its status has changed, and return it."""
        status = transitions.after("order", before["id"], before["status"], verb)
        if status == before["status"]:
            return before
        moment = self._context.moment()
        after = {**before, "status": status, "updatedAt": moment}
        self._shelf.put(after)
        old, new = transitions.event_word(before["status"]), transitions.event_word(status)
        change = {"orderId": before["id"], "oldStatus": old, "newStatus": new, "timestamp": moment}
        self._context.announce("order.status_changed", change)
        return self._shelf.get(before["id"])

    def _hand_over(self, order: Payload) -> None:
        status = self._status_of_pet(order["petId"])
        if status in transitions.MOVES["pet"]["adopt"]:
            self._pets.move(order["petId"], "adopt", "Payment received", by=order["userId"], through=order["id"])

    def _let_go(self, order: Payload) -> None:
        """Leave the pet of an order that was cancelled to the other orders that hold it, or free it."""
        pet_id = order["petId"]
        status, others = self._status_of_pet(pet_id), open_orders(self._context, pet_id)
        if status == "PENDING" and not others:
            self._pets.move(pet_id, "release", _CANCELLED)
        if status != "ADOPTED" or self._pets.adopted_through(pet_id) != order["id"]:
            return
        paid = [other for other in others if other["status"] == "APPROVED"]
        if paid:
            self._pets.pass_on(pet_id, through=paid[0]["id"])
        else:
            self._pets.move(pet_id, "await" if others else "release", _CANCELLED)

    def _status_of_pet(self, pet_id: str) -> str | None:
        try:
            return str(self._pets.get(pet_id)["status"])
        except NotFoundError:
            return None  # it was removed; its orders stay


def _objection(order: Payload, request: Payload) -> str | None:
    """Return why the order cannot be processed as requested, or None."""
    if order["status"] == "CANCELLED":
        return "The order is cancelled."
    if "amount" in request and amount_of(request["amount"]) != amount_of(order["totalAmount"]):
        return f"The order costs {order['totalAmount']}, not {request['amount']}."
    if request.get("currency", order["currency"]) != order["currency"]:
        return f"The order is in {order['currency']}, not {request['currency']}."
    return None
