"""The customer and the adopter in payloads of events; an unknown user id gets a made-up name and e-mail address."""

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import require_valid, writable_members
from mockstore.petstore.transitions import OPEN_ORDERS


def customer(context: ShopContext, user_id: str) -> dict[str, Json]:
    """Return the member `customer` of the event `order.created`."""
    person = _person(context, user_id)
    return {"id": user_id, "email": person["email"]}


def adopter(context: ShopContext, by: str | Payload | None) -> dict[str, Json]:
    """Return the member `adopter` of the event `pet.adopted`.

    `by` is the id of a user, or a document with any of `id`, `name` and `email`. Missing members are taken from the
    user with that id, or made up. Raise `ValidationError` when `by` breaks its schema.
    """
    given = {"id": by} if isinstance(by, str) else by or {}
    require_valid("adopter", given)
    id_ = given.get("id") or context.new_id()
    return {"id": id_, **_person(context, id_), **writable_members("adopter", given)}


def open_orders(context: ShopContext, pet_id: str) -> list[Payload]:
    """Return the open orders (PLACED or APPROVED) of the pet, oldest first."""
    orders = context.resources("order").everything()
    return [order for order in orders if order["petId"] == pet_id and order["status"] in OPEN_ORDERS]


def _person(context: ShopContext, user_id: str) -> dict[str, Json]:
    try:
        user = context.resources("user").record(user_id).document
    except NotFoundError:
        suffix = user_id.rpartition("-")[2].lower()
        return {"name": f"Customer {suffix}", "email": f"customer-{suffix}@example.com"}
    return {"name": f"{user['firstName']} {user['lastName']}", "email": user["email"]}
