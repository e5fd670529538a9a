"""The server's own receiver at `/_mockstore/inbox`: captures requests, checks them, answers as scripted."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from mockstore.errors import BrokenConnectionError, InvalidInputError, ReceiverTimeoutError
from mockstore.model import Outgoing
from mockstore.tenants import Tenant
from mockstore.web.documents import received_document
from mockstore.web.problems import problem
from mockstore.web.reading import Kind, Member, about, exact_object
from mockstore.web.site import BREAK_OFF, nothing, site, tenant

routes = Blueprint("inbox", __name__)

LARGEST: Final = 1024 * 1024
"""The limit of a captured request, in bytes: anybody may send one."""

_ANSWERS = {
    "answers": Member(
        Kind(
            "a list of statuses and texts",
            lambda value: isinstance(value, list) and all(type(one) in (int, str) for one in value),
        ),
        required=True,
    )
}
_GRACE = timedelta(seconds=1)
"""How much longer than the sender's timeout the slowest scripted answer takes."""


@routes.post("")
def capture() -> ResponseReturnValue:
    """Capture a request, and answer it as scripted.

    A delivery does not name its tenant, so the inbox of a tenant has the id in its URL: `?tenant=…`.
    """
    if (request.content_length or 0) > LARGEST:
        raise RequestEntityTooLarge(f"the body is larger than the {LARGEST:,} bytes that the inbox takes")
    owner = _owner()
    outgoing = Outgoing(request.url, tuple(request.headers.items()), request.get_data(), request.method)
    longest = (owner.mockstore.provider.timeout + _GRACE).total_seconds()
    try:
        reply = owner.inbox.take(outgoing)
    except ReceiverTimeoutError:
        site().tenants.closing.wait(longest)
        return problem(504, "the script says that no answer comes")
    except BrokenConnectionError:
        request.environ[BREAK_OFF] = True
        return problem(502, "the script says that the connection breaks, which this server cannot do")
    if reply.took:
        site().tenants.closing.wait(min(reply.took.total_seconds(), longest))
    return Response(reply.body, reply.status)


@routes.get("")
def read() -> ResponseReturnValue:
    """Return what was captured, in the order of arrival."""
    return {"data": [received_document(received) for received in _owner().inbox.captured]}


@routes.delete("")
def clear() -> ResponseReturnValue:
    """Remove all captured requests and scripted answers."""
    _owner().inbox.clear()
    return nothing()


@routes.put("/answers")
def script() -> ResponseReturnValue:
    """Answer with these in turn from now on, repeating the last; an empty list means 200."""
    wanted = exact_object(_ANSWERS)["answers"]
    with about("answers"):
        try:
            _owner().inbox.will_answer(wanted)
        except OverflowError:
            raise InvalidInputError("an answer cannot take as long as that") from None
    return nothing()


def _owner() -> Tenant:
    named = request.args.get("tenant")
    return tenant() if named is None else site().tenants.tenant(named)
