"""The rules of an audit: what is sent, what is expected, and why it matters. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.faults import Expect, Fault, named


class Area(StrEnum):
    """A group of rules."""

    SIGNATURE = "signature"
    REPLAY = "replay window"
    ROTATION = "rotation"
    DUPLICATES = "duplicates"
    ORDER = "order"
    HOSTILE = "hostile bodies"
    DRIFT = "drift"
    TIMEOUTS = "timeouts"
    SIZE = "size"
    CONTENT_TYPE = "content type"
    METHODS = "methods"


class Way(StrEnum):
    """How the requests of a rule are sent."""

    GENUINE = "genuine"
    """One genuine event."""
    SINGLE = "single"
    """An event with the fault, once for each variant."""
    EVERY_TYPE = "every type"
    """An event of each type with the fault, once for each variant."""
    AGAIN = "again"
    """One event under a fault of its delivery, such as a duplicate, until all its attempts are done."""
    BURST = "burst"
    """Many genuine events at the same moment."""
    REPLAY = "replay"
    """One genuine delivery with a signed timestamp, then one with the fault."""
    ROTATED = "rotated"
    """One event, signed with two secrets."""
    ORDER = "order"
    """The events of an order, first in causal order, then in another one."""
    METHOD = "method"
    """A signed event with another HTTP method than POST."""


class Effect(StrEnum):
    """How often the work of an event must be done, as the probe shows it."""

    NONE = "none"
    ONCE = "once"
    ANY = "any"


class Rule(Struct, frozen=True):
    """One rule of the audit; `str` returns its id."""

    id: str
    area: Area
    title: str
    """What a good consumer does."""
    sent: str
    """What is sent, in a sentence."""
    why: str
    """Why it matters."""
    change: str
    """What to change in a consumer that fails."""
    expects: Expect
    way: Way
    effect: Effect
    fault: str | None = None
    """The fault that is applied, by its name in the catalogue."""
    variants: tuple[str, ...] = ()
    """One value for each request or run, according to `way`: the fault's dice, a method, an order, or a position."""

    def __str__(self) -> str:
        return self.id


_WHY: Final[Mapping[Area, str]] = MappingProxyType(
    {
        Area.SIGNATURE: "Whoever knows the URL can send events; only the signature tells yours from theirs.",
        Area.REPLAY: "A request that was recorded once can be sent again for ever, unless its signed time is checked.",
        Area.ROTATION: "A secret that leaked must be replaced without losing an event, and must stop to count.",
        Area.DUPLICATES: "Delivery is at least once: whatever is done at each arrival is charged or shipped twice.",
        Area.ORDER: "Retries overtake each other, so the last event to arrive need not be the last that happened.",
        Area.HOSTILE: "A body that crashes the handler is retried, fills the logs, and may take the process along.",
        Area.DRIFT: "Senders add members, types and values without notice; refusing them disables the webhook.",
        Area.TIMEOUTS: "An answer that comes too late is a failure: the event is sent again, and at last no more.",
        Area.SIZE: "Without a limit one request can fill the memory; with too low a limit real events are lost.",
        Area.CONTENT_TYPE: "What declares the body may differ from what the body is, and proxies rewrite it.",
        Area.METHODS: "Browsers, crawlers and scanners ask every URL; none of them must book anything.",
    }
)

_FAULTS: Final[tuple[tuple[Area, str, str], ...]] = (
    (Area.SIGNATURE, "missing_signature", "a delivery without a signature is refused"),
    (Area.SIGNATURE, "wrong_secret", "a signature by another secret is refused"),
    (Area.SIGNATURE, "tampered_body", "a body that was changed after signing is refused"),
    (Area.SIGNATURE, "signature_of_another_body", "a signature of another body is refused"),
    (Area.SIGNATURE, "malformed_signature", "a signature that is none is refused, not tripped over"),
    (Area.SIGNATURE, "empty_signature", "an empty signature is refused"),
    (Area.SIGNATURE, "non_ascii_signature", "a signature outside ASCII is refused, not tripped over"),
    (Area.SIGNATURE, "reserialised_body", "the same JSON in other bytes is refused"),
    (Area.REPLAY, "stale_timestamp", "a delivery signed ten minutes ago is refused"),
    (Area.REPLAY, "future_timestamp", "a delivery signed ten minutes ahead is refused"),
    (Area.ROTATION, "old_secret", "a secret whose overlap is over is refused"),
    (Area.DUPLICATES, "duplicate", "an event that comes twice has its effect once"),
    (Area.DUPLICATES, "duplicate_at_once", "an event that comes twice at once has its effect once"),
    (Area.DUPLICATES, "ack_lost", "an event whose acknowledgement was lost has its effect once"),
    (Area.DUPLICATES, "redelivery_after_success", "an event that is redelivered has its effect once"),
    (Area.DUPLICATES, "redelivery_after_enabling", "an event that is recovered has its effect once"),
    (Area.ORDER, "out_of_order", "neighbours that change places end in the same state"),
    (Area.ORDER, "late_and_stale", "the first event, come last, takes nothing back"),
    (Area.HOSTILE, "not_json", "a page of HTML is refused"),
    (Area.HOSTILE, "not_an_object", "JSON that is no object is refused"),
    (Area.HOSTILE, "truncated_json", "JSON that ends in the middle is refused"),
    (Area.HOSTILE, "non_utf8", "bytes that are no UTF-8 are refused"),
    (Area.HOSTILE, "deeply_nested", "deep nesting is refused"),
    (Area.HOSTILE, "duplicate_keys", "members named twice are survived"),
    (Area.HOSTILE, "empty_body", "an empty body is refused"),
    (Area.DRIFT, "unknown_member", "unknown members are accepted"),
    (Area.DRIFT, "unknown_event_type", "an unknown event type is accepted"),
    (Area.DRIFT, "new_enum_value", "a new value of an enumeration is accepted"),
    (Area.DRIFT, "absent_optional_member", "the absence of an optional member is accepted"),
    (Area.DRIFT, "absent_headers", "the absence of the describing headers is accepted"),
    (Area.DRIFT, "other_key_order", "members in another order are accepted"),
    (Area.DRIFT, "escaped_unicode", "escaped letters are accepted"),
    (Area.SIZE, "oversized_signature", "a signature of 16 KiB is refused"),
    (Area.SIZE, "huge", "a body of 4 MiB is survived"),
    (Area.CONTENT_TYPE, "wrong_content_type", "a wrong content type is survived"),
    (Area.CONTENT_TYPE, "gzip", "a compressed body is survived"),
)
"""The faults that are rules: area, name, and the rule's title."""

_VARIANTS: Final[Mapping[str, int]] = MappingProxyType(
    {"malformed_signature": 7, "not_an_object": 5, "truncated_json": 3, "tampered_body": 3, "new_enum_value": 3}
)
"""How many variants a fault has that depends on dice; the others have one."""

_SAME_WORK: Final = frozenset({"unknown_member", "absent_headers", "other_key_order", "escaped_unicode"})
"""The drift faults that do not change the meaning of an event, so that its work must be done."""

METHODS_THAT_READ: Final = ("GET", "HEAD")
METHODS_THAT_WRITE: Final = ("PUT", "PATCH", "DELETE")
LARGE: Final = 64 * 1024
"""Bytes of padding in a large event that a consumer must still accept."""
BURST: Final = 20
"""How many events are delivered at the same moment."""


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules, sorted by area."""
    found = [
        *map(_rule_of_row, _OTHER_RULES),
        *(_rule_of_fault(area, named(name), title) for area, name, title in _FAULTS),
    ]
    return tuple(rule for area in Area for rule in found if rule.area is area)


def rule_named(id_: str) -> Rule:
    """Return the rule with this id; raise `InvalidInputError` that lists all ids for an unknown one."""
    for rule in rules():
        if rule.id == id_:
            return rule
    raise InvalidInputError(f"unknown rule {id_!r}; rules: {', '.join(map(str, rules()))}", field="rules")


def _rule_of_fault(area: Area, fault: Fault, title: str) -> Rule:
    return Rule(
        id=_id(area, fault.name),
        area=area,
        title=title,
        sent=fault.sentence,
        why=_WHY[area],
        change=_advice(fault),
        expects=fault.expects,
        way=_WAYS.get(area, Way.SINGLE),
        effect=_effect(fault),
        fault=fault.name,
        variants=_ORDERS.get(fault.name) or tuple(map(str, range(_VARIANTS.get(fault.name, 1)))),
    )


_WAYS: Final[Mapping[Area, Way]] = MappingProxyType(
    {Area.DUPLICATES: Way.AGAIN, Area.ORDER: Way.ORDER, Area.DRIFT: Way.EVERY_TYPE, Area.REPLAY: Way.REPLAY}
)
"""How the faults of an area are sent; those of other areas as `Way.SINGLE`."""

_ORDERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"out_of_order": ("neighbours",), "late_and_stale": ("first comes last",)}
)


def _advice(fault: Fault) -> str:
    return f"A good consumer {fault.good_consumer[0].lower()}{fault.good_consumer[1:]}"


def _effect(fault: Fault) -> Effect:
    if fault.expects is Expect.REJECT:
        return Effect.NONE
    return Effect.ONCE if fault.expects is Expect.DEDUPE or fault.name in _SAME_WORK else Effect.ANY


def _id(area: Area, name: str) -> str:
    return f"{area.replace(' ', '_')}.{name}"


class _Row(Struct, frozen=True):
    """A row of the table below: a rule that is not simply a fault of the catalogue."""

    area: Area
    name: str
    title: str
    sent: str
    change: str | None
    """The advice; None takes that of the fault."""
    way: Way
    variants: tuple[str, ...] = ()
    expects: Expect = Expect.ACCEPT
    effect: Effect = Effect.ONCE
    fault: str | None = None


_ROTATION_ADVICE: Final = "Split the header at commas, and accept when any one signature matches."
_METHOD_ADVICE: Final = "Route POST alone to the handler; answer 405 to the rest."

_OTHER_RULES: Final = (
    _Row(
        Area.SIGNATURE,
        "genuine",
        "a genuine event is accepted",
        "One event as it should be.",
        "Verify the raw bytes with the whole secret, prefix included, and answer 2xx.",
        Way.GENUINE,
    ),
    _Row(
        Area.ROTATION,
        "new_secret_first",
        "during a rotation the first of two signatures is found",
        "One event, signed by the secret and by the one before it.",
        _ROTATION_ADVICE,
        Way.ROTATED,
        ("first",),
    ),
    _Row(
        Area.ROTATION,
        "new_secret_second",
        "during a rotation the second of two signatures is found",
        "One event, signed by the secret that comes next and by the one that is known.",
        _ROTATION_ADVICE,
        Way.ROTATED,
        ("second",),
    ),
    _Row(
        Area.ORDER,
        "reversed",
        "a whole life in reverse ends in the same state",
        "All events of an order, the last one first.",
        "Let a state only move forward, or compare the time in the event; do not go by the order of arrival.",
        Way.ORDER,
        ("reversed",),
        Expect.ORDER,
        Effect.ANY,
    ),
    _Row(
        Area.TIMEOUTS,
        "answers_in_time",
        "an answer comes within the time limit",
        "One event as it should be.",
        "Note the event, answer, and do slow work afterwards.",
        Way.GENUINE,
        effect=Effect.ANY,
    ),
    _Row(
        Area.TIMEOUTS,
        "burst",
        "answers come within the time limit in a burst, too",
        f"{BURST} events at one moment.",
        None,
        Way.BURST,
        effect=Effect.ANY,
        fault="burst",
    ),
    _Row(
        Area.SIZE,
        "large_event",
        "an event of 64 KiB is accepted",
        "A genuine event with 64 KiB of padding in a member that nobody knows.",
        "Let the limit of a body be well above 64 KiB.",
        Way.GENUINE,
        ("large",),
    ),
    _Row(
        Area.CONTENT_TYPE,
        "with_charset",
        "application/json with a charset is accepted",
        "A genuine event that is declared `application/json; charset=utf-8`.",
        "Compare the media type only, without its parameters (RFC 9110, 8.3).",
        Way.GENUINE,
        ("charset",),
    ),
    _Row(
        Area.METHODS,
        "reading",
        "a request that only reads does nothing",
        f"A genuine signed event by {', '.join(METHODS_THAT_READ)}.",
        _METHOD_ADVICE,
        Way.METHOD,
        METHODS_THAT_READ,
        Expect.SURVIVE,
        Effect.NONE,
    ),
    _Row(
        Area.METHODS,
        "writing",
        "a method other than POST is refused",
        f"A genuine signed event by {', '.join(METHODS_THAT_WRITE)}.",
        _METHOD_ADVICE,
        Way.METHOD,
        METHODS_THAT_WRITE,
        Expect.REJECT,
        Effect.NONE,
    ),
)


def _rule_of_row(row: _Row) -> Rule:
    return Rule(
        id=_id(row.area, row.name),
        area=row.area,
        title=row.title,
        sent=row.sent,
        why=_WHY[row.area],
        change=row.change or _advice(named(row.fault or row.name)),
        expects=row.expects,
        way=row.way,
        effect=row.effect,
        fault=row.fault,
        variants=row.variants,
    )
