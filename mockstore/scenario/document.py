"""A parsed and validated scenario, as frozen values."""

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
"""The largest number of steps in one play; each round of a `repeat` and each event of an `emit` counts."""


class Place(Struct, frozen=True):
    """A position in the file: the line, from 1, and the path, such as `steps[2].emit`."""

    line: int
    path: str


class Rules(Struct, frozen=True):
    """Settings that replace those of the provider; None keeps the provider's."""

    schedule: RetryPolicy | None = None
    timeout: timedelta | None = None
    signatures: tuple[str, ...] | None = None
    signature_time: SigningTime = "wall"


class WebhookSpec(Struct, frozen=True):
    """A webhook of the scenario. Its endpoint is a scripted receiver, or a live consumer when `to` is its URL."""

    name: str
    place: Place
    events: tuple[str, ...] = ("*",)
    answers: tuple[Json, ...] = ()
    """What the receiver answers to each request in turn; the last one repeats. Empty means 200."""
    verifies: bool = False
    """Whether the receiver verifies signatures, and answers 401 to a wrong one."""
    to: str | None = None
    secret: str | None = None
    signatures: tuple[str, ...] | None = None


class Step(Struct, frozen=True):
    """One step. Strings in `arguments` may contain references such as `${order.id}`."""

    verb: str
    arguments: Mapping[str, Json]
    place: Place
    name: str | None = None
    """The name under which the result is stored (`as`)."""
    note: str | None = None
    """The author's text, shown in the timeline instead of the step."""
    steps: tuple["Step", ...] = ()
    """The inner steps of a `repeat`."""


class Scenario(Struct, frozen=True):
    """A whole scenario. `source` is the file name shown in messages."""

    name: str
    source: str
    description: str = ""
    seed: int | None = 0
    clock: ClockKind = "virtual"
    rules: Rules = field(default_factory=Rules)
    variables: Mapping[str, Json] = field(default_factory=dict)
    webhooks: tuple[WebhookSpec, ...] = ()
    steps: tuple[Step, ...] = ()


def total_steps(steps: Sequence[Step]) -> int:
    """Return how many steps are played, counting each round of a `repeat` and each event; a reference counts as 1."""
    return sum(step_count(step, step.arguments) for step in steps)


def step_count(step: Step, arguments: Mapping[str, Json]) -> int:
    """Return how many steps one step counts as, with these arguments."""
    if step.verb == "repeat":
        return 1 + _count(arguments.get("times")) * total_steps(step.steps)
    return _count(arguments.get("count")) if step.verb == "emit" else 1


def _count(value: Json) -> int:
    return value if isinstance(value, int) else 1
