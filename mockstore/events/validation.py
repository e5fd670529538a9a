"""Makes validators: jsonschema with strict formats, and faster in common cases. Imported at first use only.

jsonschema makes a new validator for every member it visits, at each validation. Here the validators of members are made
once and cached, and a few keywords accept common values early; in all other cases jsonschema's own keywords are
called. Schemas in which the meaning of a reference may change (`$dynamicRef`, an inner `$id`) do not use the cache.
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
"""A keyword as jsonschema calls it: with validator, value of the keyword, instance, and schema that has the keyword."""

_ORIGINAL: dict[str, Keyword] = Draft202012Validator.VALIDATORS
_TYPE_NAMES = {str: "string", dict: "object", list: "array", int: "integer", bool: "boolean", type(None): "null"}


def make_validator(schema: Json) -> Validator:
    """Return a validator for the self-contained `schema`. This is slow: keep the validator."""
    keywords: dict[str, Keyword] = {
        "type": _type,
        "enum": _enum,
        "const": _const,
        "pattern": _pattern,
        "format": _format,
    }
    if not _has_moving_references(schema, outermost=True):
        keywords |= _CachingKeywords().keywords()
    types = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    strict: type[Validator] = extend(  # type: ignore[no-untyped-call] # the stubs leave it so
        Draft202012Validator, keywords, type_checker=types
    )
    # Without `$schema`, since jsonschema would use its own class instead of `strict` for a schema that has one.
    return strict({key: value for key, value in schema.items() if key != "$schema"}, format_checker=_format_checker())


def check_schema(schema: Json) -> None:
    """Raise `jsonschema.SchemaError` unless `schema` is a JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema)


class _CachingKeywords:
    """The keywords `properties`, `items` and `if`, with cached validators for their subschemas."""

    def __init__(self) -> None:
        self._cache: dict[int, Validator] = {}  # by the schema's `id()`; safe, since the validator keeps it alive

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

    def _items(self, validator: Json, schema: Json, instance: Json, parent: Json) -> Iterable[ValidationError] | None:
        if not isinstance(instance, list) or "prefixItems" in parent or isinstance(schema, bool):
            return _ORIGINAL["items"](validator, schema, instance, parent)
        return [error for at, item in enumerate(instance) for error in self._errors_at(validator, schema, item, at)]

    def _if(self, validator: Json, test: Json, instance: Json, parent: Json) -> Iterable[ValidationError] | None:
        branch = "then" if self._validator_of(validator, test).is_valid(instance) else "else"
        return self._validator_of(validator, parent[branch]).iter_errors(instance) if branch in parent else None

    def _errors_at(self, validator: Json, schema: Json, instance: Json, step: str | int) -> Iterator[ValidationError]:
        for error in self._validator_of(validator, schema).iter_errors(instance):
            error.path.appendleft(step)
            yield error

    def _validator_of(self, validator: Json, schema: Json) -> Validator:
        """Return the cached validator of `schema`, a subschema of that of `validator`."""
        cached = self._cache.get(id(schema))
        if cached is None:
            cached = self._cache[id(schema)] = validator.evolve(schema=schema)
        return cached


def _type(validator: Json, wanted: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if _TYPE_NAMES.get(instance.__class__) == wanted or (wanted == "number" and _is_number(validator, instance)):
        return None
    return _ORIGINAL["type"](validator, wanted, instance, schema)


def _enum(validator: Json, allowed: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if instance.__class__ is str and instance in allowed:
        return None
    return _ORIGINAL["enum"](validator, allowed, instance, schema)


def _const(validator: Json, only: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    if instance.__class__ is str and instance == only:
        return None
    return _ORIGINAL["const"](validator, only, instance, schema)


def _pattern(_validator: Json, pattern: Json, instance: Json, _schema: Json) -> Iterable[ValidationError] | None:
    """Match as ECMA-262 does, where `$` does not match before a newline at the end."""
    if not isinstance(instance, str):
        return None
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern
    if re.search(exact, instance):
        return None
    return [ValidationError(f"{instance!r} does not match {pattern!r}")]


def _format(validator: Json, name: Json, instance: Json, schema: Json) -> Iterable[ValidationError] | None:
    accepts = FORMATS.get(name)
    if accepts is not None and instance.__class__ is str and accepts(instance):
        return None
    return _ORIGINAL["format"](validator, name, instance, schema)


def _is_number(_checker: Json, instance: Json) -> bool:
    """Tell whether `instance` is a JSON number; NaN and infinity are not."""
    if isinstance(instance, float):
        return math.isfinite(instance)
    return isinstance(instance, int) and not isinstance(instance, bool)


def _format_checker() -> FormatChecker:
    checker = FormatChecker()
    for name, accepts in FORMATS.items():
        checker.checks(name)(_strings_only(accepts))
    return checker


def _strings_only(accepts: Callable[[str], bool]) -> Callable[[object], bool]:
    """Return a check that accepts every value but strings that `accepts` refuses: formats apply to strings only."""
    return lambda value: not isinstance(value, str) or accepts(value)


def _has_moving_references(schema: Json, *, outermost: bool = False) -> bool:
    """Tell whether a reference inside `schema` may have another target than the same reference at its root."""
    if isinstance(schema, list):
        return any(map(_has_moving_references, schema))
    if not isinstance(schema, dict):
        return False
    if "$dynamicRef" in schema or ("$id" in schema and not outermost):
        return True
    return any(_has_moving_references(value) for key, value in schema.items() if key != "examples")
