"""Replaces references such as `${order.id}` in the values of a scenario. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.events.overrides import index_in
from mockstore.model import Json
from mockstore.scenario.mistakes import unknown

MOST_CHARACTERS: Final = 1024 * 1024
"""The largest size of a scenario, and of all strings in a value after references are replaced, in characters."""
MOST_VALUES: Final = 100_000
"""The largest number of values in a scenario with its aliases expanded, and in a value after replacement."""

_REFERENCE: Final = re.compile(r"\$(?P<escaped>\$)?\{(?P<path>[^{}]*)\}")


def is_reference(value: Json) -> bool:
    """Tell whether `value` is a string that contains a reference."""
    return isinstance(value, str) and any(not match["escaped"] for match in _REFERENCE.finditer(value))


def references_in(value: Json) -> Iterator[str]:
    """Yield the path of each reference at any depth of `value`: `order.id` for `${order.id}`."""
    if isinstance(value, str):
        yield from (match["path"].strip() for match in _REFERENCE.finditer(value) if not match["escaped"])
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from references_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from references_in(inner)


def filled(value: Json, scope: Mapping[str, Json]) -> Json:
    """Return `value` with its references replaced from `scope`.

    A string that is one reference becomes the value itself, of any type; in a longer string it becomes text.
    `$${…}` becomes `${…}`. Raises `InvalidInputError` for an unknown name or member, and when the result is too large.
    """
    whole = _filled(value, scope)
    _check_size(whole)
    return whole


def _filled(value: Json, scope: Mapping[str, Json]) -> Json:
    if isinstance(value, str):
        return _filled_text(value, scope)
    if isinstance(value, Mapping):
        return {name: _filled(inner, scope) for name, inner in value.items()}
    return [_filled(inner, scope) for inner in value] if isinstance(value, list | tuple) else value


def _check_size(value: Json) -> None:
    """Raise `InvalidInputError` when a value is too large; an object that occurs twice in it counts twice."""
    waiting, values, characters = [value], 0, 0
    while waiting:
        one = waiting.pop()
        values += 1
        if isinstance(one, str):
            characters += len(one)
        elif isinstance(one, Mapping | list | tuple):
            waiting += one.values() if isinstance(one, Mapping) else one
        if values + len(waiting) > MOST_VALUES or characters > MOST_CHARACTERS:
            raise _too_large()


def _too_large() -> InvalidInputError:
    return InvalidInputError(
        f"with its references filled this is more than {MOST_VALUES:,} values or {MOST_CHARACTERS:,} characters"
    )


def _filled_text(text: str, scope: Mapping[str, Json]) -> Json:
    if "${" not in text:
        return text
    whole = _REFERENCE.fullmatch(text)
    if whole is not None and not whole["escaped"]:
        return _resolved(whole["path"].strip(), scope)
    pieces, done, length = [], 0, len(text)
    for match in _REFERENCE.finditer(text):
        meant = match[0][1:] if match["escaped"] else _as_text(_resolved(match["path"].strip(), scope))
        length += len(meant)
        if length > 2 * MOST_CHARACTERS:  # before the pieces are joined in memory
            raise _too_large()
        pieces += [text[done : match.start()], meant]
        done = match.end()
    return "".join([*pieces, text[done:]])


def _resolved(path: str, scope: Mapping[str, Json]) -> Json:
    found: Json = scope
    for step in path.split("."):
        if isinstance(found, list) and (at := index_in(found, step)) is not None:
            found = found[at]
        elif isinstance(found, Mapping) and step in found:
            found = found[step]
        else:
            known = list(found) if isinstance(found, Mapping) else []
            raise InvalidInputError(f"${{{path}}}: {unknown('name', step, known)}", field=path)
    return found


def _as_text(value: Json) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
