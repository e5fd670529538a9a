"""Generates the published JSON Schema of a scenario file from the tables in `forms`. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mockstore.model import Json
from mockstore.scenario import kinds
from mockstore.scenario.forms import HEAD, MODIFIERS, SETTINGS, VERBS, WEBHOOK, Form, Member
from mockstore.scenario.kinds import Fragment, Kind, KnownNames, or_reference

ID: Final = "https://mockstore.example/schemas/scenario.json"
_SHARED: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "eventTypes": kinds.PATTERNS,
        "eventType": kinds.EVENT_TYPE,
        "fault": kinds.FAULTS,
        "answer": kinds.ANSWER,
        "duration": kinds.DURATION,
        "signatures": kinds.SIGNATURES,
        "amount": kinds.AMOUNT,
        "state": kinds.STATE,
        "count": kinds.COUNT,
    }
)
"""Kinds that get one shared definition each, under `$defs`."""
_STEPS: Final[Fragment] = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}


def published(known: KnownNames) -> Fragment:
    """Return the schema; editors complete the event types and faults of `known`."""
    head = _members(HEAD, known, with_references=False)
    shared = {name: kind.schema(known) for name, kind in _SHARED.items()}
    head["properties"] |= {
        "settings": _described(HEAD["settings"], _members(SETTINGS, known, with_references=False)),
        "webhooks": _described(HEAD["webhooks"], {"type": "object", "additionalProperties": _webhook(known)}),
        "steps": _described(HEAD["steps"], _STEPS),
    }
    referring: Fragment = _with_shared_refs({**head, "step": _step(known)}, shared)
    step = referring.pop("step")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Mockstore scenario",
        "description": "What happens to a consumer of webhooks, and what must come of it.",
        **referring,
        "$defs": {
            **shared,
            "reference": {
                "description": "What was kept under a name: ${order.id}.",
                "type": "string",
                "pattern": "\\$\\{[^{}]+\\}",
            },
            "step": step,
        },
    }


def _with_shared_refs(value: Json, shared: Mapping[str, Fragment]) -> Json:
    """Return the schema with a reference wherever it repeats one of the `shared` ones."""
    for name, fragment in shared.items():
        if value == fragment:
            return {"$ref": f"#/$defs/{name}"}
        described = isinstance(value, dict) and "description" in value
        if described and {key: inner for key, inner in value.items() if key != "description"} == fragment:
            return {"description": value["description"], "$ref": f"#/$defs/{name}"}
    if isinstance(value, dict):
        return {name: _with_shared_refs(inner, shared) for name, inner in value.items()}
    return [_with_shared_refs(inner, shared) for inner in value] if isinstance(value, list) else value


def _step(known: KnownNames) -> Fragment:
    verbs = {name: _verb(form, known) for name, form in VERBS.items()}
    modifiers = {name: _described(member, member.kind.schema(known)) for name, member in MODIFIERS.items()}
    bare = [name for name, form in VERBS.items() if form.may_be_bare]
    mapping = {
        "type": "object",
        "properties": verbs | modifiers,
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in verbs],
    }
    return {
        "description": "One verb, what it is told, and perhaps a name for its outcome.",
        "anyOf": [mapping, {"enum": bare}],
    }


def _verb(form: Form, known: KnownNames) -> Fragment:
    shapes: list[Fragment] = []
    if form.short is not None and form.short != "all":
        shapes.append(or_reference(form.members[form.short].kind.schema(known)))
    if form.members or form.is_open:
        whole = _members(form.members, known)
        if form.is_open:
            whole = {"type": "object"}
        if "steps" in form.members:
            whole["properties"]["steps"] = _described(form.members["steps"], _STEPS)
        shapes.append(whole)
    if form.may_be_bare:
        shapes.append({"type": "null"})
    does = form.does if form.keeps is None else f"{form.does} `as` keeps {form.keeps}."
    return {"description": does} | (shapes[0] if len(shapes) == 1 else {"anyOf": shapes})


def _webhook(known: KnownNames) -> Fragment:
    return {"anyOf": [_members(WEBHOOK, known), {"type": "null"}]}


def _members(members: Mapping[str, Member], known: KnownNames, *, with_references: bool = True) -> Fragment:
    shapes = {name: member.kind.schema(known) for name, member in members.items()}
    if with_references:
        shapes = {name: or_reference(shape) for name, shape in shapes.items()}
    required = [name for name, member in members.items() if member.required]
    return {
        "type": "object",
        "properties": {name: _described(members[name], shape) for name, shape in shapes.items()},
        "additionalProperties": False,
    } | ({"required": required} if required else {})


def _described(member: Member, shape: Json) -> Fragment:
    return {"description": member.means, **shape}
