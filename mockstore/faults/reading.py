"""Finds the members of an event that a fault can change, with the help of the event's schema. Pure."""

import json
from collections.abc import Iterator
from typing import Final, TypeAlias

from mockstore.events.shape import Shape
from mockstore.model import Json

Place: TypeAlias = tuple[Json, str | int, Shape]
"""The object or list that contains a value, the name or index of the value there, and the shape of the value."""

_DEEPEST: Final = 12
"""How many levels are searched; there is a limit since a schema may refer to itself."""


def read_object(body: bytes) -> dict[str, Json] | None:
    """Return `body` as a JSON object, or None when it is not one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def places(value: Json, shape: Shape, depth: int = 0) -> Iterator[Place]:
    """Yield the place of every member and element inside `value` that the schema declares, parents first."""
    if depth > _DEEPEST:
        return
    for key, inner, its_shape in _children(value, shape):
        yield value, key, its_shape
        yield from places(inner, its_shape, depth + 1)


def optional_places(value: Json, shape: Shape) -> list[Place]:
    """Return the places of the members inside `value` that the schema declares but does not require."""
    whole = [(value, shape), *((holder[key], its_shape) for holder, key, its_shape in places(value, shape))]
    return [
        (holder, name, known)
        for holder, its_shape in whole
        if isinstance(holder, dict)
        for name, known in (its_shape.members or {}).items()
        if name in holder and not any(name in required for required in its_shape.keyword("required"))
    ]


def _children(value: Json, shape: Shape) -> Iterator[tuple[str | int, Json, Shape]]:
    if isinstance(value, list):
        yield from ((index, item, shape.element) for index, item in enumerate(value))
    elif isinstance(value, dict):
        parts = list(shape.keyword("properties"))
        for name, inner in value.items():
            schemas = [part[name] for part in parts if name in part]
            if schemas:
                yield name, inner, Shape({"allOf": schemas}, shape.root)
