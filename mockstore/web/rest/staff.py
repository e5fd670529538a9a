"""`/_mockstore/orders`: changes of an order that the staff of the shop makes; the Petstore API does not have them."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.reading import exact_object
from mockstore.web.rest.shop_calls import serve, shop

routes = Blueprint("staff", __name__)


@routes.post("/<order_id>/ship")
def ship(order_id: str) -> ResponseReturnValue:
    """Ship an APPROVED order."""
    exact_object({})
    return serve(lambda: shop().orders.ship(order_id))


@routes.post("/<order_id>/deliver")
def deliver(order_id: str) -> ResponseReturnValue:
    """Deliver a SHIPPED order."""
    exact_object({})
    return serve(lambda: shop().orders.deliver(order_id))
