"""A form made from a schema, with a field for each member of an event's data; and the overrides filled in. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from werkzeug.exceptions import BadRequest

from mockstore.errors import InvalidInputError
from mockstore.events.shape import Shape
from mockstore.model import Json
from mockstore.web.reading import parsed_json

PREFIX: Final = "data."
"""Prefix of the path in the name of a form field."""
_MOST: Final = 60
"""How many fields a form may have; other members can be set as JSON."""
_DEEPEST: Final = 6
_KINDS: Final = {"integer": "number", "number": "number", "boolean": "flag", "string": "text"}


class Field(Struct, frozen=True):
    """One field of the form."""

    path: str
    """The dotted path below `data`."""
    kind: str
    """`text`, `number`, `choice`, `flag` or `json`."""
    hint: str = ""
    choices: tuple[str, ...] = ()
    sample: str = ""
    """The value that the factory made for the sample."""

    @property
    def name(self) -> str:
        """The name of the form field."""
        return PREFIX + self.path


def fields(shape: Shape, sample: Json) -> list[Field]:
    """Return the fields of `data`; `sample` is an example of such data, or None."""
    found: list[Field] = []
    for field in _below(shape, "", sample, 0):
        if len(found) == _MOST:
            break
        found.append(field)
    return found


def _below(shape: Shape, path: str, sample: Json, depth: int) -> Iterator[Field]:
    members = shape.members
    if members and depth < _DEEPEST:
        for name, inner in members.items():
            yield from _below(inner, f"{path}.{name}" if path else name, _member(sample, name), depth + 1)
    elif shape.element.members and depth < _DEEPEST:
        yield from _below(shape.element, f"{path}.0", _member(sample, 0), depth + 1)
    elif path:
        yield _leaf(shape, path, sample)


def _leaf(shape: Shape, path: str, sample: Json) -> Field:
    choices = [*_flat(shape.keyword("enum")), *shape.keyword("const")]
    hint = next((text for text in shape.keyword("description") if isinstance(text, str)), "")
    shown = "" if sample is None else sample if isinstance(sample, str) else json.dumps(sample, ensure_ascii=False)
    if choices and all(isinstance(one, str) for one in choices):
        return Field(path, "choice", hint, tuple(dict.fromkeys(choices)), shown)
    types = {kind for told in shape.keyword("type") for kind in ([told] if isinstance(told, str) else told)} - {"null"}
    kinds = {_KINDS.get(str(one), "json") for one in types} or {"text" if isinstance(sample, str) else "json"}
    return Field(path, kinds.pop() if len(kinds) == 1 else "json", hint, (), shown)


def _flat(lists: Iterator[Json]) -> Iterator[Json]:
    for one in lists:
        yield from one


def _member(sample: Json, name: str | int) -> Json:
    try:
        return sample[name]
    except (KeyError, IndexError, TypeError):
        return None


def overrides(known: Sequence[Field], form: Mapping[str, str]) -> dict[str, Json]:
    """Return the JSON object in the form's `overrides`, with each non-empty field set in it.

    Raises `InvalidInputError` if `overrides` is not a JSON object.
    """
    document = _object(form.get("overrides", ""))
    for field in known:
        value = form.get(field.name, "")
        if value != "":
            document[field.path] = _read(field, value)
    return document


def _object(text: str) -> dict[str, Json]:
    if not text.strip():
        return {}
    value = _parsed(text)
    if not isinstance(value, dict):
        raise InvalidInputError('the overrides must be an object, such as {"pet.name": "Rex"}', field="overrides")
    return value


def _read(field: Field, text: str) -> Json:
    """Return the value; a text that is not a number stays a text, which the schema then refuses."""
    if field.kind in ("text", "choice"):
        return text
    try:
        return _parsed(text)
    except InvalidInputError:
        return text


def _parsed(text: str) -> Json:
    try:
        return parsed_json(text.encode("utf-8", "replace"))
    except BadRequest as error:
        text_of_error = str(error.description).replace("the body is", "the overrides are")
        raise InvalidInputError(text_of_error, field="overrides") from None
