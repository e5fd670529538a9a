"""Renders the OpenAPI 3.2 document of the API from the table of operations and the JSON Schemas. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from mockstore.model import Json, Payload
from mockstore.petstore.documents import resolved_schema, schema
from mockstore.petstore.need import Auth
from mockstore.petstore.openapi_events import order_processed, webhooks
from mockstore.petstore.openapi_links import links
from mockstore.petstore.openapi_parts import RATE_LIMIT, component_ref, components, refusal_ref, schema_ref
from mockstore.petstore.operation import EVENT_STREAM, FORM, IMAGES, JSON, Answer, Body, Operation
from mockstore.petstore.operations import OPERATIONS
from mockstore.settings import AuthMode

OPENAPI: Final = "3.2.0"
"""The first version that can describe the method QUERY and server-sent events."""

_TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Pets": "The pets of the shop.",
        "Orders": "Ordering a pet, and paying for it.",
        "Inventory": "How many pets there are.",
        "Users": "The users of the shop.",
        "Auth": "Signing in.",
        "Chat": "The pet adviser.",
        "Webhooks": "Registrations for events, and the deliveries of events.",
    }
)
_SECURITY: Final[Mapping[Auth, tuple[Payload, ...]]] = MappingProxyType(
    {Auth.NONE: (), Auth.OPTIONAL: ({}, {"bearer": []}), Auth.BEARER: ({"bearer": []},)}
)
_STRICT: Final[Mapping[Auth, tuple[Payload, ...]]] = MappingProxyType({**_SECURITY, Auth.OPTIONAL: ({"bearer": []},)})
"""In strict mode, each operation that is not marked `none` needs a token."""
_DESCRIPTION: Final = """\
The Modern Petstore API, as a mock serves it: pets, orders, payments, users, an adviser, and webhooks that tell of \
every change.

Ids are UUIDs, times are UTC, money is a decimal string. Errors are `application/problem+json` (RFC 9457). \
`X-Tenant-ID` gives a caller a shop of its own."""


@lru_cache(maxsize=8)
def document(base_url: str, auth: AuthMode = "observed") -> dict[str, Json]:
    """Return the document of the API at `base_url`, such as `http://127.0.0.1:8080/v1`. Cached: do not change it.

    `auth` says which operations need a token: those where the real service needs one (`observed`), or all except
    those marked `none` (`strict`).
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
    for operation in OPERATIONS:
        item = paths.setdefault(
            operation.path, {"parameters": [*map(_path_parameter, operation.parameters), component_ref("TenantId")]}
        )
        item[operation.method.lower()] = _operation(operation) | {"security": list(security[operation.auth])}
    return paths


def _operation(operation: Operation) -> dict[str, Json]:
    rendered: dict[str, Json] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.filters is not None:
        rendered["parameters"] = _query_parameters(operation.filters)
    if operation.body is not None:
        rendered["requestBody"] = _request(operation.body)
    rendered["responses"] = {
        str(status): _success(operation, answer) if status in operation.success else refusal_ref(status)
        for status, answer in operation.responses.items()
    }
    if operation.id == "processOrder":
        rendered["callbacks"] = {"orderProcessed": order_processed()}
    return rendered


def _path_parameter(name: str) -> dict[str, Json]:
    thing = name.removesuffix("Id")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"Identifies the {thing}.",
        "schema": schema_ref("uuid"),
    }


def _query_parameters(kind: str) -> list[dict[str, Json]]:
    own, resolved = schema(kind), resolved_schema(kind)
    return [_query_parameter(name, member, resolved["properties"][name]) for name, member in own["properties"].items()]


def _query_parameter(name: str, member: Json, resolved: Json) -> dict[str, Json]:
    parameter = {"name": name, "in": "query", "description": resolved["description"], "schema": schema_ref(member)}
    if resolved.get("type") == "array":
        parameter["explode"] = False
    return parameter


def _request(body: Body) -> dict[str, Json]:
    content = {media_type: _media(media_type, kind) for media_type, kind in body.content.items()}
    if FORM in content:
        content[FORM]["encoding"] = {"file": {"contentType": ", ".join(IMAGES)}}
    return {"required": body.required, "content": content}


def _success(operation: Operation, answer: Answer) -> dict[str, Json]:
    headers = {name: component_ref(name) for name in (*answer.headers, *RATE_LIMIT)}
    rendered: dict[str, Json] = {"description": answer.text, "headers": headers}
    if answer.content:
        rendered["content"] = {media_type: _media(media_type, kind) for media_type, kind in answer.content.items()}
    if next_steps := links(operation.id):
        rendered["links"] = next_steps
    return rendered


def _media(media_type: str, kind: str | None) -> dict[str, Json]:
    """Return a media type object; for JSON, its examples are those of the schema."""
    if kind is None:
        return {}
    if media_type == EVENT_STREAM:
        return {"itemSchema": _streamed(kind)}
    if media_type != JSON:
        return {"schema": schema_ref(kind)}
    examples = enumerate(schema(kind)["examples"], start=1)
    return {
        "schema": schema_ref(kind),
        "examples": {f"example{number}": {"value": value} for number, value in examples},
    }


def _streamed(kind: str) -> dict[str, Json]:
    """Return the schema of one server-sent event: a chunk as JSON, or `[DONE]` at the end."""
    piece = {"contentMediaType": JSON, "contentSchema": schema_ref(kind)}
    end = {"const": "[DONE]"}
    return {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"description": "A piece, or the end.", "type": "string", "anyOf": [end, piece]}},
    }
