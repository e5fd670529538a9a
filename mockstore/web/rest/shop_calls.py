"""Helpers of the routes: the shop of the request, its filters, changes with their deliveries, and responses."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from flask import request
from flask.typing import ResponseReturnValue

from mockstore.model import Json, Payload
from mockstore.web.site import mockstore

if TYPE_CHECKING:
    from mockstore.petstore.shop import Shop

T = TypeVar("T")


def shop() -> "Shop":
    """Return the shop of the current request's tenant; make changes by `serve`."""
    return mockstore().shop.shop


def serve(verb: Callable[[], T]) -> T:
    """Call `verb`, start the deliveries of the events that it emitted, and return its result."""
    return mockstore().shop.serve(verb)


def filters(kind: str) -> dict[str, Json]:
    """Return the query parameters, converted to the types of the schema of `kind`; a repeated one becomes a list."""
    from mockstore.petstore.documents import coerced  # noqa: PLC0415 - the server starts without the shop

    given = {name: ",".join(texts) for name, texts in request.args.lists()}
    return coerced(kind, given)


def created(document: Payload, location: str | None = None) -> ResponseReturnValue:
    """Return a response with status 201; `Location` is by default the path of the request plus the id of `document`."""
    return dict(document), 201, {"Location": location or f"{request.path.rstrip('/')}/{document['id']}"}
