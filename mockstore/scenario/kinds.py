"""The kinds of values in a scenario file: each with its check, its description and its JSON Schema. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mockstore.answers import answer
from mockstore.delivery.schedule import parse_duration
from mockstore.errors import InvalidInputError
from mockstore.events.mistakes import shown
from mockstore.model import DeliveryState, Json, Outcome, WebhookStatus
from mockstore.scenario.document import CLOCKS, SIGNING_TIMES
from mockstore.scenario.mistakes import Mistake, unknown
from mockstore.scenario.references import is_reference
from mockstore.scenario.yaml_nodes import Node
from mockstore.signing import SCHEMES

Fragment: TypeAlias = dict[str, Json]
"""A piece of JSON Schema."""


class KnownNames(Struct, frozen=True):
    """The names that a scenario may use."""

    types: tuple[str, ...]
    """Event types."""
    patterns: tuple[str, ...]
    """Event types, and patterns such as `pet.*`."""
    faults: tuple[str, ...]
    webhooks: tuple[str, ...] = ()
    """The names of the scenario's webhooks."""


Check: TypeAlias = Callable[[Node, KnownNames], Iterable[Mistake]]


class Kind(Struct, frozen=True):
    """A kind of value. A string with a reference passes every check: its value is known only later.

    `description` completes the sentence "must be …".
    """

    description: str
    check: Check
    schema: Callable[[KnownNames], Fragment]

    def mistakes(self, node: Node, known: KnownNames) -> Iterator[Mistake]:
        """Yield what is wrong with the value; nothing when it contains a reference."""
        if not is_reference(node.value):
            yield from self.check(node, known)


def wrong_kind(node: Node, description: str) -> Mistake:
    """Return the mistake of a value of the wrong kind."""
    return node.mistake(f"must be {description}, found {shown(node.plain())}")


# ---- factories of kinds ---------------------------------------------------------------------


def _matching(description: str, fits: Callable[[Json], bool], schema: Fragment) -> Kind:
    def check(node: Node, _known: KnownNames) -> Iterator[Mistake]:
        if not fits(node.plain()):
            yield wrong_kind(node, description)

    return Kind(description, check, lambda _known: schema)


def _is_whole_number(value: Json, least: int = 0, most: int | None = None) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and value >= least and (most is None or value <= most)


def whole_number(least: int, most: int) -> Kind:
    """Return the kind of an integer from `least` to `most`, both included."""
    return _matching(
        f"a whole number from {least:,} to {most:,}",
        partial(_is_whole_number, least=least, most=most),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def _one_of(what: str, allowed_in: Callable[[KnownNames], Iterable[str]], *, is_open: bool = False) -> Kind:
    """Return the kind of a string out of a list.

    With `is_open` the schema allows other strings too: catalogue files may add event types.
    """

    def check(node: Node, known: KnownNames) -> Iterator[Mistake]:
        allowed = list(allowed_in(known))
        if not isinstance(node.value, str):
            yield wrong_kind(node, f"a text, one of {', '.join(allowed) or 'none'}")
        elif node.value not in allowed:
            yield node.mistake(unknown(what, node.value, allowed))

    def schema(known: KnownNames) -> Fragment:
        listed: Fragment = {"enum": list(allowed_in(known))}
        return {"anyOf": [listed, {"type": "string"}]} if is_open else listed

    return Kind(f"{'an' if what[0] in 'aeiou' else 'a'} {what}", check, schema)


def _accepted_by(description: str, read: Callable[[Json], object], schema: Fragment) -> Kind:
    """Return the kind of a value that `read` accepts, which raises `InvalidInputError` for any other."""

    def check(node: Node, _known: KnownNames) -> Iterator[Mistake]:
        if isinstance(node.value, bool | dict | list) or node.value is None:
            yield wrong_kind(node, description)
            return
        try:
            read(node.value)
        except (InvalidInputError, OverflowError) as error:
            yield node.mistake(str(error))

    return Kind(description, check, lambda _known: schema)


def one_or_several(kind: Kind, *, least: int = 1) -> Kind:
    """Return the kind of one such value or a list of at least `least` of them."""

    def check(node: Node, known: KnownNames) -> Iterator[Mistake]:
        if not isinstance(node.value, list):
            yield from kind.mistakes(node, known)
            return
        yield from _in_list(kind, node, known, least)

    return Kind(
        f"{kind.description} or a list",
        check,
        lambda known: {"anyOf": [kind.schema(known), _list_schema(kind, known, least)]},
    )


def list_of(kind: Kind, *, least: int = 0) -> Kind:
    """Return the kind of a list of at least `least` values of one kind."""

    def check(node: Node, known: KnownNames) -> Iterator[Mistake]:
        if isinstance(node.value, list):
            yield from _in_list(kind, node, known, least)
        else:
            yield wrong_kind(node, f"a list, each of it {kind.description}")

    return Kind(f"a list, each of it {kind.description}", check, lambda known: _list_schema(kind, known, least))


def _in_list(kind: Kind, node: Node, known: KnownNames, least: int) -> Iterator[Mistake]:
    if len(node.value) < least:
        yield node.mistake("must not be empty")
    for item in node.value:
        yield from kind.mistakes(item, known)


def _list_schema(kind: Kind, known: KnownNames, least: int) -> Fragment:
    return {"type": "array", "items": or_reference(kind.schema(known))} | ({"minItems": least} if least else {})


def either(description: str, fallback: Kind, by_type: Mapping[type, Kind]) -> Kind:
    """Return the kind that is chosen by the type of the value; `fallback` is for a type not in `by_type`."""

    def check(node: Node, known: KnownNames) -> Iterator[Mistake]:
        return by_type.get(type(node.value), fallback).mistakes(node, known)

    return Kind(
        description, check, lambda known: {"anyOf": [kind.schema(known) for kind in (fallback, *by_type.values())]}
    )


def members_of(kinds: Mapping[str, Kind]) -> Kind:
    """Return the kind of a mapping with at least one of these members and no other."""

    def check(node: Node, known: KnownNames) -> Iterator[Mistake]:
        if not isinstance(node.value, dict) or not node.value:
            yield wrong_kind(node, f"a mapping of {', '.join(kinds)}")
            return
        for name, inner in node.value.items():
            if name in kinds:
                yield from kinds[name].mistakes(inner, known)
            else:
                yield inner.mistake(unknown("member", name, kinds))

    def schema(known: KnownNames) -> Fragment:
        properties = {name: or_reference(kind.schema(known)) for name, kind in kinds.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}

    return Kind(f"a mapping of {', '.join(kinds)}", check, schema)


def or_reference(schema: Fragment) -> Fragment:
    """Return the schema of the same value or a reference such as `${order.id}`."""
    if not schema or schema.get("type") == "string":
        return schema
    return {"anyOf": [schema, {"$ref": "#/$defs/reference"}]}


# ---- the kinds ------------------------------------------------------------------------------

MOST: Final = 100_000
"""The largest count; the server's limit is the same."""


def _duration(value: Json) -> object:
    return parse_duration(str(value))


def _secret_check(node: Node) -> Iterator[Mistake]:
    """Yield a mistake without the value, which may hold a secret."""
    if not isinstance(node.value, str):
        yield node.mistake("must be a text; what was found is not shown, since it may hold a secret")


ANYTHING: Final = Kind("anything", lambda _node, _known: (), lambda _known: {})
TEXT: Final = _matching("a text", lambda value: isinstance(value, str), {"type": "string"})
SECRET: Final = Kind("a text", lambda node, _known: _secret_check(node), TEXT.schema)
SCALAR: Final = _matching(
    "a text or a number",
    lambda value: isinstance(value, str | int | float) and not isinstance(value, bool),
    {"type": ["string", "number"]},
)
YES_OR_NO: Final = _matching("true or false", lambda value: isinstance(value, bool), {"type": "boolean"})
MAPPING: Final = _matching("a mapping", lambda value: isinstance(value, dict), {"type": "object"})
NOTHING: Final = _matching("left empty", lambda value: value is None, {"type": "null"})
SEED: Final = _matching(
    "a whole number, or null for another one each time",
    lambda value: value is None or _is_whole_number(value, -(2**63)),
    {"type": ["integer", "null"]},
)
DURATION: Final = _accepted_by(
    "a duration such as 90s, 5m or 1h30m",
    _duration,
    {"type": ["string", "number"], "minimum": 0, "examples": ["90s", "5m", "1h30m"]},
)
ANSWER: Final = _accepted_by(
    "a status, timeout, reset, or for instance 200 after 6s",
    lambda value: answer(value if isinstance(value, int) else str(value)),
    {
        "anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"enum": [str(Outcome.TIMEOUT), str(Outcome.RESET)]},
            {"type": "string", "pattern": "^[1-5][0-9][0-9]( after .+)?$", "examples": ["200 after 6s"]},
        ]
    },
)
ANSWERS: Final = one_or_several(ANSWER, least=0)
EVENT_TYPE: Final = _one_of("event type", lambda known: known.types, is_open=True)
PATTERNS: Final = one_or_several(_one_of("event type", lambda known: known.patterns, is_open=True))
FAULTS: Final = one_or_several(_one_of("fault", lambda known: known.faults))
SIGNATURES: Final = one_or_several(_one_of("signature scheme", lambda _known: SCHEMES))
CLOCK: Final = _one_of("clock", lambda _known: CLOCKS)
SIGNING_TIME: Final = _one_of("time", lambda _known: SIGNING_TIMES)
STATUS: Final = _one_of("status", lambda _known: map(str, WebhookStatus))


def _webhook_check(node: Node, known: KnownNames) -> Iterator[Mistake]:
    if not isinstance(node.value, str):
        yield wrong_kind(node, "the name of a webhook")
    elif node.value not in known.webhooks:
        yield node.mistake(unknown("webhook", node.value, known.webhooks))


WEBHOOK: Final = Kind("the name of a webhook", _webhook_check, lambda _known: {"type": "string"})

COUNT: Final = whole_number(0, MOST)
TIMES: Final = whole_number(1, MOST)
ATTEMPTS: Final = one_or_several(whole_number(1, MOST))
POSITIONS: Final = list_of(whole_number(0, MOST))
_BOUNDS: Final = members_of({"at_least": COUNT, "at_most": COUNT})
AMOUNT: Final = either("a whole number, or at_least and at_most", COUNT, {dict: _BOUNDS})
AMOUNTS: Final = either(
    "a whole number, a list of them, or at_least and at_most", COUNT, {dict: _BOUNDS, list: list_of(COUNT)}
)

STATE: Final = _one_of("state", lambda _known: map(str, DeliveryState))
STATES: Final = either(
    "a state, a list of states, or how many are in which",
    STATE,
    {list: list_of(STATE), dict: members_of(dict.fromkeys(map(str, DeliveryState), COUNT))},
)
OUTCOMES: Final = list_of(
    either(
        "a status or an outcome",
        _one_of("outcome", lambda _known: map(str, Outcome)),
        {int: whole_number(100, 599)},
    )
)
TYPES: Final = list_of(EVENT_TYPE)
STEPS: Final = replace(list_of(ANYTHING, least=1), description="a list of steps")
