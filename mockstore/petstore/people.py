"""Who orders and who adopts, as events show them; a user whom the shop does not know gets an address of its own."""

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import demand, kept
from mockstore.petstore.transitions import OPEN_ORDERS


def customer(context: ShopContext, user_id: str) -> dict[str, Json]:
    """Return the `customer` of an order."""
    person = _person(context, user_id)
    return {"id": user_id, "email": person["email"]}


def adopter(context: ShopContext, by: str | Payload | None) -> dict[str, Json]:
    """Return the `adopter` of a pet.

    `by` is a user's id, or any of `id`, `name` and `email`; what is missing is the user's of that id, or made up.
    Raises `ValidationError` when it breaks its schema.
    """
    said = {"id": by} if isinstance(by, str) else by or {}
    demand("adopter", said)
    id_ = said.get("id") or context.new_id()
    return {"id": id_, **_person(context, id_), **kept("adopter", said)}


def open_orders(context: ShopContext, pet_id: str) -> list[Payload]:
    """Return the orders that hold the pet, oldest first."""
    orders = context.shelf("order").everything()
    return [order for order in orders if order["petId"] == pet_id and order["status"] in OPEN_ORDERS]


def _person(context: ShopContext, user_id: str) -> dict[str, Json]:
    try:
        user = context.shelf("user").record(user_id).document
    except NotFoundError:
        mark = user_id.rpartition("-")[2].lower()
        return {"name": f"Customer {mark}", "email": f"customer-{mark}@example.com"}
    return {"name": f"{user['firstName']} {user['lastName']}", "email": user["email"]}
