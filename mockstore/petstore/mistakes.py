"""Says what is wrong with a member, in words that repeat no secret. Pure; knows jsonschema's errors by attribute."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from mockstore.events.mistakes import shown
from mockstore.model import Json
from mockstore.petstore.errors import FieldMistake

SchemaError: TypeAlias = Json
"""An error of jsonschema, known here by its attributes only."""

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
    """Return what `error` stands for; of alternatives, what is wrong by the one that comes closest."""
    if error.validator == "anyOf":
        return _alternatives(error)
    if error.validator == "required":
        given: Json = error.instance
        wanted: Json = error.validator_value
        absent = [_path([*error.absolute_path, name]) for name in wanted if name not in given]
        return [FieldMistake(path, "is required", "required") for path in absent]
    code, say = _WORDING.get(str(error.validator), ("invalid", _unfit))
    return [FieldMistake(_path(error.absolute_path), say(error.validator_value, error), code)]


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
    """Return the one mistake of a document that says to be none of the alternatives."""
    said = [each for branch in branches for each in branch if each.validator == "const"]
    if not said:
        return [FieldMistake(_path(error.absolute_path), "fits none of its forms", "invalid")]
    words = dict.fromkeys(str(each.validator_value) for each in said)
    return [FieldMistake(_path(said[0].absolute_path), f"must be one of {', '.join(words)}", "enum")]


def _path(steps: Iterable[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _unfit(_wanted: Json, _error: SchemaError) -> str:
    return "is not allowed here"


def _type(wanted: Json, _error: SchemaError) -> str:
    return f"must be {_TYPES.get(wanted, wanted)}"


def _enum(wanted: Json, error: SchemaError) -> str:
    return f"must be one of {', '.join(map(str, wanted))}; found {shown(error.instance)}"


def _looks(_wanted: Json, error: SchemaError) -> str:
    schema: Json = error.schema
    examples = " or ".join(map(shown, schema.get("examples", ())))
    return f"must look like {examples}" if examples else "has the wrong form"


def _at_least(unit: str) -> Callable[[Json, SchemaError], str]:
    return lambda wanted, _error: f"must be at least {wanted}{unit}"


def _at_most(unit: str) -> Callable[[Json, SchemaError], str]:
    return lambda wanted, _error: f"must be at most {wanted}{unit}"


_WORDING: Mapping[str, tuple[str, Callable[[Json, SchemaError], str]]] = MappingProxyType(
    {
        "type": ("type", _type),
        "enum": ("enum", _enum),
        "const": ("enum", lambda wanted, _error: f"must be {wanted}"),
        "pattern": ("pattern", _looks),
        "format": ("format", _looks),
        "minimum": ("minimum", _at_least("")),
        "maximum": ("maximum", _at_most("")),
        "minLength": ("min_length", _at_least(" characters long")),
        "maxLength": ("max_length", _at_most(" characters long")),
        "minItems": ("min_items", _at_least(" long")),
        "maxItems": ("max_items", _at_most(" long")),
    }
)
"""By the schema's keyword: the mistake's code, and what is said."""
