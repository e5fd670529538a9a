"""Reads the schema files of events and makes each self-contained: with the envelope, and local references only."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

from mockstore.errors import InvalidInputError
from mockstore.events.shape import follow
from mockstore.model import Json

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SUFFIX = ".json"
_ENVELOPE = "event.json"
_EVENTS = "events"
_LITERAL = frozenset({"examples", "const", "enum", "default"})
"""Keywords whose values are not schemas."""
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
"""Keywords whose values map names to schemas."""


class PetstoreDocuments(Mapping[str, Json]):
    """The self-contained schemas of the Petstore's events, by type; the files in `schemas/events/` are read lazily."""

    def __init__(self) -> None:
        folder = files("mockstore.schemas").joinpath(_EVENTS).iterdir()
        self._files = {entry.name.removesuffix(_SUFFIX): entry for entry in folder if entry.name.endswith(_SUFFIX)}
        self._schemas: dict[str, Json] = {}

    def __getitem__(self, name: str) -> Json:
        if name not in self._schemas:
            self._schemas[name] = make_self_contained(name, json.loads(self._files[name].read_bytes()), read_envelope())
        return self._schemas[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __len__(self) -> int:
        return len(self._files)


@cache
def read_envelope() -> Json:
    """Return the schema of the envelope, which all events share."""
    return json.loads(files("mockstore.schemas").joinpath(_ENVELOPE).read_bytes())


def folder_documents(folder: Path, envelope: Json) -> Iterator[tuple[Path, str, Json]]:
    """Yield path, type and self-contained schema of each `<type>.json` in `folder`.

    Raise `InvalidInputError`, which names the file, for a missing or empty folder and a file that cannot be used.
    """
    if not folder.is_dir():
        raise schema_error(folder, "there is no such folder", "name a folder of <event type>.json files")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIX))
    if not paths:
        raise schema_error(folder, "no .json file is in this folder", "put an <event type>.json there for each type")
    for path in paths:
        name = path.name.removesuffix(_SUFFIX)
        yield path, name, make_self_contained(name, _read(path, name), envelope, path)


def make_self_contained(name: str, document: Json, envelope: Json, path: Path | None = None) -> Json:
    """Return `document`, the schema of the type `name`, combined with the envelope and with local references only.

    Raise `InvalidInputError` for a reference that cannot be resolved; `path` is the file that the error names.
    """
    base = urljoin(f"{envelope['$id'].removesuffix(_ENVELOPE)}{_EVENTS}/{name}{_SUFFIX}", document.get("$id", ""))
    others = [each for each in document.get("allOf", ()) if not _is_envelope(each, base, envelope)]
    own = {key: value for key, value in document.items() if key != "allOf"} | ({"allOf": others} if others else {})
    try:
        outer = _inline(envelope, envelope["$id"], envelope)
        inner = _inline(own, base, envelope)
        schema = _apply_envelope(outer, inner, name, base)
        for reference in _references(schema):
            follow(reference, schema)
    except LookupError as error:
        raise schema_error(
            path or Path(f"{name}{_SUFFIX}"),
            f"the reference {error.args[0]!r} leads nowhere",
            f"refer to the file itself (#/$defs/…) or to {envelope['$id']}",
        ) from None
    return schema


def _apply_envelope(envelope: Json, document: Json, name: str, base: str) -> Json:
    """Return the schema of the events of type `name` that match both the `envelope` and the `document`."""
    shared, own = envelope["properties"], document.get("properties", {})
    members = {key: _combined(schema, own.get(key, {})) for key, schema in shared.items()}
    event_type = own.get("eventType")
    members["eventType"] = {**(event_type if isinstance(event_type, dict) else {}), "const": name}
    ordered = {  # mistakes are reported in this order
        "type": "object",
        "required": list(dict.fromkeys([*envelope["required"], *document.get("required", ())])),
        "properties": {**members, **{key: schema for key, schema in own.items() if key not in members}},
    }
    rest = {key: value for key, value in document.items() if key not in ordered and key not in {"$schema", "$id"}}
    return {"$schema": _DIALECT, "$id": base, **ordered, **rest}


def _read(path: Path, name: str) -> Json:
    if not name or name != name.strip() or "*" in name:
        raise schema_error(path, f"{name!r} is no event type", "name the file <event type>.json")
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise schema_error(path, f"it cannot be read as JSON ({error})", "correct the file") from None
    if not isinstance(document, dict):
        raise schema_error(path, "a schema is a JSON object", "write a JSON Schema of the whole event")
    dialect = document.get("$schema", _DIALECT)
    if dialect != _DIALECT:
        raise schema_error(path, f"$schema is {dialect!r}", f"write the schema for {_DIALECT}")
    _check(path, document)
    return document


def _check(path: Path, document: Json) -> None:
    from jsonschema import SchemaError  # noqa: PLC0415 - jsonschema takes 80 ms to load

    from mockstore.events.validation import check_schema  # noqa: PLC0415 - likewise

    try:
        check_schema(document)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or "its root"
        raise schema_error(path, f"no JSON Schema 2020-12 at {where}: {error.message}", "correct the file") from None


def schema_error(path: Path, found: str, remedy: str) -> InvalidInputError:
    """Return the error for the file at `path`: what was found, and what to do."""
    return InvalidInputError(f"event schema {path}: {found}; {remedy}", field="schemas", code="invalid_schema")


def _is_envelope(schema: Json, base: str, envelope: Json) -> bool:
    return isinstance(schema, dict) and schema.keys() == {"$ref"} and urljoin(base, schema["$ref"]) == envelope["$id"]


def _inline(schema: Json, base: str, envelope: Json) -> Json:
    """Return `schema` with references to the `envelope` replaced by their targets; references to itself stay.

    `base` is the `$id` of the schema. Raise `LookupError` for a reference to any other document.
    """
    if isinstance(schema, list):
        return [_inline(each, base, envelope) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inlined = {key: _inline_keyword(key, value, base, envelope) for key, value in schema.items()}
    if "$ref" not in inlined:
        return inlined
    reference = inlined.pop("$ref")
    address, _, pointer = urljoin(base, reference).partition("#")
    if address == envelope["$id"]:
        return _combined(_inline(follow(f"#{pointer}", envelope), address, envelope), inlined)
    if address != base:
        raise LookupError(reference)
    return {"$ref": f"#{pointer}", **inlined}


def _inline_keyword(key: str, value: Json, base: str, envelope: Json) -> Json:
    if key in _LITERAL:
        return value
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _inline(schema, base, envelope) for name, schema in value.items()}
    return _inline(value, base, envelope)


def _references(schema: Json) -> Iterator[str]:
    """Yield every `$ref` in `schema`."""
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            elif key not in _LITERAL:
                yield from _references(value)


def _combined(first: Json, second: Json) -> Json:
    """Return one schema that requires what both require; title, description and examples are those of the second."""
    if not isinstance(second, dict):
        return first if second else second
    annotations = {"title", "description", "examples"}
    clash = [key for key in first.keys() & second.keys() if key not in annotations and first[key] != second[key]]
    return {**first, "allOf": [*first.get("allOf", ()), second]} if clash else {**first, **second}
