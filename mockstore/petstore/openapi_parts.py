"""Renders `components` of the OpenAPI document (schemas, headers, error responses, security) and references. Pure."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from mockstore.events.catalogue import petstore_catalogue
from mockstore.model import Json
from mockstore.petstore.documents import kinds, schema
from mockstore.petstore.operation import PROBLEM, REFUSALS

RATE_LIMIT: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
"""The header fields of every response."""

_FILE_KEYWORDS: Final = ("$schema", "$id")
_LITERAL_KEYWORDS: Final = frozenset({"examples", "const", "enum", "default"})
"""Keywords whose values are not schemas; they are copied as they are."""
_SUFFIX: Final = ".json"

_HEADERS: Final[Mapping[str, tuple[str, Json]]] = MappingProxyType(
    {
        "Location": ("The URL of the new resource.", {"type": "string", "format": "uri-reference"}),
        "Retry-After": ("Seconds until it makes sense to call again.", {"type": "integer", "minimum": 1}),
        "WWW-Authenticate": ("How to authenticate.", {"type": "string"}),
        "RateLimit-Limit": ("How many calls are allowed in a minute.", {"type": "integer", "minimum": 0}),
        "RateLimit-Remaining": ("How many of them are left.", {"type": "integer", "minimum": 0}),
        "RateLimit-Reset": ("Seconds until they are all allowed again.", {"type": "integer", "minimum": 0}),
    }
)
_RESPONSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "BadRequest",
        401: "Unauthorized",
        404: "NotFound",
        409: "Conflict",
        413: "ContentTooLarge",
        415: "UnsupportedMediaType",
        422: "ValidationError",
        429: "RateLimitExceeded",
        500: "InternalServerError",
        503: "ServiceUnavailable",
    }
)
_SECTIONS: Final[Mapping[str, str]] = MappingProxyType({"TenantId": "parameters"})


def components() -> dict[str, Json]:
    """Return the member `components` of the document."""
    return {
        "schemas": _schemas(),
        "responses": {_RESPONSES[status]: _refusal(status) for status in REFUSALS},
        "parameters": {"TenantId": _tenant()},
        "headers": {
            name: {"description": text, "required": True, "schema": of} for name, (text, of) in _HEADERS.items()
        },
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A token of `POST /auth/tokens`; any will do, unless the mock is strict.",
            }
        },
    }


def schema_ref(kind_or_schema: Json) -> dict[str, Json]:
    """Return a reference to the schema of a kind; for a schema, return it with its file references made local."""
    if isinstance(kind_or_schema, str):
        return {"$ref": f"#/components/schemas/{_name(kind_or_schema)}"}
    converted: dict[str, Json] = _with_local_references(kind_or_schema)
    return converted


def event_ref(event_type: str) -> dict[str, Json]:
    """Return a reference to the schema of an event type."""
    return {"$ref": f"#/components/schemas/{_event_name(event_type)}"}


def component_ref(name: str) -> dict[str, Json]:
    """Return a reference to the parameter or header field `name` in `components`."""
    return {"$ref": f"#/components/{_SECTIONS.get(name, 'headers')}/{name}"}


def refusal_ref(status: int) -> dict[str, Json]:
    """Return a reference to the error response with this status."""
    return {"$ref": f"#/components/responses/{_RESPONSES[status]}"}


def _schemas() -> dict[str, Json]:
    events = petstore_catalogue()
    resources = {_name(kind): schema_ref(schema(kind)) for kind in kinds() if not _is_not_a_body(kind)}
    event_schemas = {_event_name(type_): schema_ref(events.schema(type_)) for type_ in events.types}
    return resources | event_schemas


def _is_not_a_body(kind: str) -> bool:
    """Tell whether a kind is never a body: filters are query parameters, and `adopter` exists in Python only."""
    return kind.endswith("-filters") or kind == "adopter"


def _name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("-"))


def _event_name(event_type: str) -> str:
    return f"{_name(event_type.replace('.', '-').replace('_', '-'))}Event"


def _with_local_references(value: Json) -> Json:
    if isinstance(value, list):
        return [_with_local_references(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    converted = {
        key: item if key in _LITERAL_KEYWORDS else _with_local_references(item)
        for key, item in value.items()
        if not (key in _FILE_KEYWORDS and isinstance(item, str))
    }
    if isinstance(converted.get("$ref"), str):
        converted["$ref"] = schema_ref(converted["$ref"].removesuffix(_SUFFIX))["$ref"]
    return converted


def _refusal(status: int) -> dict[str, Json]:
    answer = REFUSALS[status]
    return {
        "description": answer.text,
        "headers": {name: component_ref(name) for name in (*answer.headers, *RATE_LIMIT)},
        "content": {PROBLEM: {"schema": schema_ref("problem"), "example": _problem(status, answer.text)}},
    }


def _problem(status: int, text: str) -> dict[str, Json]:
    slug = re.sub(r"(?<!^)(?=[A-Z])", "-", _RESPONSES[status]).lower()
    example: dict[str, Json] = {
        "type": f"https://petstoreapi.com/errors/{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": text,
        "instance": "/v1/pets",
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"field": "name", "message": "is required", "code": "required"}]
    return example


def _tenant() -> dict[str, Json]:
    return {
        "name": "X-Tenant-ID",
        "in": "header",
        "description": "Whose shop is meant; without it, the one that all share.",
        "schema": schema_ref("uuid"),
    }
