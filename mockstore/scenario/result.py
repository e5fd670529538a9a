"""What comes of playing a scenario: a timeline, a verdict on each expectation, and whether it passed. Values only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from mockstore.model import Json
from mockstore.scenario.document import Place, Scenario


class Kind(StrEnum):
    """What an entry of the timeline tells."""

    STEP = "step"
    EVENT = "event"
    ATTEMPT = "attempt"
    WEBHOOK = "webhook"
    EXPECTATION = "expectation"


class Entry(Struct, frozen=True):
    """One thing that happened."""

    kind: Kind
    at: datetime
    since: timedelta
    """Time since the scenario began."""
    line: int
    """The line of the step in the file."""
    text: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    """The same for programs."""


class Verdict(Struct, frozen=True):
    """What came of one expectation; it holds when nothing is different from what was expected."""

    place: Place
    claim: str
    """What was expected, in words."""
    differences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it was as expected."""
        return not self.differences


class Break(Struct, frozen=True):
    """Why the scenario came to no end: the step that could not be done."""

    place: Place
    why: str


class Result(Struct, frozen=True):
    """All that came of it."""

    scenario: Scenario
    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...]
    broken: Break | None = None

    @property
    def passed(self) -> bool:
        """Whether it was played to its end and every expectation held."""
        return self.broken is None and all(verdict.holds for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that did not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)
