"""`/v1/inventories`: how many pets there are."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.rest.shop_calls import filters, shop

routes = Blueprint("inventories", __name__)


@routes.get("")
def count() -> ResponseReturnValue:
    """Return how many pets there are of each status, or of those that are asked for."""
    return dict(shop().pets.inventories(filters("inventory-filters")))
