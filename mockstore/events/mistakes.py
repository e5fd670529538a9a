"""Turns the validation errors of jsonschema into readable messages. Pure; does not import jsonschema."""

import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from mockstore.model import Json

if TYPE_CHECKING:
    from jsonschema import ValidationError

_LONGEST_VALUE = 60
"""Characters of a value that are shown."""

_LONGEST_MESSAGE = 200
"""Characters; limited because jsonschema puts whole values into some of its messages."""

_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}

_FORMATS = {
    "date-time": "RFC 3339 date-time with an offset, such as 2025-01-06T12:00:00Z",
    "date": "date such as 2025-01-06",
    "email": "e-mail address such as john@example.com",
    "uri": "absolute URI such as https://example.com/",
    "uuid": "UUID such as 019b4132-70aa-764f-b315-e2803d882a24",
}


class Mistake(Struct, frozen=True):
    """One thing that is wrong with an event."""

    path: str
    """Where it is, such as `data.pet.name`; empty for the whole event."""
    message: str

    def __str__(self) -> str:
        """Return path and message in one line."""
        return f"{self.path or 'the event'}: {self.message}"


def mistakes_in(error: "ValidationError") -> list[Mistake]:
    """Return `error` as mistakes: one for each missing member, with the member's own path, else just one."""
    path = ".".join(map(str, error.absolute_path))
    wanted: Json = error.validator_value
    found: Json = error.instance
    if error.validator == "required":
        prefix = f"{path}." if path else ""
        return [Mistake(f"{prefix}{name}", "is missing") for name in wanted if name not in found]
    say = _WORDING.get(str(error.validator))
    return [Mistake(path, say(wanted, found, error.schema) if say else _shortened(error.message, _LONGEST_MESSAGE))]


def shown(value: Json) -> str:
    """Return `value` as text of at most 60 characters: a string quoted, everything else as JSON."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return _shortened(text, _LONGEST_VALUE)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _type(wanted: Json, found: Json, _schema: Json) -> str:
    names = wanted if isinstance(wanted, list) else [wanted]
    return f"must be {' or '.join(_TYPES[name] for name in names)}, found {shown(found)}"


def _enum(wanted: Json, found: Json, _schema: Json) -> str:
    near = get_close_matches(str(found).upper(), [each for each in wanted if isinstance(each, str)], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{shown(found)} is not one of {', '.join(map(str, wanted))}{hint}"


def _const(wanted: Json, found: Json, _schema: Json) -> str:
    return f"must be {shown(wanted)}, found {shown(found)}"


def _format(wanted: Json, found: Json, _schema: Json) -> str:
    return f"{shown(found)} is no {_FORMATS.get(wanted, wanted)}"


def _pattern(wanted: Json, found: Json, schema: Json) -> str:
    examples = " or ".join(map(str, schema.get("examples", ())))
    return f"{shown(found)} does not look like {examples or wanted}"


def _at_least(wanted: Json, found: Json, _schema: Json) -> str:
    return f"must be at least {wanted}, found {shown(found)}"


def _not_shorter(wanted: Json, found: Json, _schema: Json) -> str:
    return "must not be empty" if wanted == 1 else f"is too short ({len(found)}; at least {wanted})"


def _not_longer(wanted: Json, found: Json, _schema: Json) -> str:
    return f"is too long ({len(found)}; at most {wanted})"


_WORDING: Mapping[str, Callable[[Json, Json, Json], str]] = MappingProxyType(
    {
        "type": _type,
        "enum": _enum,
        "const": _const,
        "format": _format,
        "pattern": _pattern,
        "minimum": _at_least,
        "minLength": _not_shorter,
        "minItems": _not_shorter,
        "maxLength": _not_longer,
        "maxItems": _not_longer,
    }
)
