"""Converts errors of jsonschema to `FieldMistake`, with messages that show no secret. Pure; imports no jsonschema."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from mockstore.events.mistakes import shown
from mockstore.model import Json
from mockstore.petstore.errors import FieldMistake

SchemaError: TypeAlias = Json
"""A `jsonschema.ValidationError`; only its attributes are used here."""

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "object": "an object",
        "array": "an array",
        "string": "a string",
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
    }
)


def field_mistakes(error: SchemaError) -> list[FieldMistake]:
    """Convert `error`; when no alternative of an `anyOf` is valid, report the mistakes of the closest one."""
    if error.validator == "anyOf":
        return _alternatives(error)
    if error.validator == "required":
        given: Json = error.instance
        wanted: Json = error.validator_value
        absent = [_path([*error.absolute_path, name]) for name in wanted if name not in given]
        return [FieldMistake(path, "is required", "required") for path in absent]
    code, message = _MESSAGES.get(str(error.validator), ("invalid", _not_allowed))
    return [FieldMistake(_path(error.absolute_path), message(error.validator_value, error), code)]


def _alternatives(error: SchemaError) -> list[FieldMistake]:
    branches: dict[Json, list[SchemaError]] = {}
    for each in error.context or ():
        branches.setdefault(each.relative_schema_path[0], []).append(each)
    chosen = [branch for branch in branches.values() if not any(each.validator == "const" for each in branch)]
    if not chosen:
        return _discriminators(error, branches.values())
    closest = min(chosen, key=len)
    return [mistake for each in closest for mistake in field_mistakes(each)]


def _discriminators(error: SchemaError, branches: Iterable[Sequence[SchemaError]]) -> list[FieldMistake]:
    """Return the one mistake of a document whose discriminator (a `const` member) names none of the alternatives."""
    constants = [each for branch in branches for each in branch if each.validator == "const"]
    if not constants:
        return [FieldMistake(_path(error.absolute_path), "fits none of its forms", "invalid")]
    words = dict.fromkeys(str(each.validator_value) for each in constants)
    return [FieldMistake(_path(constants[0].absolute_path), f"must be one of {', '.join(words)}", "enum")]


def _path(steps: Iterable[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _not_allowed(_wanted: Json, _error: SchemaError) -> str:
    return "is not allowed here"


def _type(wanted: Json, _error: SchemaError) -> str:
    return f"must be {_TYPES.get(wanted, wanted)}"


def _enum(wanted: Json, error: SchemaError) -> str:
    return f"must be one of {', '.join(map(str, wanted))}; found {shown(error.instance)}"


def _form(_wanted: Json, error: SchemaError) -> str:
    schema: Json = error.schema
    examples = " or ".join(map(shown, schema.get("examples", ())))
    return f"must look like {examples}" if examples else "has the wrong form"


def _at_least(unit: str) -> Callable[[Json, SchemaError], str]:
    return lambda wanted, _error: f"must be at least {wanted}{unit}"


def _at_most(unit: str) -> Callable[[Json, SchemaError], str]:
    return lambda wanted, _error: f"must be at most {wanted}{unit}"


_MESSAGES: Mapping[str, tuple[str, Callable[[Json, SchemaError], str]]] = MappingProxyType(
    {
        "type": ("type", _type),
        "enum": ("enum", _enum),
        "const": ("enum", lambda wanted, _error: f"must be {wanted}"),
        "pattern": ("pattern", _form),
        "format": ("format", _form),
        "minimum": ("minimum", _at_least("")),
        "maximum": ("maximum", _at_most("")),
        "minLength": ("min_length", _at_least(" characters long")),
        "maxLength": ("max_length", _at_most(" characters long")),
        "minItems": ("min_items", _at_least(" long")),
        "maxItems": ("max_items", _at_most(" long")),
    }
)
"""By keyword of the schema: the code of the mistake, and a function that makes the message."""
