"""Makes validators: jsonschema with strict formats, and quick on the plain cases. Imported at first use only.

jsonschema builds a new validator for every member that it walks into, each time. Here the validators of members are
built once and kept, and a few keywords say yes early where the answer is plain; in every other case jsonschema's own
keyword decides. Schemas in which a reference may change its meaning (`$dynamicRef`, an inner `$id`) get jsonschema's
own walk.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from mockstore.events.formats import FORMATS
from mockstore.model import Json

Keyword: TypeAlias = Callable[[Json, Json, Json, Json], Iterable[ValidationError] | None]
"""A keyword of jsonschema: validator, the keyword's value, the instance, the schema around it."""

_PLAIN: dict[str, Keyword] = Draft202012Validator.VALIDATORS
_TYPE_NAMES = {str: "string", dict: "object", list: "array", int: "integer", bool: "boolean", type(None): "null"}


def make_validator(schema: Json) -> Validator:
    """Return a validator for the self-contained `schema`; make it once and keep it."""
    keywords: dict[str, Keyword] = {
        "type": _type,
        "enum": _enum,
        "const": _const,
        "pattern": _pattern,
        "format": _format,
    }
    if not _rebinds(schema, outermost=True):
        keywords |= _KeptWalk().keywords()
    types = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    strict: type[Validator] = extend(  # type: ignore[no-untyped-call] # the stubs leave it so
        Draft202012Validator, keywords, type_checker=types
    )
    # Without `$schema`, for jsonschema would go back to its own class when it meets one.
    return strict({key: value for key, value in schema.items() if key != "$schema"}, format_checker=_format_checker())


def check_schema(schema: Json) -> None:
    """Raise `jsonschema.SchemaError` when `schema` is no JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema)


class _KeptWalk:
    """`properties`, `items` and `if` that make the validator of what they lead to once and keep it."""

    def __init__(self) -> None:
        self._kept: dict[int, Validator] = {}  # by the identity of the schema, which the validator keeps alive

    def keywords(self) -> dict[str, Keyword]:
        """Return the keywords by name."""
        return {"properties": self._properties, "items": self._items, "if": self._if}

    def _properties(self, validator: Json, known: Json, instance: Json, _schema: Json) -> Iterable[ValidationError]:
        errors: list[ValidationError] = []
        if isinstance(instance, dict):
            for name, schema in known.items():
                if name in instance:
                    errors += self._errors_at(validator, schema, instance[name], name)
        return errors

    def _items(self, validator: Json, schema: Json, instance: Json, around: Json) -> Iterable[ValidationError] | None:
        if not isinstance(instance, list) or "prefixItems" in around or isinstance(schema, bool):
            return _PLAIN["items"](validator, schema, instance, around)
        return [error for at, item in enumerate(instance) for error in self._errors_at(validator, schema, item, at)]

    def _if(self, validator: Json, test: Json, instance: Json, around: Json) -> Iterable[ValidationError] | None:
        branch = "then" if self._within(validator, test).is_valid(instance) else "else"
        return self._within(validator, around[branch]).iter_errors(instance) if branch in around else None

    def _errors_at(self, validator: Json, schema: Json, instance: Json, step: str | int) -> Iterator[ValidationError]:
        for error in self._within(validator, schema).iter_errors(instance):
            error.path.appendleft(step)
            yield error

    def _within(self, validator: Json, schema: Json) -> Validator:
        """Return the validator of `schema`, which lies inside that of `validator`."""
        kept = self._kept.get(id(schema))
        if kept is None:
            kept = self._kept[id(schema)] = validator.evolve(schema=schema)
        return kept


def _type(validator: Json, wanted: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if _TYPE_NAMES.get(instance.__class__) == wanted or (wanted == "number" and _is_number(validator, instance)):
        return None
    return _PLAIN["type"](validator, wanted, instance, schema)


def _enum(validator: Json, allowed: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if instance.__class__ is str and instance in allowed:
        return None
    return _PLAIN["enum"](validator, allowed, instance, schema)


def _const(validator: Json, only: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if instance.__class__ is str and instance == only:
        return None
    return _PLAIN["const"](validator, only, instance, schema)


def _pattern(_validator: Json, pattern: Json, instance: Json, _schema: Json) -> Iterable[ValidationError] | None:
    """Match as ECMA-262 does, where `$` is the very end and not before a last line break."""
    if not isinstance(instance, str):
        return None
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern
    if re.search(exact, instance):
        return None
    return [ValidationError(f"{instance!r} does not match {pattern!r}")]


def _format(validator: Json, name: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    is_one = FORMATS.get(name)
    if is_one is not None and instance.__class__ is str and is_one(instance):
        return None
    return _PLAIN["format"](validator, name, instance, schema)


def _is_number(_checker: Json, instance: Json) -> bool:
    """Tell whether `instance` is a number of JSON, which has neither NaN nor infinity."""
    if isinstance(instance, float):
        return math.isfinite(instance)
    return isinstance(instance, int) and not isinstance(instance, bool)


def _format_checker() -> FormatChecker:
    checker = FormatChecker()
    for name, is_one in FORMATS.items():
        checker.checks(name)(_unless_text(is_one))
    return checker


def _unless_text(is_one: Callable[[str], bool]) -> Callable[[object], bool]:
    """Return a check that lets everything but strings pass: formats speak of strings only."""
    return lambda value: not isinstance(value, str) or is_one(value)


def _rebinds(schema: Json, *, outermost: bool = False) -> bool:
    """Tell whether references inside `schema` may mean something else than they do at its root."""
    if isinstance(schema, list):
        return any(map(_rebinds, schema))
    if not isinstance(schema, dict):
        return False
    if "$dynamicRef" in schema or ("$id" in schema and not outermost):
        return True
    return any(_rebinds(value) for key, value in schema.items() if key != "examples")
