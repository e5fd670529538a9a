"""`/v1/orders`: placing, reading, cancelling, paying and processing orders."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.reading import whole_object
from mockstore.web.rest.shop_calls import created, serve, shop
from mockstore.web.site import mockstore, nothing

routes = Blueprint("orders", __name__)


@routes.post("")
def place() -> ResponseReturnValue:
    """Place an order for a pet."""
    body = whole_object()
    return created(serve(lambda: shop().orders.place(body)))


@routes.get("/<order_id>")
def read(order_id: str) -> ResponseReturnValue:
    """Return an order."""
    return shop().orders.get(order_id)


@routes.delete("/<order_id>")
def cancel(order_id: str) -> ResponseReturnValue:
    """Cancel an order that has not been shipped."""
    serve(lambda: shop().orders.cancel(order_id))
    return nothing()


@routes.post("/<order_id>")
def process(order_id: str) -> ResponseReturnValue:
    """Accept the order for processing; the outcome is posted to the request's `callbackUrl`."""
    body = whole_object()
    return serve(lambda: mockstore().shop.process(order_id, body)), 201


@routes.post("/<order_id>/payment")
def pay(order_id: str) -> ResponseReturnValue:
    """Pay the order; the card number decides whether the payment succeeds."""
    body = whole_object()
    return serve(lambda: shop().payments.pay(order_id, body)), 201
