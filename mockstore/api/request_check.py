"""Checks a request against the schema of its operation. Pure."""

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from mockstore.api.exchange import ClientRequest, ClientResponse
from mockstore.errors import InvalidInputError
from mockstore.petstore.documents import check, coerced, member_names
from mockstore.petstore.operation import FORM, JSON, Operation
from mockstore.source import parsed
from mockstore.tenants import checked_tenant

if TYPE_CHECKING:
    from mockstore.model import Json

_TENANT = "X-Tenant-ID"
_UNPROCESSABLE = 422


def query_of(query: str) -> dict[str, str]:
    """Return the parameters of a query; the values of a repeated one are joined by commas."""
    return {name: ",".join(texts) for name, texts in parse_qs(query, keep_blank_values=True).items()}


def request_mistakes(known: Operation, request: ClientRequest, query: str, refusal: ClientResponse) -> list[str]:
    """Return every schema violation of a refused request: where it is, the member, and what is allowed.

    Rules of the shop that are in no schema, such as a unique username, are not checked.
    """
    return [
        *_of_headers(request),
        *unknown_parameters(known, query),
        *_of_query(known, query),
        *_of_body(known, request, refusal),
    ]


def unknown_parameters(known: Operation, query: str) -> list[str]:
    """Return a line for each query parameter that the operation does not have."""
    names = member_names(known.filters) if known.filters is not None else ()
    return [_unknown(known, name, names) for name in query_of(query) if name not in names]


def _unknown(known: Operation, name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    allowed = f"its parameters: {', '.join(names)}" if names else "it takes none"
    return f"query: {known.id} has no parameter {name!r}, so that it changes nothing: {hint}{allowed}"


def _of_headers(request: ClientRequest) -> list[str]:
    tenant = request.header(_TENANT)
    if tenant is None:
        return []
    try:
        checked_tenant(tenant)
    except InvalidInputError as error:
        return [f"header {_TENANT}: {error}"]
    return []


def _of_query(known: Operation, query: str) -> list[str]:
    if known.filters is None:
        return []
    return [f"query: {mistake}" for mistake in check(known.filters, coerced(known.filters, query_of(query)))]


def _of_body(known: Operation, request: ClientRequest, refusal: ClientResponse) -> list[str]:
    body = known.body
    if body is None:
        return []
    if not request.body.strip():
        return ["body: is empty; send one"] if body.required else []
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    kind = known.request_kind
    if kind is None:
        return _of_form(media_type, refusal)
    if media_type and media_type != JSON and not media_type.endswith("+json"):
        return [f"body: is {media_type}; send Content-Type: {JSON}"]
    try:
        document: Json = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        return [f"body: is no JSON: {error}"]
    return [f"body: {mistake}" for mistake in check(kind, document)]


def _of_form(media_type: str, refusal: ClientResponse) -> list[str]:
    """Return the mistakes of a form: a wrong media type, else the errors in the refusal."""
    if media_type != FORM:
        return [f"body: is {media_type or 'of no type'}; send {FORM}"]
    problem = parsed(refusal.body) if refusal.status == _UNPROCESSABLE else None
    errors = problem.get("errors", ()) if isinstance(problem, dict) else ()
    return [f"body: {one['field']} {one['message']}" for one in errors]
