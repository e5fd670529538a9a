"""`/_mockstore/orders`: the moves of an order that the shop's staff makes, and no client of the API."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.reading import exact_object
from mockstore.web.rest.shop_calls import serve, shop

routes = Blueprint("staff", __name__)


@routes.post("/<order_id>/ship")
def ship(order_id: str) -> ResponseReturnValue:
    """Send an APPROVED order off."""
    exact_object({})
    return serve(lambda: shop().orders.ship(order_id))


@routes.post("/<order_id>/deliver")
def deliver(order_id: str) -> ResponseReturnValue:
    """Hand a SHIPPED order over."""
    exact_object({})
    return serve(lambda: shop().orders.deliver(order_id))
