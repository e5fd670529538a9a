"""Merges a caller's values into a payload, and lists how a payload differs from the expected one. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from mockstore.errors import InvalidInputError, UnknownPathError
from mockstore.events.mistakes import shown
from mockstore.events.shape import Shape
from mockstore.model import Json, Payload

_DATA = "data"
_ANYTHING = Shape(schema=True, root=True)
_DEEPEST = 100
"""How deep overrides may be nested; each step of a dotted path counts as one level."""
_DIGITS = 9
"""An index with more digits is out of range, and Python may refuse to convert it to an int."""


def merge(
    data: Payload, overrides: Mapping[str, Json], shape: Shape | None = None, *, invalid: bool = False
) -> dict[str, Json]:
    """Return a copy of `data` with `overrides` merged into it.

    Mappings are merged member by member; lists and all other values are replaced. A key may be a dotted path
    (`pet.name`, `items.0.quantity`) and may start with `data.`; keys are applied in their order. Raise
    `UnknownPathError` for a path that is neither in `data` nor in `shape`; with `invalid` such a path is created.
    """
    return apply(data, overrides, shape, invalid=invalid)[0]


def apply(
    data: Payload, overrides: Mapping[str, Json], shape: Shape | None = None, *, invalid: bool = False
) -> tuple[dict[str, Json], frozenset[str]]:
    """Return the same as `merge`, and the dotted paths that were set."""
    _check_depth(overrides)
    merged: dict[str, Json] = _plain(data)
    merging = _Merge(merged, shape, invalid=invalid)
    for key, value in overrides.items():
        merging.assign(_steps(key, merged, merging.shape, prefix=_DATA), value)
    return merged, frozenset(merging.given)


def parse_assignment(text: str) -> tuple[str, Json]:
    """Return path and value of an assignment such as `data.pet.name=Rex`; raise `InvalidInputError` without a path.

    The value is parsed as JSON if it is valid JSON, else it is the text itself.
    """
    path, sign, value = text.partition("=")
    if not sign or not path.strip():
        raise InvalidInputError(
            f"{text!r} sets nothing: write path=value, such as data.pet.name=Rex", field="set", code="bad_assignment"
        )
    try:
        return path.strip(), json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return path.strip(), value


def differences(expected: Mapping[str, Json], actual: Json, prefix: str = "") -> list[str]:
    """Return a line for each member of `expected` that is missing or different in `actual`; extra members are ignored.

    Keys may be dotted paths. `prefix` is the path of `actual`, such as `data`: every line starts with it, and keys may.
    """
    lines: list[str] = []
    for key, value in expected.items():
        steps = _steps(key, actual, _ANYTHING, prefix=prefix)
        if not steps and isinstance(value, Mapping):
            lines += differences(value, actual, prefix)
        else:
            lines += _difference(steps, value, actual, prefix)
    return lines


def index_in(items: Sequence[Json], name: str) -> int | None:
    """Return `name` as an index, or None when it is not an index of `items`."""
    index = int(name) if name.isdecimal() and len(name) <= _DIGITS else len(items)
    return index if index < len(items) else None


class _Merge:
    """One merge of overrides into `target`; `given` collects the dotted paths that were set."""

    def __init__(self, target: dict[str, Json], shape: Shape | None, *, invalid: bool) -> None:
        self.target = target
        self.shape = shape or _ANYTHING
        self.strict = not invalid
        self.has_schema = shape is not None
        self.given: set[str] = set()

    def assign(self, steps: Sequence[str], value: Json) -> None:
        """Set `value` at the path `steps` in the target; no steps mean the target itself."""
        if steps:
            self._assign(self.target, self.shape, steps, value, ())
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                self.assign(_steps(key, self.target, self.shape), inner)
        else:
            raise InvalidInputError(
                f"data is an object of members, found {shown(value)}: name the members to override", field=_DATA
            )

    def _assign(self, node: Json, shape: Shape, steps: Sequence[str], value: Json, trail: tuple[str, ...]) -> None:
        name, rest = steps[0], steps[1:]
        here = (*trail, name)
        inner = self._member(node, shape, name)
        if inner is None:
            raise self._unknown((*trail, *steps))
        key = _key(node, name)
        child = _get(node, key)
        if isinstance(value, Mapping) and not rest and (isinstance(child, dict | list) or inner.members is not None):
            child = child if isinstance(child, dict | list) else _put(node, key, {})
            for each, item in value.items():
                self._assign(child, inner, _steps(each, child, inner), item, here)
        elif not rest:
            self._replace(node, key, inner, value, here)
        elif isinstance(child, dict | list) or child is None or not self.strict:
            child = child if isinstance(child, dict | list) else _put(node, key, {})
            self._assign(child, inner, rest, value, here)
        else:
            raise self._unknown((*trail, *steps))

    def _member(self, node: Json, shape: Shape, name: str) -> Shape | None:
        """Return the shape of the member `name` of `node`, or None when it must not be set."""
        if isinstance(node, list):
            return shape.element if not self.strict or index_in(node, name) is not None else None
        members = shape.members
        if members is not None and name in members:
            return members[name]
        is_open = shape.allows_unlisted(name) or (members is None and self.has_schema and not node)
        return _ANYTHING if not self.strict or name in node or is_open else None

    def _replace(self, node: Json, key: str | int, inner: Shape, value: Json, here: tuple[str, ...]) -> None:
        if self.strict:
            for extra in inner.extras(value):
                raise self._unknown((*here, extra))
        _put(node, key, _plain(value))
        self.given.add(".".join(here))

    def _unknown(self, steps: Sequence[str]) -> UnknownPathError:
        known = dict.fromkeys([*_paths(self.target), *self.shape.paths()])
        return UnknownPathError(".".join(steps), tuple(known))


def _steps(key: str, node: Json, shape: Shape, *, prefix: str = "") -> list[str]:
    """Return the steps of a dotted key, without a leading `prefix`; a member whose name contains dots is one step."""
    if not isinstance(key, str):
        raise InvalidInputError(f"a path is text such as 'pet.name', found {key!r}", field=_DATA)
    members = shape.members or {}
    if isinstance(node, dict) and (key in node or key in members):
        return [key]
    first, *rest = key.split(".")
    if first == prefix and not (isinstance(node, dict) and first in node) and first not in members:
        return rest
    return [first, *rest]


def _check_depth(overrides: Mapping[str, Json]) -> None:
    """Raise `InvalidInputError` for overrides that are nested too deeply: merging and encoding them is recursive."""
    pending: list[tuple[Json, int]] = [(overrides, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > _DEEPEST:
            raise InvalidInputError(f"an override lies deeper than {_DEEPEST} members", field=_DATA)
        if isinstance(value, Mapping):
            pending += [(inner, depth + 1 + str(key).count(".")) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            pending += [(inner, depth + 1) for inner in value]


def _plain(value: Json) -> Json:
    """Return a deep copy with dicts for mappings and lists for tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _key(node: Json, name: str) -> str | int:
    """Return `name` as a key of `node`: for a list an index, which is its length when `name` is not a valid index."""
    if not isinstance(node, list):
        return name
    index = index_in(node, name)
    return len(node) if index is None else index


def _get(node: Json, key: str | int) -> Json:
    if isinstance(key, int):
        return node[key] if key < len(node) else None
    return node.get(key)


def _put(node: Json, key: str | int, value: Json) -> Json:
    if isinstance(key, int) and key == len(node):
        node.append(value)
    else:
        node[key] = value
    return value


def _paths(value: Json, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every member of `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in pairs:
        path = f"{prefix}.{name}" if prefix else str(name)
        yield path
        yield from _paths(item, path)


def _difference(steps: Sequence[str], expected: Json, actual: Json, trail: str) -> list[str]:
    """Return the differences between `expected` and the value at `steps` in `actual`; `trail` is the path of that."""
    found = actual
    trail = ".".join([trail, *steps] if trail else steps)
    for step in steps:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and (index := index_in(found, step)) is not None:
            found = found[index]
        else:
            return [f"{trail}: expected {shown(expected)}, but it is missing"]
    if isinstance(expected, Mapping) and isinstance(found, dict | list):
        return differences(expected, found, trail)
    if isinstance(expected, list | tuple) and isinstance(found, list) and len(expected) == len(found):
        return [line for at, each in enumerate(expected) for line in _difference([str(at)], each, found, trail)]
    return [] if _equal(expected, found) else [f"{trail}: expected {shown(expected)}, found {shown(found)}"]


def _equal(expected: Json, found: Json) -> bool:
    """Compare as JSON values: other than in Python, `true` is not equal to 1."""
    numbers = isinstance(expected, int | float) and isinstance(found, int | float)
    if numbers and isinstance(expected, bool) is not isinstance(found, bool):
        return False
    return bool(expected == found)


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)
