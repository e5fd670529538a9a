"""The parts of the OpenAPI document that its operations share: schemas, header fields, refusals, security. Pure."""

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
"""The header fields that every answer has."""

_OF_A_FILE: Final = ("$schema", "$id")
_LITERAL: Final = frozenset({"examples", "const", "enum", "default"})
"""Keywords whose values are no schemas."""
_SUFFIX: Final = ".json"

_HEADERS: Final[Mapping[str, tuple[str, Json]]] = MappingProxyType(
    {
        "Location": ("Where to read what was created.", {"type": "string", "format": "uri-reference"}),
        "Retry-After": ("Seconds until it makes sense to call again.", {"type": "integer", "minimum": 1}),
        "WWW-Authenticate": ("How to say who calls.", {"type": "string"}),
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
_PLACES: Final[Mapping[str, str]] = MappingProxyType({"TenantId": "parameters"})


def components() -> dict[str, Json]:
    """Return the `components` of the document."""
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


def pointed(kind_or_schema: Json) -> dict[str, Json]:
    """Return a reference to the schema of a kind, or a schema with its references to files turned to this document."""
    if isinstance(kind_or_schema, str):
        return {"$ref": f"#/components/schemas/{_name(kind_or_schema)}"}
    turned: dict[str, Json] = _turned(kind_or_schema)
    return turned


def pointed_event(event_type: str) -> dict[str, Json]:
    """Return a reference to the schema of an event."""
    return {"$ref": f"#/components/schemas/{_event_name(event_type)}"}


def shared(name: str) -> dict[str, Json]:
    """Return a reference to a parameter or a header field of `components`."""
    return {"$ref": f"#/components/{_PLACES.get(name, 'headers')}/{name}"}


def response(status: int) -> dict[str, Json]:
    """Return a reference to the refusal of this status."""
    return {"$ref": f"#/components/responses/{_RESPONSES[status]}"}


def _schemas() -> dict[str, Json]:
    events = petstore_catalogue()
    resources = {_name(kind): pointed(schema(kind)) for kind in kinds() if not _is_elsewhere(kind)}
    told = {_event_name(type_): pointed(events.schema(type_)) for type_ in events.types}
    return resources | told


def _is_elsewhere(kind: str) -> bool:
    """Tell whether a kind is no body: filters are parameters, and an adopter is named in Python only."""
    return kind.endswith("-filters") or kind == "adopter"


def _name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("-"))


def _event_name(event_type: str) -> str:
    return f"{_name(event_type.replace('.', '-').replace('_', '-'))}Event"


def _turned(value: Json) -> Json:
    if isinstance(value, list):
        return [_turned(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    turned = {
        key: item if key in _LITERAL else _turned(item)
        for key, item in value.items()
        if not (key in _OF_A_FILE and isinstance(item, str))
    }
    if isinstance(turned.get("$ref"), str):
        turned["$ref"] = pointed(turned["$ref"].removesuffix(_SUFFIX))["$ref"]
    return turned


def _refusal(status: int) -> dict[str, Json]:
    answer = REFUSALS[status]
    return {
        "description": answer.text,
        "headers": {name: shared(name) for name in (*answer.headers, *RATE_LIMIT)},
        "content": {PROBLEM: {"schema": pointed("problem"), "example": _problem(status, answer.text)}},
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
        "schema": pointed("uuid"),
    }
