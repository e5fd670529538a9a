"""`/v1/users`: registering, reading, changing and removing users."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.reading import whole_object
from mockstore.web.rest.shop_calls import created, serve, shop
from mockstore.web.site import nothing

routes = Blueprint("users", __name__)


@routes.post("")
def register() -> ResponseReturnValue:
    """Register a user."""
    body = whole_object()
    return created(serve(lambda: shop().users.create(body)))


@routes.get("/<user_id>")
def read(user_id: str) -> ResponseReturnValue:
    """Return a user, without the password."""
    return shop().users.get(user_id)


@routes.put("/<user_id>")
def change(user_id: str) -> ResponseReturnValue:
    """Change the members of the user that the body names."""
    body = whole_object()
    return serve(lambda: shop().users.update(user_id, body))


@routes.delete("/<user_id>")
def remove(user_id: str) -> ResponseReturnValue:
    """Remove the user, who can no longer sign in."""
    serve(lambda: shop().users.remove(user_id))
    return nothing()
