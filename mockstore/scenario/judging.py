"""Whether an expectation holds, and what it says in words. Pure: what was told and the evidence in, lines out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Final, TypeAlias

from msgspec import Struct

from mockstore.events import differences
from mockstore.model import Attempt, DeliveryRecord, Json
from mockstore.scenario.forms import CONDITIONS, RESOURCES

Told: TypeAlias = Mapping[str, Json]


class Made(Struct, frozen=True):
    """One attempt, with the type of its event and whose delivery it is."""

    attempt: Attempt
    event_type: str
    delivery_id: str


class Evidence(Struct, frozen=True):
    """What an expectation is judged by: what fits its `webhook`, `type` and `event`, in the order of its making."""

    deliveries: Sequence[DeliveryRecord] = ()
    attempts: Sequence[Made] = ()
    status: str | None = None
    """How the webhook stands."""
    document: Json = None
    """What the API shows of the pet, the order or the user."""


def mismatches(told: Told, evidence: Evidence) -> list[str]:
    """Return a line for each thing that is not as `told`; nothing when the expectation holds."""
    return [line for name in CONDITIONS if name in told for line in _JUDGES[name](told[name], evidence)]


def claim(told: Told, written: Told) -> str:
    """Return the expectation in words; things go by the names that the file has for them (`written`), not by ids."""
    about = [str(told[name]) for name in ("webhook", "type") if name in told]
    about += [f"{name} {_named(written[name])}" for name in ("event", *RESOURCES) if name in told]
    said = [f"{name} {_shown(told[name])}" for name in CONDITIONS if name in told]
    within = f" within {told['within']}" if "within" in told else ""
    return f"{', '.join(about) + ': ' if about else ''}{'; '.join(said)}{within}"


def _named(value: Json) -> str:
    """Return `order` for `${order.id}`."""
    return str(value).removeprefix("${").removesuffix("}").removesuffix(".id")


def _shown(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# ---- the judges, one for each condition -----------------------------------------------------


def _amount(noun: str, count: Callable[[Evidence], int]) -> Callable[[Json, Evidence], list[str]]:
    def judge(told: Json, evidence: Evidence) -> list[str]:
        found = count(evidence)
        return [] if _is_within(told, found) else [f"{noun}: expected {_bounds(told)}, found {found}"]

    return judge


def _is_within(told: Json, found: int) -> bool:
    if not isinstance(told, Mapping):
        return bool(told == found)
    return bool(told.get("at_least", 0) <= found <= told.get("at_most", found))


def _bounds(told: Json) -> str:
    if not isinstance(told, Mapping):
        return str(told)
    return " and ".join(f"{name.replace('_', ' ')} {told[name]}" for name in ("at_least", "at_most") if name in told)


def _attempts(told: Json, evidence: Evidence) -> list[str]:
    made = [len(delivery.attempts) for delivery in evidence.deliveries]
    if isinstance(told, list):
        return _compared("attempts", told, made)
    if not made:
        return [f"attempts: expected {_bounds(told)} for each delivery, but there is no delivery"]
    return [
        f"attempts: expected {_bounds(told)}, delivery {number} of {len(made)} has {found}"
        for number, found in enumerate(made, start=1)
        if not _is_within(told, found)
    ][:_MOST_LINES]


def _states(told: Json, evidence: Evidence) -> list[str]:
    found = [str(delivery.state) for delivery in evidence.deliveries]
    if isinstance(told, list):
        return _compared("states", told, found)
    counts = Counter(found)
    if isinstance(told, Mapping):
        wanted = Counter({name: count for name, count in told.items() if count})
        return [] if wanted == counts else [f"states: expected {_tally(wanted)}, found {_tally(counts)}"]
    if not found:
        return [f"states: expected {told}, but there is no delivery"]
    return [] if set(found) == {told} else [f"states: expected all {told}, found {_tally(counts)}"]


def _answers(told: Json, evidence: Evidence) -> list[str]:
    wanted = [str(one) for one in told]
    pairs = zip_longest(evidence.attempts, wanted[: len(evidence.attempts)])
    return _compared("answers", wanted, [_outcome(made.attempt, word) for made, word in pairs])


def _outcome(attempt: Attempt, wanted: str | None) -> str:
    """Return the status of an answer, or the outcome where that is what is wanted or there is no answer."""
    named = wanted is not None and not wanted.isdecimal()
    return str(attempt.outcome) if named or attempt.status is None else str(attempt.status)


def _in_order(told: Json, evidence: Evidence) -> list[str]:
    return _compared("in_order", list(told), [made.event_type for made in evidence.attempts])


def _status(told: Json, evidence: Evidence) -> list[str]:
    return [] if told == evidence.status else [f"status: expected {told}, found {evidence.status}"]


def _has(told: Json, evidence: Evidence) -> list[str]:
    return differences(told, evidence.document)


def _compared(name: str, wanted: Sequence[Json], found: Sequence[Json]) -> list[str]:
    """Return what was expected and found in a row, and the first place where they differ."""
    if list(wanted) == list(found):
        return []
    pairs = zip_longest(wanted, found, fillvalue="none")
    place, (left, right) = next((at, pair) for at, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    first = f"the first difference is number {place}: expected {left}, found {right}"
    return [f"{name}: expected {_row(wanted)}, found {_row(found)}; {first}"]


def _row(values: Sequence[Json]) -> str:
    listed = ", ".join(map(str, values[:_MOST_LISTED])) or "none"
    return f"{listed} and {len(values) - _MOST_LISTED} more" if len(values) > _MOST_LISTED else listed


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


_MOST_LINES: Final = 5
_MOST_LISTED: Final = 12

_JUDGES: Final[Mapping[str, Callable[[Json, Evidence], list[str]]]] = MappingProxyType(
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
