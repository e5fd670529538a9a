"""Where a request meets the shop: whose it is, what it brings, and how a change is told."""

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
    """Return the shop that the current request is for, to read in."""
    return mockstore().shop.shop


def serve(verb: Callable[[], T]) -> T:
    """Return what `verb` returns, with the deliveries that it causes on their way."""
    return mockstore().shop.serve(verb)


def filters(kind: str) -> dict[str, Json]:
    """Return the query's parameters as the schema of `kind` types them; a parameter said twice counts as a list."""
    from mockstore.petstore.documents import coerced  # noqa: PLC0415 - the server starts without the shop

    said = {name: ",".join(texts) for name, texts in request.args.lists()}
    return coerced(kind, said)


def created(document: Payload, location: str | None = None) -> ResponseReturnValue:
    """Return the answer to a creation; by default, what was made is found by its id under the request's own path."""
    return dict(document), 201, {"Location": location or f"{request.path.rstrip('/')}/{document['id']}"}
