"""Loads the JSON Schemas of the API's documents, validates documents and selects their members. Pure.

A schema file refers to others by file name (`$ref`). Here each reference is replaced by the schema that it names.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from mockstore.model import Json, Payload
from mockstore.petstore.errors import FieldMistake, ValidationError
from mockstore.petstore.mistakes import SchemaError, field_mistakes

_SUFFIX = ".json"
_FILE_KEYWORDS = ("$schema", "$id")
"""Keywords that describe a schema file; they must not be copied into another schema."""
_ANNOTATIONS = frozenset({"title", "description", "default", "examples"})
"""Keywords that do not validate anything."""
_CONTAINERS = (dict, list)
_TOO_DEEP = FieldMistake("", "is nested too deeply", "depth")
_WHOLE_NUMBER = re.compile("-?[0-9]{1,300}")


def kinds() -> tuple[str, ...]:
    """Return the names of all schemas, sorted."""
    folder = files("mockstore.schemas").joinpath("resources")
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)))


@cache
def schema(kind: str) -> Payload:
    """Return the schema of `kind` as in its file; raise `LookupError` for an unknown kind. Cached: do not change it."""
    try:
        text = files("mockstore.schemas").joinpath("resources", f"{kind}{_SUFFIX}").read_bytes()
    except FileNotFoundError:
        raise LookupError(f"no schema {kind!r}; there are: {', '.join(kinds())}") from None
    found: dict[str, Json] = json.loads(text)
    return found


@cache
def resolved_schema(kind: str) -> Payload:
    """Return the schema of `kind` with every `$ref` replaced by the schema it names. Cached: do not change it."""
    own = {key: value for key, value in schema(kind).items() if key not in _FILE_KEYWORDS}
    resolved: dict[str, Json] = _inline(own)
    return resolved


def check(kind: str, document: Json) -> list[FieldMistake]:
    """Return every mistake in `document`, in the order of its members; raise nothing, whatever `document` is."""
    try:
        mistakes = [mistake for error in _schema_errors(kind)(document) for mistake in field_mistakes(error)]
        mistakes += [FieldMistake(field, "holds half a surrogate pair", "encoding") for field in _surrogates(document)]
    except RecursionError:
        return [_TOO_DEEP]
    return list(dict.fromkeys(mistakes))


def require_valid(kind: str, document: Json) -> None:
    """Raise `ValidationError` with every mistake in `document`, if there is any."""
    if certainly_valid(document, resolved_schema(kind)):
        return
    mistakes = check(kind, document)
    if mistakes:
        raise ValidationError(mistakes)


def certainly_valid(value: Json, resolved: Payload) -> bool:
    """Return True when `value` is certainly valid; False means that only a full validation can tell.

    It knows only the keywords that filters and simple searches need, so that these do not import jsonschema.
    """
    rules, kind = resolved.keys() - _ANNOTATIONS, resolved.get("type")
    if kind == "string":
        return rules == {"type", "enum"} and value in resolved["enum"]
    if kind == "boolean":
        return rules == {"type"} and value.__class__ is bool
    if kind == "integer":
        least, most = resolved.get("minimum", value), resolved.get("maximum", value)
        return rules <= {"type", "minimum", "maximum"} and value.__class__ is int and least <= value <= most
    if kind == "array":
        plain = rules - {"minItems"} == {"type", "items"} and value.__class__ is list
        long_enough = plain and len(value) >= resolved.get("minItems", 0)
        return long_enough and all(certainly_valid(item, resolved["items"]) for item in value)
    if kind == "object" and rules == {"type", "properties"} and value.__class__ is dict:
        known = resolved["properties"]
        return all(name in known and certainly_valid(item, known[name]) for name, item in value.items())
    return False


def writable_members(kind: str, document: Payload) -> dict[str, Json]:
    """Return a copy of `document` without the members that the schema of `kind` does not name, at every depth."""
    copy: dict[str, Json] = _writable(document, resolved_schema(kind))
    return copy


def coerced(kind: str, texts: Mapping[str, str]) -> dict[str, Json]:
    """Convert query parameters to the types of the schema of `kind`.

    Leave out parameters that the schema does not name; keep a value as text when it cannot be converted.
    """
    known = _members(resolved_schema(kind))
    return {name: _coerced(text, known[name]) for name, text in texts.items() if name in known}


def member_names(kind: str) -> tuple[str, ...]:
    """Return the names of the members in the schema of `kind`."""
    return tuple(_members(resolved_schema(kind)))


def copied(document: Json) -> Json:
    """Return a deep copy of a JSON value."""
    if isinstance(document, dict):
        return {key: copied(value) if value.__class__ in _CONTAINERS else value for key, value in document.items()}
    return [copied(value) for value in document] if isinstance(document, list) else document


@cache
def _schema_errors(kind: str) -> Callable[[Json], Iterable[SchemaError]]:
    from mockstore.events.validation import make_validator  # noqa: PLC0415 - jsonschema loads late

    return make_validator(resolved_schema(kind)).iter_errors


def _inline(value: Json) -> Json:
    """Replace each `{"$ref": "<file>.json", …}` in `value` by that schema; members beside `$ref` override its own."""
    if isinstance(value, list):
        return [_inline(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = {key: _inline(item) for key, item in value.items()}
    reference = own.pop("$ref", None)
    return own if reference is None else {**resolved_schema(reference.removesuffix(_SUFFIX)), **own}


def _members(resolved: Json) -> dict[str, Json]:
    """Return the schema of each member that an object may have, including those in `allOf` and `anyOf`."""
    found: dict[str, Json] = {}
    for part in [*resolved.get("allOf", ()), *resolved.get("anyOf", ())]:
        found |= _members(part)
    found |= resolved.get("properties", {})
    return found


def _writable(value: Json, resolved: Json) -> Json:
    if isinstance(value, list):
        return [_writable(item, resolved.get("items", {})) for item in value]
    if not isinstance(value, Mapping):
        return value
    known = _members(resolved)
    return {name: _writable(item, known[name]) for name, item in value.items() if name in known}


def _coerced(text: str, resolved: Json) -> Json:
    wanted = resolved.get("type")
    if wanted == "integer" and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if wanted == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text.split(",") if wanted == "array" else text


def _surrogates(value: Json, path: str = "") -> Iterator[str]:
    """Yield the path of each string that UTF-8 cannot encode."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _surrogates(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _surrogates(item, f"{path}[{index}]")
