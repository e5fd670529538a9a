"""`/v1/auth`: signing in."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore.web.reading import whole_object
from mockstore.web.site import mockstore

routes = Blueprint("tokens", __name__)


@routes.post("/tokens")
def issue() -> ResponseReturnValue:
    """Issue a bearer token for a username and its password."""
    return mockstore().shop.tokens.issue(whole_object())
