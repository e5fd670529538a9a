"""The OpenAPI 3.2 document of the API, made of the table of operations and the schemas that validate. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from mockstore.model import Json, Payload
from mockstore.petstore.documents import schema, whole_schema
from mockstore.petstore.need import Auth
from mockstore.petstore.openapi_events import order_processed, webhooks
from mockstore.petstore.openapi_links import links
from mockstore.petstore.openapi_parts import RATE_LIMIT, components, pointed, response, shared
from mockstore.petstore.operation import EVENT_STREAM, FORM, IMAGES, JSON, Answer, Body, Operation
from mockstore.petstore.operations import OPERATIONS
from mockstore.settings import AuthMode

OPENAPI: Final = "3.2.0"
"""The first version that knows the method QUERY and events in a stream."""

_TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Pets": "The pets of the shop.",
        "Orders": "Ordering a pet, and paying for it.",
        "Inventory": "How many pets there are.",
        "Users": "The users of the shop.",
        "Auth": "Signing in.",
        "Chat": "The pet adviser.",
        "Webhooks": "Who is told of events, and what became of telling.",
    }
)
_SECURITY: Final[Mapping[Auth, tuple[Payload, ...]]] = MappingProxyType(
    {Auth.NONE: (), Auth.OPTIONAL: ({}, {"bearer": []}), Auth.BEARER: ({"bearer": []},)}
)
_STRICT: Final[Mapping[Auth, tuple[Payload, ...]]] = MappingProxyType({**_SECURITY, Auth.OPTIONAL: ({"bearer": []},)})
"""Where each call that is not marked "none" needs a token."""
_DESCRIPTION: Final = """\
The Modern Petstore API, as a mock serves it: pets, orders, payments, users, an adviser, and webhooks that tell of \
every change.

Ids are UUIDs, times are UTC, money is a decimal string. Errors are `application/problem+json` (RFC 9457). \
`X-Tenant-ID` gives a caller a shop of its own."""


@lru_cache(maxsize=8)
def document(base_url: str, auth: AuthMode = "observed") -> dict[str, Json]:
    """Return the document of the API at `base_url`, such as `http://127.0.0.1:8080/v1`. Shared: not to be changed.

    `auth` says which calls need a token: those that the real service refuses without one, or in `strict` mode all but
    the free ones.
    """
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Modern Petstore API",
            "summary": "A pet shop to develop and test against.",
            "description": _DESCRIPTION,
            "version": "1.0.0",
        },
        "servers": [{"url": base_url, "description": "This mock."}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": _paths(_STRICT if auth == "strict" else _SECURITY),
        "webhooks": webhooks(),
        "components": components(),
    }


def _paths(security: Mapping[Auth, tuple[Payload, ...]]) -> dict[str, Json]:
    paths: dict[str, dict[str, Json]] = {}
    for known in OPERATIONS:
        item = paths.setdefault(
            known.path, {"parameters": [*map(_path_parameter, known.parameters), shared("TenantId")]}
        )
        item[known.method.lower()] = _operation(known) | {"security": list(security[known.auth])}
    return paths


def _operation(known: Operation) -> dict[str, Json]:
    rendered: dict[str, Json] = {
        "operationId": known.id,
        "tags": [known.tag],
        "summary": known.summary,
    }
    if known.filters is not None:
        rendered["parameters"] = _query_parameters(known.filters)
    if known.body is not None:
        rendered["requestBody"] = _request(known.body)
    rendered["responses"] = {
        str(status): _success(known, answer) if status in known.success else response(status)
        for status, answer in known.responses.items()
    }
    if known.id == "processOrder":
        rendered["callbacks"] = {"orderProcessed": order_processed()}
    return rendered


def _path_parameter(name: str) -> dict[str, Json]:
    thing = name.removesuffix("Id")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"Identifies the {thing}.",
        "schema": pointed("uuid"),
    }


def _query_parameters(kind: str) -> list[dict[str, Json]]:
    own, whole = schema(kind), whole_schema(kind)
    return [_query_parameter(name, member, whole["properties"][name]) for name, member in own["properties"].items()]


def _query_parameter(name: str, member: Json, whole: Json) -> dict[str, Json]:
    parameter = {"name": name, "in": "query", "description": whole["description"], "schema": pointed(member)}
    if whole.get("type") == "array":
        parameter["explode"] = False
    return parameter


def _request(body: Body) -> dict[str, Json]:
    content = {media_type: _media(media_type, kind) for media_type, kind in body.content.items()}
    if FORM in content:
        content[FORM]["encoding"] = {"file": {"contentType": ", ".join(IMAGES)}}
    return {"required": body.required, "content": content}


def _success(known: Operation, answer: Answer) -> dict[str, Json]:
    headers = {name: shared(name) for name in (*answer.headers, *RATE_LIMIT)}
    rendered: dict[str, Json] = {"description": answer.text, "headers": headers}
    if answer.content:
        rendered["content"] = {media_type: _media(media_type, kind) for media_type, kind in answer.content.items()}
    if next_steps := links(known.id):
        rendered["links"] = next_steps
    return rendered


def _media(media_type: str, kind: str | None) -> dict[str, Json]:
    """Return a media type object; the examples of JSON are those of its schema."""
    if kind is None:
        return {}
    if media_type == EVENT_STREAM:
        return {"itemSchema": _streamed(kind)}
    if media_type != JSON:
        return {"schema": pointed(kind)}
    examples = enumerate(schema(kind)["examples"], start=1)
    return {"schema": pointed(kind), "examples": {f"example{number}": {"value": value} for number, value in examples}}


def _streamed(kind: str) -> dict[str, Json]:
    """Return the schema of one event of a stream: a piece as JSON, or the word that ends it."""
    piece = {"contentMediaType": JSON, "contentSchema": pointed(kind)}
    end = {"const": "[DONE]"}
    return {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"description": "A piece, or the end.", "type": "string", "anyOf": [end, piece]}},
    }
