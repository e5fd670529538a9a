"""`/v1/chat`: the pet adviser, which answers with one JSON document or with server-sent events."""

from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from mockstore.web.reading import whole_object
from mockstore.web.rest.shop_calls import shop

routes = Blueprint("chat", __name__)


@routes.post("/completions")
def complete() -> ResponseReturnValue:
    """Answer a question with server-sent events, or with one JSON document when `stream` is false."""
    body = whole_object()
    if not body.get("stream", True):
        return shop().chat.complete(body), 201
    pieces = [current_app.json.dumps(chunk) for chunk in shop().chat.stream(body)]
    return Response(_events(pieces), 201, mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


def _events(pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        yield f"data: {piece}\n\n"
    yield "data: [DONE]\n\n"
