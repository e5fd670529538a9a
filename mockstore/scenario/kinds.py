"""The kinds of values in a scenario: what fits, how that is said, and how the published schema says it. Pure."""

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


class Words(Struct, frozen=True):
    """The words that this scenario may use."""

    types: tuple[str, ...]
    """Event types."""
    patterns: tuple[str, ...]
    """Event types and patterns."""
    faults: tuple[str, ...]
    webhooks: tuple[str, ...] = ()
    """The names of its webhooks."""


Check: TypeAlias = Callable[[Node, Words], Iterable[Mistake]]


class Kind(Struct, frozen=True):
    """What a value has to be. A text with a reference in it fits every kind until it is filled."""

    words: str
    check: Check
    schema: Callable[[Words], Fragment]

    def mistakes(self, node: Node, words: Words) -> Iterator[Mistake]:
        """Yield what is wrong with the value."""
        if not is_reference(node.value):
            yield from self.check(node, words)


def must(node: Node, words: str) -> Mistake:
    """Return the mistake of a value that is of another kind."""
    return node.mistake(f"must be {words}, found {shown(node.plain())}")


# ---- how kinds are made ---------------------------------------------------------------------


def _of(words: str, fits: Callable[[Json], bool], schema: Fragment) -> Kind:
    def check(node: Node, _words: Words) -> Iterator[Mistake]:
        if not fits(node.plain()):
            yield must(node, words)

    return Kind(words, check, lambda _words: schema)


def _is_whole(value: Json, least: int = 0, most: int | None = None) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and value >= least and (most is None or value <= most)


def whole(least: int, most: int) -> Kind:
    """Return the kind of a whole number within bounds."""
    return _of(
        f"a whole number from {least:,} to {most:,}",
        partial(_is_whole, least=least, most=most),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def _word_of(what: str, known: Callable[[Words], Iterable[str]], *, is_open: bool = False) -> Kind:
    """Return the kind of a word out of a list; the schema of an `is_open` list lets others pass: files may add some."""

    def check(node: Node, words: Words) -> Iterator[Mistake]:
        allowed = list(known(words))
        if not isinstance(node.value, str):
            yield must(node, f"a text, one of {', '.join(allowed) or 'none'}")
        elif node.value not in allowed:
            yield node.mistake(unknown(what, node.value, allowed))

    def schema(words: Words) -> Fragment:
        listed: Fragment = {"enum": list(known(words))}
        return {"anyOf": [listed, {"type": "string"}]} if is_open else listed

    return Kind(f"{'an' if what[0] in 'aeiou' else 'a'} {what}", check, schema)


def _read_by(words: str, read: Callable[[Json], object], schema: Fragment) -> Kind:
    """Return the kind of what `read` does not refuse with an `InvalidInputError`."""

    def check(node: Node, _words: Words) -> Iterator[Mistake]:
        if isinstance(node.value, bool | dict | list) or node.value is None:
            yield must(node, words)
            return
        try:
            read(node.value)
        except (InvalidInputError, OverflowError) as error:
            yield node.mistake(str(error))

    return Kind(words, check, lambda _words: schema)


def one_or_several(kind: Kind, *, least: int = 1) -> Kind:
    """Return the kind of one such value or a list of them."""

    def check(node: Node, words: Words) -> Iterator[Mistake]:
        if not isinstance(node.value, list):
            yield from kind.mistakes(node, words)
            return
        yield from _in_list(kind, node, words, least)

    return Kind(
        f"{kind.words} or a list",
        check,
        lambda words: {"anyOf": [kind.schema(words), _list_schema(kind, words, least)]},
    )


def list_of(kind: Kind, *, least: int = 0) -> Kind:
    """Return the kind of a list."""

    def check(node: Node, words: Words) -> Iterator[Mistake]:
        if isinstance(node.value, list):
            yield from _in_list(kind, node, words, least)
        else:
            yield must(node, f"a list, each of it {kind.words}")

    return Kind(f"a list, each of it {kind.words}", check, lambda words: _list_schema(kind, words, least))


def _in_list(kind: Kind, node: Node, words: Words, least: int) -> Iterator[Mistake]:
    if len(node.value) < least:
        yield node.mistake("must not be empty")
    for item in node.value:
        yield from kind.mistakes(item, words)


def _list_schema(kind: Kind, words: Words, least: int) -> Fragment:
    return {"type": "array", "items": or_reference(kind.schema(words))} | ({"minItems": least} if least else {})


def either(words: str, fallback: Kind, by_type: Mapping[type, Kind]) -> Kind:
    """Return the kind that depends on what was written: a mapping, a list, or else."""

    def check(node: Node, known: Words) -> Iterator[Mistake]:
        return by_type.get(type(node.value), fallback).mistakes(node, known)

    return Kind(words, check, lambda known: {"anyOf": [kind.schema(known) for kind in (fallback, *by_type.values())]})


def members_of(kinds: Mapping[str, Kind]) -> Kind:
    """Return the kind of a mapping with some of these members, at least one."""

    def check(node: Node, words: Words) -> Iterator[Mistake]:
        if not isinstance(node.value, dict) or not node.value:
            yield must(node, f"a mapping of {', '.join(kinds)}")
            return
        for name, inner in node.value.items():
            if name in kinds:
                yield from kinds[name].mistakes(inner, words)
            else:
                yield inner.mistake(unknown("member", name, kinds))

    def schema(words: Words) -> Fragment:
        known = {name: or_reference(kind.schema(words)) for name, kind in kinds.items()}
        return {"type": "object", "properties": known, "additionalProperties": False, "minProperties": 1}

    return Kind(f"a mapping of {', '.join(kinds)}", check, schema)


def or_reference(schema: Fragment) -> Fragment:
    """Return the schema of the same value or a reference to it."""
    if not schema or schema.get("type") == "string":
        return schema
    return {"anyOf": [schema, {"$ref": "#/$defs/reference"}]}


# ---- the kinds ------------------------------------------------------------------------------

MOST: Final = 100_000
"""The largest count; a server takes as many."""


def _duration(value: Json) -> object:
    return parse_duration(str(value))


def _secret_check(node: Node) -> Iterator[Mistake]:
    """Say what is wrong without what was found: it is a secret in a wrong form."""
    if not isinstance(node.value, str):
        yield node.mistake("must be a text; what was found is not shown, since it may hold a secret")


ANYTHING: Final = Kind("anything", lambda _node, _words: (), lambda _words: {})
TEXT: Final = _of("a text", lambda value: isinstance(value, str), {"type": "string"})
SECRET: Final = Kind("a text", lambda node, _words: _secret_check(node), TEXT.schema)
SCALAR: Final = _of(
    "a text or a number",
    lambda value: isinstance(value, str | int | float) and not isinstance(value, bool),
    {"type": ["string", "number"]},
)
YES_OR_NO: Final = _of("true or false", lambda value: isinstance(value, bool), {"type": "boolean"})
MAPPING: Final = _of("a mapping", lambda value: isinstance(value, dict), {"type": "object"})
NOTHING: Final = _of("left empty", lambda value: value is None, {"type": "null"})
SEED: Final = _of(
    "a whole number, or null for another one each time",
    lambda value: value is None or _is_whole(value, -(2**63)),
    {"type": ["integer", "null"]},
)
DURATION: Final = _read_by(
    "a duration such as 90s, 5m or 1h30m",
    _duration,
    {"type": ["string", "number"], "minimum": 0, "examples": ["90s", "5m", "1h30m"]},
)
ANSWER: Final = _read_by(
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
EVENT_TYPE: Final = _word_of("event type", lambda words: words.types, is_open=True)
PATTERNS: Final = one_or_several(_word_of("event type", lambda words: words.patterns, is_open=True))
FAULTS: Final = one_or_several(_word_of("fault", lambda words: words.faults))
SIGNATURES: Final = one_or_several(_word_of("signature scheme", lambda _words: SCHEMES))
CLOCK: Final = _word_of("clock", lambda _words: CLOCKS)
SIGNING_TIME: Final = _word_of("time", lambda _words: SIGNING_TIMES)
STATUS: Final = _word_of("status", lambda _words: map(str, WebhookStatus))


def _webhook_check(node: Node, words: Words) -> Iterator[Mistake]:
    if not isinstance(node.value, str):
        yield must(node, "the name of a webhook")
    elif node.value not in words.webhooks:
        yield node.mistake(unknown("webhook", node.value, words.webhooks))


WEBHOOK: Final = Kind("the name of a webhook", _webhook_check, lambda _words: {"type": "string"})

COUNT: Final = whole(0, MOST)
TIMES: Final = whole(1, MOST)
ATTEMPTS: Final = one_or_several(whole(1, MOST))
POSITIONS: Final = list_of(whole(0, MOST))
_BOUNDS: Final = members_of({"at_least": COUNT, "at_most": COUNT})
AMOUNT: Final = either("a whole number, or at_least and at_most", COUNT, {dict: _BOUNDS})
AMOUNTS: Final = either(
    "a whole number, a list of them, or at_least and at_most", COUNT, {dict: _BOUNDS, list: list_of(COUNT)}
)

STATE: Final = _word_of("state", lambda _words: map(str, DeliveryState))
STATES: Final = either(
    "a state, a list of states, or how many are in which",
    STATE,
    {list: list_of(STATE), dict: members_of(dict.fromkeys(map(str, DeliveryState), COUNT))},
)
OUTCOMES: Final = list_of(
    either(
        "a status or an outcome",
        _word_of("outcome", lambda _words: map(str, Outcome)),
        {int: whole(100, 599)},
    )
)
TYPES: Final = list_of(EVENT_TYPE)
STEPS: Final = replace(list_of(ANYTHING, least=1), words="a list of steps")
