"""The documents of the shop: their schemas, every mistake in one, and the members that are kept of one. Pure.

A schema file refers to others by file name only; here each is made whole, so that checking one follows no reference.
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
_OF_THE_FILE = ("$schema", "$id")
"""What names a file, and would mislead inside another."""
_NOTES = frozenset({"title", "description", "default", "examples"})
"""What a schema says to people only."""
_CONTAINERS = (dict, list)
_TOO_DEEP = FieldMistake("", "is nested too deeply", "depth")
_WHOLE_NUMBER = re.compile("-?[0-9]{1,300}")


def kinds() -> tuple[str, ...]:
    """Return the names of all schemas, sorted."""
    folder = files("mockstore.schemas").joinpath("resources")
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)))


@cache
def schema(kind: str) -> Payload:
    """Return the schema of `kind` as its file has it; raise `LookupError` when there is none. Not to be changed."""
    try:
        text = files("mockstore.schemas").joinpath("resources", f"{kind}{_SUFFIX}").read_bytes()
    except FileNotFoundError:
        raise LookupError(f"no schema {kind!r}; there are: {', '.join(kinds())}") from None
    found: dict[str, Json] = json.loads(text)
    return found


@cache
def whole_schema(kind: str) -> Payload:
    """Return the schema of `kind` with every reference put in place. Not to be changed."""
    own = {key: value for key, value in schema(kind).items() if key not in _OF_THE_FILE}
    whole: dict[str, Json] = _inline(own)
    return whole


def check(kind: str, document: Json) -> list[FieldMistake]:
    """Return every mistake in `document`, in the order of its members; raises nothing, whatever `document` is."""
    try:
        mistakes = [mistake for error in _judge(kind)(document) for mistake in field_mistakes(error)]
        mistakes += [FieldMistake(field, "holds half a surrogate pair", "encoding") for field in _unwritable(document)]
    except RecursionError:
        return [_TOO_DEEP]
    return list(dict.fromkeys(mistakes))


def demand(kind: str, document: Json) -> None:
    """Raise `ValidationError` with every mistake in `document`, if there is any."""
    if surely_fits(document, whole_schema(kind)):
        return
    mistakes = check(kind, document)
    if mistakes:
        raise ValidationError(mistakes)


def surely_fits(value: Json, whole: Payload) -> bool:
    """Tell that `value` fits for certain; False leaves it open.

    It knows the few keywords that filters and simple searches are described with, so that these load no jsonschema.
    """
    rules, kind = whole.keys() - _NOTES, whole.get("type")
    if kind == "string":
        return rules == {"type", "enum"} and value in whole["enum"]
    if kind == "boolean":
        return rules == {"type"} and value.__class__ is bool
    if kind == "integer":
        least, most = whole.get("minimum", value), whole.get("maximum", value)
        return rules <= {"type", "minimum", "maximum"} and value.__class__ is int and least <= value <= most
    if kind == "array":
        plain = rules - {"minItems"} == {"type", "items"} and value.__class__ is list
        long_enough = plain and len(value) >= whole.get("minItems", 0)
        return long_enough and all(surely_fits(item, whole["items"]) for item in value)
    if kind == "object" and rules == {"type", "properties"} and value.__class__ is dict:
        known = whole["properties"]
        return all(name in known and surely_fits(item, known[name]) for name, item in value.items())
    return False


def kept(kind: str, document: Payload) -> dict[str, Json]:
    """Return a copy of `document` with the members that the schema of `kind` lets a caller write, at every depth."""
    copy: dict[str, Json] = _kept(document, whole_schema(kind))
    return copy


def coerced(kind: str, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return query parameters as the schema of `kind` types them; others are left out, what does not fit stays text."""
    known = _members(whole_schema(kind))
    return {name: _coerced(text, known[name]) for name, text in texts.items() if name in known}


def member_names(kind: str) -> tuple[str, ...]:
    """Return the members that the schema of `kind` knows."""
    return tuple(_members(whole_schema(kind)))


def copied(document: Json) -> Json:
    """Return a copy of a JSON value that shares nothing with it."""
    if isinstance(document, dict):
        return {key: copied(value) if value.__class__ in _CONTAINERS else value for key, value in document.items()}
    return [copied(value) for value in document] if isinstance(document, list) else document


@cache
def _judge(kind: str) -> Callable[[Json], Iterable[SchemaError]]:
    from mockstore.events.validation import make_validator  # noqa: PLC0415 - jsonschema loads late

    return make_validator(whole_schema(kind)).iter_errors


def _inline(value: Json) -> Json:
    """Return `value` with `{"$ref": "<file>.json", …}` replaced by that file, and the members beside it on top."""
    if isinstance(value, list):
        return [_inline(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = {key: _inline(item) for key, item in value.items()}
    reference = own.pop("$ref", None)
    return own if reference is None else {**whole_schema(reference.removesuffix(_SUFFIX)), **own}


def _members(whole: Json) -> dict[str, Json]:
    """Return the schemas of the members that an object may have, those of its alternatives included."""
    found: dict[str, Json] = {}
    for part in [*whole.get("allOf", ()), *whole.get("anyOf", ())]:
        found |= _members(part)
    found |= whole.get("properties", {})
    return found


def _kept(value: Json, whole: Json) -> Json:
    if isinstance(value, list):
        return [_kept(item, whole.get("items", {})) for item in value]
    if not isinstance(value, Mapping):
        return value
    known = _members(whole)
    return {name: _kept(item, known[name]) for name, item in value.items() if name in known}


def _coerced(text: str, whole: Json) -> Json:
    wanted = whole.get("type")
    if wanted == "integer" and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if wanted == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text.split(",") if wanted == "array" else text


def _unwritable(value: Json, path: str = "") -> Iterator[str]:
    """Yield the paths of the texts that UTF-8 cannot hold."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _unwritable(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unwritable(item, f"{path}[{index}]")
