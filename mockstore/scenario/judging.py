"""Checks an expectation against what happened, and describes it as text. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Final, TypeAlias

from msgspec import Struct

from mockstore.events import differences
from mockstore.model import Attempt, DeliveryRecord, Json
from mockstore.scenario.forms import CONDITIONS, RESOURCES

Arguments: TypeAlias = Mapping[str, Json]


class ObservedAttempt(Struct, frozen=True):
    """One attempt, with the type of its event and the id of its delivery."""

    attempt: Attempt
    event_type: str
    delivery_id: str


class Evidence(Struct, frozen=True):
    """What an expectation is checked against: what matches its `webhook`, `type` and `event`, in order of creation."""

    deliveries: Sequence[DeliveryRecord] = ()
    attempts: Sequence[ObservedAttempt] = ()
    status: str | None = None
    """The webhook's status; None when not asked for."""
    document: Json = None
    """What the API returns for the pet, the order or the user."""


def mismatches(arguments: Arguments, evidence: Evidence) -> list[str]:
    """Return a line for each difference from the expectation; an empty list when it holds."""
    return [line for name in CONDITIONS if name in arguments for line in _CHECKS[name](arguments[name], evidence)]


def claim(arguments: Arguments, written: Arguments) -> str:
    """Return the expectation as text.

    `arguments` have their references replaced, `written` are those of the file: resources are shown by their names
    there, not by their ids.
    """
    subject = [str(arguments[name]) for name in ("webhook", "type") if name in arguments]
    subject += [f"{name} {_reference_name(written[name])}" for name in ("event", *RESOURCES) if name in arguments]
    conditions = [f"{name} {_as_text(arguments[name])}" for name in CONDITIONS if name in arguments]
    within = f" within {arguments['within']}" if "within" in arguments else ""
    return f"{', '.join(subject) + ': ' if subject else ''}{'; '.join(conditions)}{within}"


def _reference_name(value: Json) -> str:
    """Return the name in a reference: `order` for `${order.id}`."""
    return str(value).removeprefix("${").removesuffix("}").removesuffix(".id")


def _as_text(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_as_text(inner)}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# ---- the checks, one for each condition -----------------------------------------------------


def _amount(noun: str, count: Callable[[Evidence], int]) -> Callable[[Json, Evidence], list[str]]:
    def check(expected: Json, evidence: Evidence) -> list[str]:
        found = count(evidence)
        return [] if _matches_amount(expected, found) else [f"{noun}: expected {_amount_text(expected)}, found {found}"]

    return check


def _matches_amount(expected: Json, found: int) -> bool:
    if not isinstance(expected, Mapping):
        return bool(expected == found)
    return bool(expected.get("at_least", 0) <= found <= expected.get("at_most", found))


def _amount_text(expected: Json) -> str:
    if not isinstance(expected, Mapping):
        return str(expected)
    return " and ".join(
        f"{name.replace('_', ' ')} {expected[name]}" for name in ("at_least", "at_most") if name in expected
    )


def _attempts(expected: Json, evidence: Evidence) -> list[str]:
    made = [len(delivery.attempts) for delivery in evidence.deliveries]
    if isinstance(expected, list):
        return _sequence_mismatch("attempts", expected, made)
    if not made:
        return [f"attempts: expected {_amount_text(expected)} for each delivery, but there is no delivery"]
    return [
        f"attempts: expected {_amount_text(expected)}, delivery {number} of {len(made)} has {found}"
        for number, found in enumerate(made, start=1)
        if not _matches_amount(expected, found)
    ][:_MOST_LINES]


def _states(expected: Json, evidence: Evidence) -> list[str]:
    found = [str(delivery.state) for delivery in evidence.deliveries]
    if isinstance(expected, list):
        return _sequence_mismatch("states", expected, found)
    counts = Counter(found)
    if isinstance(expected, Mapping):
        wanted = Counter({name: count for name, count in expected.items() if count})
        return [] if wanted == counts else [f"states: expected {_counts_text(wanted)}, found {_counts_text(counts)}"]
    if not found:
        return [f"states: expected {expected}, but there is no delivery"]
    return [] if set(found) == {expected} else [f"states: expected all {expected}, found {_counts_text(counts)}"]


def _answers(expected: Json, evidence: Evidence) -> list[str]:
    wanted = [str(one) for one in expected]
    pairs = zip_longest(evidence.attempts, wanted[: len(evidence.attempts)])
    return _sequence_mismatch("answers", wanted, [_outcome(made.attempt, word) for made, word in pairs])


def _outcome(attempt: Attempt, wanted: str | None) -> str:
    """Return the status, or the name of the outcome when `wanted` is such a name or there was no answer."""
    named = wanted is not None and not wanted.isdecimal()
    return str(attempt.outcome) if named or attempt.status is None else str(attempt.status)


def _in_order(expected: Json, evidence: Evidence) -> list[str]:
    return _sequence_mismatch("in_order", list(expected), [made.event_type for made in evidence.attempts])


def _status(expected: Json, evidence: Evidence) -> list[str]:
    return [] if expected == evidence.status else [f"status: expected {expected}, found {evidence.status}"]


def _has(expected: Json, evidence: Evidence) -> list[str]:
    return differences(expected, evidence.document)


def _sequence_mismatch(name: str, wanted: Sequence[Json], found: Sequence[Json]) -> list[str]:
    """Return a line with both sequences and the first position where they differ; no line when they are equal."""
    if list(wanted) == list(found):
        return []
    pairs = zip_longest(wanted, found, fillvalue="none")
    place, (left, right) = next((at, pair) for at, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    first = f"the first difference is number {place}: expected {left}, found {right}"
    return [f"{name}: expected {_joined(wanted)}, found {_joined(found)}; {first}"]


def _joined(values: Sequence[Json]) -> str:
    listed = ", ".join(map(str, values[:_MOST_LISTED])) or "none"
    return f"{listed} and {len(values) - _MOST_LISTED} more" if len(values) > _MOST_LISTED else listed


def _counts_text(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


_MOST_LINES: Final = 5
_MOST_LISTED: Final = 12

_CHECKS: Final[Mapping[str, Callable[[Json, Evidence], list[str]]]] = MappingProxyType(
    {
        "events": _amount("events", lambda evidence: len({one.event_id for one in evidence.deliveries})),
        "deliveries": _amount("deliveries", lambda evidence: len(evidence.deliveries)),
        "requests": _amount("requests", lambda evidence: len(evidence.attempts)),
        "attempts": _attempts,
        "states": _states,
        "answers": _answers,
        "in_order": _in_order,
        "status": _status,
        "has": _has,
    }
)
