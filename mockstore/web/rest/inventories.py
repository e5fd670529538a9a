"""`/v1/inventories`: the number of pets by status."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.rest.shop_calls import filters, shop

routes = Blueprint("inventories", __name__)


@routes.get("")
def count() -> ResponseReturnValue:
    """Return the number of pets by status, for all statuses or those in the query parameter `status`."""
    return dict(shop().pets.inventories(filters("inventory-filters")))
