"""The result of a scenario: the timeline, a verdict on each expectation, and whether it passed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from mockstore.model import Json
from mockstore.scenario.document import Place, Scenario


class Kind(StrEnum):
    """What an entry of the timeline is about."""

    STEP = "step"
    EVENT = "event"
    ATTEMPT = "attempt"
    WEBHOOK = "webhook"
    EXPECTATION = "expectation"


class Entry(Struct, frozen=True):
    """One entry of the timeline."""

    kind: Kind
    at: datetime
    since: timedelta
    """Time since the scenario began."""
    line: int
    """The line of the step that caused it, in the file."""
    text: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    """The same as JSON members."""


class Verdict(Struct, frozen=True):
    """The result of one expectation."""

    place: Place
    claim: str
    """The expectation as text."""
    differences: tuple[str, ...] = ()
    """A line for each difference from what was expected; empty when it holds."""

    @property
    def holds(self) -> bool:
        """Whether there are no differences."""
        return not self.differences


class Break(Struct, frozen=True):
    """The step that could not be done and ended the scenario, and why."""

    place: Place
    why: str


class Result(Struct, frozen=True):
    """The result of a whole scenario; `broken` is None when every step was done."""

    scenario: Scenario
    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...]
    broken: Break | None = None

    @property
    def passed(self) -> bool:
        """Whether every step was done and every expectation held."""
        return self.broken is None and all(verdict.holds for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that did not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)
