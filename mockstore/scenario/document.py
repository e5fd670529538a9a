"""A scenario as it was read: frozen, checked, nothing in it runs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct, field

from mockstore.delivery.schedule import RetryPolicy
from mockstore.model import Json

ClockKind = Literal["virtual", "system"]
SigningTime = Literal["wall", "virtual"]

CLOCKS: Final[tuple[ClockKind, ...]] = ("virtual", "system")
SIGNING_TIMES: Final[tuple[SigningTime, ...]] = ("wall", "virtual")
MOST_STEPS: Final = 200_000
"""How many steps one play may have, where each round of a repeat and each event of an `emit` counts."""


class Place(Struct, frozen=True):
    """Where something stands in the file: its line, from 1, and its path, such as `steps[2].emit`."""

    line: int
    path: str


class Rules(Struct, frozen=True):
    """What the scenario wants different from the provider's rules; None means the provider's own."""

    schedule: RetryPolicy | None = None
    timeout: timedelta | None = None
    signatures: tuple[str, ...] | None = None
    signature_time: SigningTime = "wall"


class WebhookSpec(Struct, frozen=True):
    """A webhook of the scenario: a scripted receiver, or a live consumer when `to` says where it is."""

    name: str
    place: Place
    events: tuple[str, ...] = ("*",)
    answers: tuple[Json, ...] = ()
    """What the receiver answers in turn; the last one repeats, none means 200."""
    verifies: bool = False
    """Whether the receiver answers 401 to what is not signed with the secret that it knows."""
    to: str | None = None
    secret: str | None = None
    signatures: tuple[str, ...] | None = None


class Step(Struct, frozen=True):
    """One step. `told` is what it says, by member; texts in it may hold references such as `${order.id}`."""

    verb: str
    told: Mapping[str, Json]
    place: Place
    name: str | None = None
    """Under which name its outcome is kept (`as`)."""
    note: str | None = None
    """What the author says of it."""
    steps: tuple["Step", ...] = ()
    """What it repeats."""


class Scenario(Struct, frozen=True):
    """A whole scenario. `source` is where it comes from, as texts about it say."""

    name: str
    source: str
    description: str = ""
    seed: int | None = 0
    clock: ClockKind = "virtual"
    rules: Rules = field(default_factory=Rules)
    variables: Mapping[str, Json] = field(default_factory=dict)
    webhooks: tuple[WebhookSpec, ...] = ()
    steps: tuple[Step, ...] = ()


def length(steps: Sequence[Step]) -> int:
    """Return how many steps are played, each round of a repeat and each event counted; a reference counts as 1."""
    return sum(length_of(step, step.told) for step in steps)


def length_of(step: Step, told: Mapping[str, Json]) -> int:
    """Return as how many steps one counts that says what was `told`."""
    if step.verb == "repeat":
        return 1 + _number(told.get("times")) * length(step.steps)
    return _number(told.get("count")) if step.verb == "emit" else 1


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 1
