"""The orders of a shop: placing, changing their status, processing, and the events that these emit."""

from typing import Final

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore import transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import require_valid
from mockstore.petstore.money import amount_of, event_number
from mockstore.petstore.people import customer, open_orders
from mockstore.petstore.pets import Pets

_CANCELLED: Final = "Order cancelled"


class Callback(Struct, frozen=True):
    """A request to be sent later: a POST of `document` (schema `order-processed`) to `url`."""

    url: str
    document: Payload


class Processing(Struct, frozen=True):
    """The result of `Orders.process`: the response (schema `order-processing`), and the callback to send later."""

    answer: dict[str, Json]
    callback: Callback


class Orders:
    """The orders of one tenant. Raises `NotFoundError` for an unknown id, `ValidationError` for a bad document."""

    def __init__(self, context: ShopContext, pets: Pets) -> None:
        self._context = context
        self._pets = pets
        self._resources = context.resources("order")

    def place(self, document: Payload) -> dict[str, Json]:
        """Order a pet (schema `order-create`) and return the order; the pet becomes PENDING.

        Raise `NotFoundError` for an unknown pet and `ConflictError` for one that is ADOPTED or NOT_AVAILABLE.
        """
        require_valid("order-create", document)
        with self._context.transaction():
            pet = self._pets.get(document["petId"])
            transitions.next_status("pet", pet["id"], pet["status"], "order")
            order = self._new_order(pet, document["userId"])
            self._resources.put(order)
            self._context.announce("order.created", self._created_data(order))
            self._pets.move(pet["id"], "order", "Adoption application received")
            return self._resources.get(order["id"])

    def get(self, order_id: str) -> dict[str, Json]:
        """Return the order; it may be cancelled."""
        return self._resources.get(order_id)

    def approve(self, order_id: str) -> dict[str, Json]:
        """Make a paid order APPROVED and return it; its pet becomes ADOPTED, if the status of the pet allows that."""
        with self._context.transaction():
            before = self._resources.get(order_id)
            after = self._advance(before, "pay")
            if after["status"] != before["status"]:
                self._adopt_pet(after)
            return after

    def ship(self, order_id: str) -> dict[str, Json]:
        """Ship an APPROVED order and return it; raise `ConflictError` for any other."""
        with self._context.transaction():
            return self._advance(self._resources.get(order_id), "ship")

    def deliver(self, order_id: str) -> dict[str, Json]:
        """Deliver a SHIPPED order and return it; raise `ConflictError` for any other."""
        with self._context.transaction():
            return self._advance(self._resources.get(order_id), "deliver")

    def cancel(self, order_id: str) -> dict[str, Json]:
        """Cancel a PLACED or APPROVED order and return it; its pet becomes AVAILABLE, unless another order holds it.

        The order can still be read. Raise `ConflictError` when it is shipped, delivered or cancelled already.
        """
        with self._context.transaction():
            after = self._advance(self._resources.get(order_id), "cancel")
            self._release_pet(after)
            return after

    def process(self, order_id: str, request: Payload) -> Processing:
        """Return the response and the callback to a request (schema `order-request`); the order does not change.

        The callback says FAILED when the order is cancelled, or amount or currency differ from the request.
        """
        order = self._resources.get(order_id)
        require_valid("order-request", request)
        moment = self._context.moment()
        ids = {"requestId": self._context.new_id(), "orderId": order_id}
        result = {
            "message": _failure_reason(order, request) or "The order was processed.",
            "orderStatus": order["status"],
            "totalAmount": order["totalAmount"],
            "currency": order["currency"],
        }
        status = "FAILED" if _failure_reason(order, request) else "COMPLETED"
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

    def _created_data(self, order: Payload) -> dict[str, Json]:
        """Return the data of the event `order.created`; its only item is the pet."""
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
        """Apply a verb of `transitions.TABLE`; emit `order.status_changed` if the status changes; return the order."""
        status = transitions.next_status("order", before["id"], before["status"], verb)
        if status == before["status"]:
            return before
        moment = self._context.moment()
        after = {**before, "status": status, "updatedAt": moment}
        self._resources.put(after)
        old, new = transitions.event_word(before["status"]), transitions.event_word(status)
        change = {"orderId": before["id"], "oldStatus": old, "newStatus": new, "timestamp": moment}
        self._context.announce("order.status_changed", change)
        return self._resources.get(before["id"])

    def _adopt_pet(self, order: Payload) -> None:
        status = self._status_of_pet(order["petId"])
        if status in transitions.TABLE["pet"]["adopt"]:
            self._pets.move(order["petId"], "adopt", "Payment received", by=order["userId"], through=order["id"])

    def _release_pet(self, order: Payload) -> None:
        """Give the pet of a cancelled order to another order that holds it; without one, make it AVAILABLE."""
        pet_id = order["petId"]
        status, others = self._status_of_pet(pet_id), open_orders(self._context, pet_id)
        if status == "PENDING" and not others:
            self._pets.move(pet_id, "release", _CANCELLED)
        if status != "ADOPTED" or self._pets.adopted_through(pet_id) != order["id"]:
            return
        paid = [other for other in others if other["status"] == "APPROVED"]
        if paid:
            self._pets.reassign(pet_id, through=paid[0]["id"])
        else:
            self._pets.move(pet_id, "await" if others else "release", _CANCELLED)

    def _status_of_pet(self, pet_id: str) -> str | None:
        try:
            return str(self._pets.get(pet_id)["status"])
        except NotFoundError:
            return None  # the orders of a removed pet remain


def _failure_reason(order: Payload, request: Payload) -> str | None:
    """Return why the order cannot be processed as requested, or None."""
    if order["status"] == "CANCELLED":
        return "The order is cancelled."
    if "amount" in request and amount_of(request["amount"]) != amount_of(order["totalAmount"]):
        return f"The order costs {order['totalAmount']}, not {request['amount']}."
    if request.get("currency", order["currency"]) != order["currency"]:
        return f"The order is in {order['currency']}, not {request['currency']}."
    return None
