"""Lists the members that a schema declares: for overrides, and to find members that it does not declare. Pure."""

import re
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from mockstore.model import Json

_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE = ("if", "then", "else")
_DEEPEST = 12
"""Levels of paths that are listed; there is a limit since a schema may refer to itself."""


class Shape(Struct, frozen=True, dict=True):
    """The members that a schema declares."""

    schema: Json
    root: Json
    """The document in which local references (`#/…`) are resolved."""

    @cached_property
    def members(self) -> dict[str, "Shape"] | None:
        """The declared members of an object by name, or None when the schema declares none."""
        parts = [part["properties"] for part in self._parts() if "properties" in part]
        if not parts:
            return None
        return {name: Shape(schema, self.root) for part in parts for name, schema in part.items()}

    @cached_property
    def element(self) -> "Shape":
        """The shape of an array's elements."""
        for part in self._parts():
            if "items" in part:
                return Shape(part["items"], self.root)
        return Shape(True, self.root)  # noqa: FBT003 - the schema that allows everything is spelt `true`

    def paths(self, prefix: str = "", depth: int = 0) -> Iterator[str]:
        """Yield the dotted path of every declared member, parents first; `0` stands for the elements of an array."""
        if depth > _DEEPEST:
            return
        known = dict(self.members or {})
        if any("items" in part for part in self._parts()):
            known["0"] = self.element
        for name, shape in known.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from shape.paths(path, depth + 1)

    def extras(self, value: Json, prefix: str = "") -> Iterator[str]:
        """Yield the dotted paths of the members in `value` that the schema neither declares nor describes."""
        if isinstance(value, list):
            element = self.element
            for index, item in enumerate(value):
                yield from element.extras(item, f"{prefix}.{index}" if prefix else str(index))
        if not isinstance(value, dict):
            return
        members = self.members
        if members is None:
            return
        for name, item in value.items():
            path = f"{prefix}.{name}" if prefix else str(name)
            if name in members:
                yield from members[name].extras(item, path)
            elif not self.allows_unlisted(str(name)):
                yield path

    def allows_unlisted(self, name: str) -> bool:
        """Tell whether `additionalProperties` or `patternProperties` describe the undeclared member `name`."""
        return any(
            isinstance(part.get("additionalProperties"), dict)
            or any(re.search(pattern, name) for pattern in part.get("patternProperties", ()))
            for part in self._parts()
        )

    def keyword(self, name: str) -> Iterator[Json]:
        """Yield the value of a keyword, once for each subschema that has it and applies to the same value."""
        return (part[name] for part in self._parts() if name in part)

    def _parts(self) -> Iterator[dict[str, Json]]:
        """Yield this schema and its subschemas that apply to the same value (`allOf`, `if`, `$ref` and the like)."""
        pending, seen = [self.schema], set[int]()
        while pending:
            part = pending.pop(0)
            if not isinstance(part, dict) or id(part) in seen:
                continue
            seen.add(id(part))
            yield part
            pending += [each for key in _IN_PLACE_LISTS for each in part.get(key, ())]
            pending += [part[key] for key in _IN_PLACE if key in part]
            if "$ref" in part:
                pending.append(follow(part["$ref"], self.root))


def follow(reference: str, root: Json) -> Json:
    """Return the target of a local reference (`#/$defs/x`) in `root`; raise `LookupError` when there is none."""
    address, _, pointer = reference.partition("#")
    if address or (pointer and not pointer.startswith("/")):
        raise LookupError(reference)
    found = root
    try:
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
    except (LookupError, TypeError, ValueError):
        raise LookupError(reference) from None
    return found
