"""Hypothesis strategies made from the event schemas, for property-based tests of a consumer. Needs `mockstore[fuzz]`.

The strategies follow types, enum, const, `$ref`, `allOf`, `anyOf`, `oneOf` and the common limits of a schema. Other
keywords are respected by validating the generated events and dropping the invalid ones.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final, TypeAlias

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("mockstore.strategies needs hypothesis: pip install 'mockstore[fuzz]'") from error

from mockstore.events import Catalogue, petstore_catalogue, rfc3339
from mockstore.events.shape import follow
from mockstore.model import Json

__all__ = ["events", "invalid_events"]

_Schema: TypeAlias = dict[str, Json]
_Break: TypeAlias = tuple[Json, str | int, Json]
"""The object or list that contains a value, its name or index there, and the new value; `_ABSENT` deletes it."""

_ABSENT: Final = object()
_A_UUID: Final = "019b4132-70aa-764f-b315-e2803d882a24"
_MOST: Final = 10**12  # every JSON parser reads numbers up to here without loss
_LONGEST: Final = 3  # the most elements, above the minimum, of a list without `maxItems`
_NOT_TEXT: Final = 42
_FORMATS: Final[Mapping[str, st.SearchStrategy[str]]] = MappingProxyType(
    {
        "date-time": st.datetimes(timezones=st.just(UTC)).map(rfc3339),
        "date": st.dates().map(str),
        "time": st.times().map(lambda time: f"{time:%H:%M:%S}Z"),
        "email": st.from_regex(r"[a-z][a-z0-9]{0,9}(?:[.+][a-z0-9]{1,9})?@example\.(?:com|net|org)", fullmatch=True),
        "uri": st.from_regex(r"https://[a-z]{1,9}\.example\.com/[a-z0-9/]{0,20}", fullmatch=True),
        "uuid": st.uuids().map(str),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
    }
)


def events(event_type: str, *, catalogue: Catalogue | None = None) -> st.SearchStrategy[dict[str, Json]]:
    """Return a strategy of events that are valid for `event_type`; their values need not be realistic.

    `catalogue` defaults to the Petstore's; that of a `Mockstore` is `mockstore.provider.catalogue`. Raise
    `UnknownEventTypeError` for an unknown type.
    """
    known = catalogue or petstore_catalogue()
    schema = known.schema(event_type)
    return _values(schema, schema).filter(known.is_valid)


def invalid_events(event_type: str, *, catalogue: Catalogue | None = None) -> st.SearchStrategy[dict[str, Json]]:
    """Return a strategy of events that break the schema of `event_type` in exactly one place.

    A required member is absent, or a value has another type or is slightly outside the allowed range. Raise
    `UnknownEventTypeError` for an unknown type.
    """
    known = catalogue or petstore_catalogue()
    schema, valid = known.schema(event_type), events(event_type, catalogue=known)

    @st.composite
    def broken(draw: st.DrawFn) -> dict[str, Json]:
        event = deepcopy(draw(valid))
        holder, key, value = draw(st.sampled_from(list(_breaks(event, schema, schema))))
        if value is _ABSENT:
            del holder[key]
        else:
            holder[key] = value
        return event

    return broken().filter(lambda event: len(known.mistakes(event)) == 1)


def _values(schema: Json, root: Json) -> st.SearchStrategy[Any]:
    """Return a strategy of values that follow the supported keywords of `schema`."""
    flat = _flat(schema, root)
    for keyword in ("anyOf", "oneOf"):
        if keyword in flat:
            rest = {name: value for name, value in flat.items() if name != keyword}
            return st.one_of(*(_values({"allOf": [rest, one]}, root) for one in flat[keyword]))
    if "const" in flat:
        return st.just(flat["const"])
    if "enum" in flat:
        return st.sampled_from(flat["enum"])
    kinds = flat.get("type", _likely_type(flat))
    return st.one_of(*(_OF_TYPE[kind](flat, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)))


def _deferred(schema: Json, root: Json) -> st.SearchStrategy[Any]:
    """Return the same as `_values`, but made at first use, since a schema may refer to itself."""
    return st.deferred(lambda: _values(schema, root))


def _flat(schema: Json, root: Json) -> _Schema:
    """Return the schema merged with its `$ref` and `allOf`; a member that occurs in several becomes an `allOf`."""
    if not isinstance(schema, dict):
        return {}
    flat: _Schema = {}
    inner = [*schema.get("allOf", ()), *([follow(schema["$ref"], root)] if "$ref" in schema else [])]
    rest = {name: value for name, value in schema.items() if name not in ("allOf", "$ref")}
    for part in [*(_flat(one, root) for one in inner), rest]:
        members = flat.get("properties", {})
        merged = {
            name: {"allOf": [members[name], one]} if name in members else one
            for name, one in part.get("properties", {}).items()
        }
        required = list(dict.fromkeys([*flat.get("required", ()), *part.get("required", ())]))
        flat |= part
        if members or merged:
            flat["properties"] = members | merged
        if required:
            flat["required"] = required
    return flat


def _likely_type(flat: _Schema) -> str:
    """Return the type that the keywords of a schema without `type` apply to."""
    if "properties" in flat:
        return "object"
    return "array" if "items" in flat else "string"


def _text(flat: _Schema, _root: Json) -> st.SearchStrategy[str]:
    if "pattern" in flat:
        pattern = flat["pattern"]
        exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern
        texts = st.from_regex(exact, alphabet=st.characters(codec="utf-8"))
        # UUIDs are four times as fast as the pattern, and most strings of an event are ids.
        return st.one_of(_FORMATS["uuid"], texts) if re.search(exact, _A_UUID) else texts
    if flat.get("format") in _FORMATS:
        return _FORMATS[flat["format"]]
    return st.text(min_size=flat.get("minLength", 0), max_size=flat.get("maxLength"))


def _integer(flat: _Schema, _root: Json) -> st.SearchStrategy[int]:
    step = int(flat.get("multipleOf", 1))
    least = flat.get("minimum", flat.get("exclusiveMinimum", -_MOST - 1) + 1)
    most = flat.get("maximum", flat.get("exclusiveMaximum", _MOST + 1) - 1)
    return st.integers(-(-least // step), most // step).map(lambda number: number * step)


def _number(flat: _Schema, root: Json) -> st.SearchStrategy[float]:
    if "multipleOf" in flat:
        return _integer(flat, root)
    return st.floats(
        min_value=flat.get("minimum", flat.get("exclusiveMinimum", -_MOST)),
        max_value=flat.get("maximum", flat.get("exclusiveMaximum", _MOST)),
        exclude_min="exclusiveMinimum" in flat and "minimum" not in flat,
        exclude_max="exclusiveMaximum" in flat and "maximum" not in flat,
        allow_nan=False,
    )


def _array(flat: _Schema, root: Json) -> st.SearchStrategy[list[Any]]:
    least = flat.get("minItems", 0)
    most = flat.get("maxItems", least + _LONGEST)
    unique = repr if flat.get("uniqueItems") else None
    return st.lists(_deferred(flat.get("items", {}), root), min_size=least, max_size=most, unique_by=unique)


def _object(flat: _Schema, root: Json) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: _deferred(one, root) for name, one in flat.get("properties", {}).items()}
    required = {name: members.get(name, st.none()) for name in flat.get("required", ())}
    return st.fixed_dictionaries(
        required, optional={name: one for name, one in members.items() if name not in required}
    )


_OF_TYPE: Final[Mapping[str, Callable[[_Schema, Json], st.SearchStrategy[Any]]]] = MappingProxyType(
    {
        "string": _text,
        "integer": _integer,
        "number": _number,
        "array": _array,
        "object": _object,
        "boolean": lambda _flat, _root: st.booleans(),
        "null": lambda _flat, _root: st.none(),
    }
)


def _breaks(value: Json, schema: Json, root: Json) -> Iterator[_Break]:
    """Yield changes inside `value` that break the schema, one place each; some of them cause more than one mistake."""
    flat = _flat(schema, root)
    if isinstance(value, dict):
        yield from ((value, name, _ABSENT) for name in flat.get("required", ()) if name in value)
        inside = [(name, flat.get("properties", {}).get(name, {})) for name in value]
    else:
        inside = [(index, flat.get("items", {})) for index in range(len(value))] if isinstance(value, list) else []
    for key, its_schema in inside:
        yield from ((value, key, wrong) for wrong in _wrong(value[key], _flat(its_schema, root)))
        yield from _breaks(value[key], its_schema, root)


def _wrong(value: Json, flat: _Schema) -> Iterator[Json]:
    """Yield replacements for `value` that are most likely invalid."""
    if not flat:
        return
    yield None
    yield [] if isinstance(value, dict) else {}
    if isinstance(value, str):
        yield _NOT_TEXT
        yield ""
        yield value + "\n"
    if isinstance(value, int | float):
        yield str(value)
        yield flat.get("minimum", 0) - 1
    if isinstance(value, list):
        yield value[: max(0, flat.get("minItems", 0) - 1)]
