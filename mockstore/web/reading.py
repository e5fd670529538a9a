"""Reads a request: its tenant, its JSON body, and whether each member has the right type."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import isfinite, isinf
from types import MappingProxyType
from typing import Final

from flask import request
from msgspec import Struct
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from mockstore.errors import InvalidInputError
from mockstore.events import parse_moment
from mockstore.model import Json
from mockstore.petstore.errors import FieldMistake, ValidationError

TENANT_HEADER: Final = "X-Tenant-ID"
_DEEPEST: Final = 64
"""How deeply a body may be nested: more than our documents need, far less than Python's recursion limit."""
_TOO_DEEP: Final = f"the body is nested too deeply: {_DEEPEST} levels are allowed"


class Kind(Struct, frozen=True):
    """The type that a member has to have, in words, and its check."""

    name: str
    fits: Callable[[Json], bool]


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return _is_whole(value) or (isinstance(value, float) and isfinite(value))


TEXT: Final = Kind("a text", lambda value: isinstance(value, str))
YES_OR_NO: Final = Kind("true or false", lambda value: isinstance(value, bool))
WHOLE: Final = Kind("a whole number", _is_whole)
NUMBER: Final = Kind("a number", _is_number)
OBJECT: Final = Kind("an object", lambda value: isinstance(value, dict))
LIST: Final = Kind("a list", lambda value: isinstance(value, list))
WHOLE_NUMBERS: Final = Kind(
    "a list of whole numbers", lambda value: isinstance(value, list) and all(map(_is_whole, value))
)

_KINDS: Final = MappingProxyType(
    {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
)


class Member(Struct, frozen=True):
    """A member that a body may have; `least` and `most` are the bounds of a number."""

    kind: Kind
    required: bool = False
    least: float | None = None
    most: float | None = None

    def mistake(self, name: str, body: Mapping[str, Json]) -> FieldMistake | None:
        """Return the mistake of the member `name` in `body`, or None."""
        value = body.get(name)
        if value is None:
            return FieldMistake(name, f"is missing: send {self.kind.name}", "required") if self.required else None
        if not self.kind.fits(value):
            return FieldMistake(name, f"must be {self.kind.name}, found {found(value)}", "invalid_type")
        too_small = self.least is not None and value < self.least
        if too_small or (self.most is not None and value > self.most):
            return FieldMistake(name, f"must be {self.kind.name} from {self.least:g} to {self.most:g}", "out_of_range")
        return None


def tenant_id() -> str | None:
    """Return the tenant of the request (contract 2); None is the shared one."""
    return request.headers.get(TENANT_HEADER)


def json_object(members: Mapping[str, Member]) -> dict[str, Json]:
    """Return those `members` that the body has and that are not null; others are left out.

    The body may be absent if no member is required. Raises the errors for 400 (not JSON), 413, 415, and 422 with every
    mistake.
    """
    return _checked(_object(needed=_any_required(members)), members, [])


def exact_object(members: Mapping[str, Member]) -> dict[str, Json]:
    """Do as `json_object` does, and refuse members with other names."""
    body = _object(needed=_any_required(members))
    allowed = ", ".join(members) or "none"
    strangers = [
        FieldMistake(name, f"is unknown; allowed: {allowed}", "unknown") for name in body if name not in members
    ]
    return _checked(body, members, strangers)


def whole_object() -> dict[str, Json]:
    """Return all members of the body, nulls included; raise `BadRequest` or `ValidationError`."""
    return _object(needed=True)


def every_mistake(checks: Mapping[str, Callable[[], object]]) -> None:
    """Run all checks; raise one `ValidationError` with all their mistakes."""
    mistakes = []
    for name, check in checks.items():
        try:
            check()
        except InvalidInputError as error:
            mistakes.append(FieldMistake(name, str(error), error.code))
    if mistakes:
        raise ValidationError(mistakes)


@contextmanager
def about(field: str) -> Iterator[None]:
    """Set `field` on an `InvalidInputError` raised inside the block."""
    try:
        yield
    except InvalidInputError as error:
        error.field = field
        raise


def moment_of(text: str, field: str) -> datetime:
    """Parse a time in the format of RFC 3339; raise `InvalidInputError`."""
    with about(field):
        return parse_moment(text)


def found(value: Json) -> str:
    """Return the type of a JSON value in words."""
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


def _any_required(members: Mapping[str, Member]) -> bool:
    return any(member.required for member in members.values())


def _checked(
    body: Mapping[str, Json], members: Mapping[str, Member], mistakes: Sequence[FieldMistake]
) -> dict[str, Json]:
    found_here = (member.mistake(name, body) for name, member in members.items())
    mistakes = [*(mistake for mistake in found_here if mistake is not None), *mistakes]
    if mistakes:
        raise ValidationError(mistakes)
    return {name: body[name] for name in members if body.get(name) is not None}


def _object(*, needed: bool) -> dict[str, Json]:
    content = whole_body()
    if not content.strip():
        if needed:
            raise BadRequest("the body is empty; send a JSON object")
        return {}
    if request.mimetype and request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType(f"the body is {request.mimetype}; send Content-Type: application/json")
    value = parsed_json(content)
    if not isinstance(value, dict):
        raise ValidationError([FieldMistake("", f"must be a JSON object, found {found(value)}", "invalid_type")])
    return value


def whole_body() -> bytes:
    """Return the body of the request; raise `BadRequest` for an incomplete one (RFC 9112, 8)."""
    content, announced = request.get_data(), request.content_length
    if announced is not None and len(content) < announced:
        raise BadRequest(f"the body broke off after {len(content)} of {announced} bytes")
    return content


def parsed_json(content: bytes) -> Json:
    """Return the JSON value; raise `BadRequest` with the position of the first mistake."""
    try:
        value = _DECODER.decode(content.decode())
        if b"\\u" in content:  # a lone surrogate can only come from an escape
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"the body is no JSON: {error.msg} at {where}") from None
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is no JSON: byte {error.start + 1} is not UTF-8") from None
    except UnicodeEncodeError:
        raise BadRequest("the body is no JSON that can be kept: half of a surrogate pair stands alone") from None
    except RecursionError:
        raise BadRequest(_TOO_DEEP) from None
    except ValueError as error:
        raise BadRequest(f"the body is no JSON: {error}") from None
    if _is_deeper_than(_DEEPEST, value):
        raise BadRequest(_TOO_DEEP)
    return value


def _is_deeper_than(levels: int, value: Json) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
"""Made once: `json.loads` makes a new decoder for each call with options."""
