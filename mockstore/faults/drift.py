"""Drift faults: correctly signed events as a later version of the API may send them; all must be accepted. Pure."""

import json
from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

from mockstore.events import encode
from mockstore.faults.fault import Draft, Expect, Fault, Group
from mockstore.faults.reading import optional_places, places, read_object
from mockstore.model import Json

_NEW_MEMBER: Final = "introducedLater"


def _unknown_member(event: dict[str, Json], _draft: Draft, _roll: int) -> Json:
    inner = {name: {**value, _NEW_MEMBER: [1]} for name, value in event.items() if isinstance(value, dict)}
    return event | inner | {_NEW_MEMBER: {"since": 2}}


def _new_enum_value(event: dict[str, Json], draft: Draft, roll: int) -> Json:
    if draft.shape is None:
        return event
    found = [(holder, key) for holder, key, shape in places(event, draft.shape) if any(shape.keyword("enum"))]
    if found:
        holder, key = found[roll % len(found)]
        holder[key] = "INTRODUCED_LATER"
    return event


def _absent_optional_member(event: dict[str, Json], draft: Draft, roll: int) -> Json:
    found = optional_places(event, draft.shape) if draft.shape is not None else []
    if found:
        holder, name, _ = found[roll % len(found)]
        del holder[name]
    return event


def _reversed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reversed(inner) for name, inner in reversed(value.items())}
    return [_reversed(inner) for inner in value] if isinstance(value, list) else value


def _other_key_order(event: dict[str, Json], _draft: Draft, _roll: int) -> Json:
    return _reversed(event)


def escaped(value: Json) -> str:
    """Return `value` as JSON with every character of every string as a Unicode escape."""
    if isinstance(value, str):
        units = value.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"{escaped(name)}:{escaped(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(escaped, value)) + "]"
    return json.dumps(value)


def _escaped_unicode(draft: Draft, _roll: int) -> Draft:
    event = read_object(draft.body)
    return draft if event is None else replace(draft, body=escaped(event).encode())


def _unknown_event_type(draft: Draft, roll: int) -> Draft:
    """Change the type to an unknown one of the same group, since an API adds types mostly to its groups."""
    name = f"{draft.event_type.partition('.')[0]}.introduced_later"
    changed = _edited(draft, roll, by=lambda event, _draft, _roll: event | {"eventType": name})
    return replace(changed, event_type=name)


def _absent_headers(draft: Draft, _roll: int) -> Draft:
    return replace(draft, plain=True)


def _edited(draft: Draft, roll: int, *, by: Callable[[dict[str, Json], Draft, int], Json]) -> Draft:
    """Change the event in the body with `by`; a body that is not a JSON object stays as it is."""
    event = read_object(draft.body)
    return draft if event is None else replace(draft, body=encode(by(event, draft, roll)))


def _drift(
    name: str, sentence: str, good_consumer: str, compose: Callable[[Draft, int], Draft], *acts_on: str
) -> Fault:
    return Fault(name, Group.DRIFT, sentence, good_consumer, Expect.ACCEPT, acts_on or ("body",), compose=compose)


DRIFTS: Final[tuple[Fault, ...]] = (
    _drift(
        "unknown_member",
        "The event, and each object at its top, has a member that nobody knows.",
        "Ignores what it does not know.",
        partial(_edited, by=_unknown_member),
    ),
    _drift(
        "unknown_event_type",
        "The event is of a type that did not exist when the consumer was written.",
        "Acknowledges what it has no handler for, and leaves it at that.",
        _unknown_event_type,
        "body",
        "headers",
    ),
    _drift(
        "new_enum_value",
        "A member that had one of a few values has a new one.",
        "Takes a value that it does not know for «something else», and acknowledges.",
        partial(_edited, by=_new_enum_value),
    ),
    _drift(
        "absent_optional_member",
        "A member that the schema does not require is absent; an event that has none goes as it is.",
        "Does without it.",
        partial(_edited, by=_absent_optional_member),
    ),
    _drift(
        "absent_headers",
        "The headers beside content type and signature are absent.",
        "Takes id and type from the body.",
        _absent_headers,
        "headers",
    ),
    _drift(
        "other_key_order",
        "The members of every object come in the opposite order.",
        "Goes by names, never by places; verifies the raw bytes.",
        partial(_edited, by=_other_key_order),
    ),
    _drift(
        "escaped_unicode",
        "Every letter of every text is written as an escape.",
        "Leaves reading to its parser; verifies the raw bytes.",
        _escaped_unicode,
    ),
)
