"""The event types of a provider with their schemas. The schema files are the only list of event types."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mockstore.errors import InvalidInputError, UnknownEventTypeError
from mockstore.events.documents import PetstoreDocuments, folder_documents, read_envelope, schema_error
from mockstore.events.mistakes import Mistake, mistakes_in
from mockstore.events.shape import Shape
from mockstore.model import Json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_ALL_TYPES = "*"
_GROUP_SUFFIX = ".*"


class Catalogue:
    """The event types of a provider, each with its schema. Immutable."""

    def __init__(self, schemas: Mapping[str, Json], envelope: Json) -> None:
        self._schemas = schemas
        self._envelope = envelope
        self._shapes: dict[str, Shape] = {}
        self._validators: dict[str | None, Validator] = {}
        self.types: tuple[str, ...] = tuple(self._schemas)
        """The event types, sorted by name; the user's own types come last."""
        self.patterns: tuple[str, ...] = (*self.types, *_groups(self.types), _ALL_TYPES)
        """What a subscription may list: the types, their groups such as `pet.*`, and `*`."""

    @classmethod
    def with_folders(cls, folders: Iterable[Path | str]) -> "Catalogue":
        """Return the Petstore's catalogue extended by the `<event type>.json` files in `folders`.

        A file holds a JSON Schema 2020-12 of the whole event; the schema of the envelope is added automatically.
        `examples[0]`, if present, must be valid. Raise `InvalidInputError`, which names the file, for a file that is
        not allowed.
        """
        envelope = read_envelope()
        schemas = dict(petstore_catalogue()._schemas)  # noqa: SLF001 - the same class
        for folder in folders:
            for path, name, schema in folder_documents(Path(folder), envelope):
                if name in schemas:
                    raise schema_error(path, f"the type {name!r} exists already", "name the file for another type")
                schemas[name] = schema
                for example in schema.get("examples", ())[:1]:
                    mistakes = "; ".join(map(str, cls({name: schema}, envelope).mistakes(example)))
                    if mistakes:
                        raise schema_error(path, f"examples[0] does not fit: {mistakes}", "correct the example")
        return cls(schemas, envelope)

    def check_type(self, name: str) -> None:
        """Raise `UnknownEventTypeError` with similar names unless `name` is an event type."""
        if name not in self._schemas:
            raise UnknownEventTypeError(name, self.types)

    def schema(self, name: str) -> dict[str, Json]:
        """Return a copy of the type's JSON Schema, self-contained so that any validator can use it."""
        self.check_type(name)
        schema: dict[str, Json] = deepcopy(self._schemas[name])
        return schema

    def example(self, name: str) -> dict[str, Json]:
        """Return a copy of the schema's first example, an event; raise `InvalidInputError` when there is none."""
        self.check_type(name)
        examples = self._schemas[name].get("examples")
        if not examples:
            raise InvalidInputError(
                f"the schema of {name} has no example: add a whole event as examples[0] to {name}.json",
                field="schemas",
                code="no_example",
            )
        event: dict[str, Json] = deepcopy(examples[0])
        return event

    def shape(self, name: str) -> Shape:
        """Return the members that the type's schema declares, including those of the envelope."""
        self.check_type(name)
        if name not in self._shapes:
            self._shapes[name] = Shape(self._schemas[name], self._schemas[name])
        return self._shapes[name]

    def check_patterns(self, patterns: Iterable[str]) -> None:
        """Raise `UnknownEventTypeError` with similar names unless all `patterns` are known."""
        for pattern in patterns:
            if pattern not in self.patterns:
                raise UnknownEventTypeError(pattern, self.patterns)

    def expand(self, patterns: Iterable[str]) -> frozenset[str]:
        """Return the types that match any of the `patterns`; raise `UnknownEventTypeError` for an unknown pattern."""
        wanted = tuple(patterns)
        self.check_patterns(wanted)
        return frozenset(name for name in self.types if any(_matches(pattern, name) for pattern in wanted))

    def matches(self, patterns: Iterable[str], name: str) -> bool:
        """Tell whether one of the `patterns` matches the type `name`; unknown patterns and types are allowed."""
        return _any_matches(tuple(patterns), name)

    def is_valid(self, event: Json) -> bool:
        """Tell whether `event` has a known type and is valid; faster than `mistakes`."""
        name = self._type_of(event)
        return name is not None and self._validator(name).is_valid(event)

    def mistakes(self, event: Json) -> list[Mistake]:
        """Return everything that is wrong with `event`, in the order of the schema; empty when it is valid."""
        name = self._type_of(event)
        errors = self._validator(name).iter_errors(event)
        found = list(dict.fromkeys(mistake for error in errors for mistake in mistakes_in(error)))
        if name is None and isinstance(event, dict) and isinstance(event.get("eventType"), str):
            found.append(Mistake("eventType", str(UnknownEventTypeError(event["eventType"], self.types))))
        return found

    def extras(self, event: Json) -> list[str]:
        """Return the dotted paths of members that the schema does not declare; they are allowed (contract 1.1)."""
        name = self._type_of(event)
        shape = Shape(self._envelope, self._envelope) if name is None else self.shape(name)
        return list(shape.extras(event))

    def _type_of(self, event: Json) -> str | None:
        """Return the event's type, or None when it is absent or unknown."""
        name = event.get("eventType") if isinstance(event, dict) else None
        return name if isinstance(name, str) and name in self._schemas else None

    def _validator(self, name: str | None) -> "Validator":
        """Return the cached validator of a type, or that of the envelope for None."""
        if name not in self._validators:
            from mockstore.events.validation import make_validator  # noqa: PLC0415 - jsonschema takes 80 ms to load

            self._validators[name] = make_validator(self._envelope if name is None else self._schemas[name])
        return self._validators[name]


@cache
def petstore_catalogue() -> Catalogue:
    """Return the catalogue of the Petstore's events."""
    return Catalogue(PetstoreDocuments(), read_envelope())


def _groups(types: Iterable[str]) -> list[str]:
    """Return the group patterns of `types`, such as `pet.*`, sorted."""
    return sorted({f"{name.partition('.')[0]}{_GROUP_SUFFIX}" for name in types if "." in name})


@lru_cache(maxsize=1024)
def _any_matches(patterns: tuple[str, ...], name: str) -> bool:
    """Tell whether one of the `patterns` matches `name`. Cached, since it is called for every event and webhook."""
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    if pattern.endswith(_GROUP_SUFFIX):
        return name.startswith(pattern.removesuffix("*"))
    return pattern in {_ALL_TYPES, name}
