"""Plays a scenario on a Mockstore, step by step; what happens is told as it happens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import MockstoreError
from mockstore.model import Json
from mockstore.parts import Parts
from mockstore.scenario.actions import ACTIONS
from mockstore.scenario.document import MOST_STEPS, Scenario, Step, length_of
from mockstore.scenario.follower import Follower
from mockstore.scenario.judging import claim, mismatches
from mockstore.scenario.mistakes import ScenarioBrokenError
from mockstore.scenario.reading import step_mistakes
from mockstore.scenario.references import filled, references_in
from mockstore.scenario.result import Break, Entry, Kind, Result, Verdict
from mockstore.scenario.stage import Stage
from mockstore.service import Mockstore

_LONGEST_TEXT: Final = 100
_INSTANT: Final = timedelta()


class Play:
    """One performance. Iterate over it to play it; `result` is what has come of it so far.

    `to` says who stands behind a webhook, by its name: a live consumer instead of a receiver. Raises
    `InvalidScenarioError` when a step cannot be done with it, before anything is done. An exception of a consumer's
    own code comes out, where the Mockstore lets it.
    """

    def __init__(
        self, scenario: Scenario, mockstore: Mockstore, parts: Parts, *, to: Mapping[str, object] | None = None
    ) -> None:
        self.scenario = scenario
        self._stage = Stage(scenario, mockstore, parts, to or {})
        self._follower = Follower(self._stage)
        self._entries: list[Entry] = []
        self._verdicts: list[Verdict] = []
        self._broken: Break | None = None
        self._stopped = False
        self._played = 0

    @property
    def result(self) -> Result:
        """What has come of it so far."""
        return Result(self.scenario, tuple(self._entries), tuple(self._verdicts), self._broken)

    def __iter__(self) -> Iterator[Entry]:
        __tracebackhide__ = True
        try:
            for entry in self._steps(self.scenario.steps):
                self._entries.append(entry)
                yield entry
        except ScenarioBrokenError as error:
            self._broken = Break(error.place, error.why)
        finally:
            self._stage.excuse()

    def run(self) -> Result:
        """Play it to its end and return the result."""
        __tracebackhide__ = True
        for _ in self:
            pass
        return self.result

    def stop(self) -> None:
        """End it before its time, from another thread: the step that is being done is the last."""
        self._stopped = True
        self._stage.parts.news.tell()  # an expectation may be waiting

    # ---- the steps --------------------------------------------------------------------------

    def _steps(self, steps: Sequence[Step]) -> Iterator[Entry]:
        __tracebackhide__ = True
        for step in steps:
            self._go_on(step)
            self._stage.refresh()
            told = self._told(step)
            self._count(step, told)
            if step.verb == "expect":
                yield from self._expect(step, told)
            elif step.verb == "repeat":
                yield from self._repeat(step, told["times"])
            else:
                yield from self._do(step, told)

    def _told(self, step: Step) -> Mapping[str, Json]:
        """Return what the step says, with its references filled."""
        if next(references_in(step.told), None) is None:
            return _unescaped(step.told)
        told: Mapping[str, Json] = self._in_place(step, lambda: filled(step.told, self._stage.scope))
        mistakes = step_mistakes(step, told, self._stage.words)
        if mistakes:
            raise ScenarioBrokenError(self.scenario.source, step.place, str(mistakes[0].message))
        return told

    def _do(self, step: Step, told: Mapping[str, Json]) -> Iterator[Entry]:
        __tracebackhide__ = True
        yield self._now(Kind.STEP, step, _said(step, told), {"verb": step.verb})
        outcome = self._in_place(step, lambda: ACTIONS[step.verb](self._stage, told))
        if step.name is not None:
            self._stage.scope[step.name] = outcome
        self._in_place(step, self._stage.settle)
        yield from self._look(step)

    def _repeat(self, step: Step, times: int) -> Iterator[Entry]:
        before = self._stage.scope.get("n")
        for number in range(1, times + 1):
            self._stage.scope["n"] = number
            yield from self._steps(step.steps)
        self._stage.scope["n"] = before

    def _expect(self, step: Step, told: Mapping[str, Json]) -> Iterator[Entry]:
        for _ in self._moments(parse_duration(str(told["within"])) if "within" in told else _INSTANT, step, told):
            yield from self._look(step)
        found = self._differences(step, told)
        verdict = Verdict(step.place, step.note or claim(told, step.told), tuple(found))
        self._verdicts.append(verdict)
        facts = {"holds": verdict.holds, "differences": list(verdict.differences)}
        yield self._now(Kind.EXPECTATION, step, verdict.claim, facts)

    def _look(self, step: Step) -> list[Entry]:
        found: list[Entry] = self._in_place(step, lambda: self._follower.look(step.place.line))
        return found

    def _differences(self, step: Step, told: Mapping[str, Json]) -> list[str]:
        found: list[str] = self._in_place(step, lambda: self._mismatches(told))
        return found

    def _mismatches(self, told: Mapping[str, Json]) -> list[str]:
        return mismatches(told, self._follower.evidence(told))

    # ---- time -------------------------------------------------------------------------------

    def _moments(self, within: timedelta, step: Step, told: Mapping[str, Json]) -> Iterator[None]:
        """Yield after each thing that may have made the expectation true, until it is or the time is over."""
        end = self._stage.mockstore.clock.now() + within
        yield
        while (left := end - self._stage.mockstore.clock.now()) > _INSTANT and self._differences(step, told):
            self._in_place(step, partial(self._pass, left, told))
            yield
            self._go_on(step)

    def _pass(self, left: timedelta, told: Mapping[str, Json]) -> None:
        """Let time pass until the next thing falls due, but no more than what is `left`."""
        parts = self._stage.parts
        due = parts.store.next_due()
        wait = left if due is None else min(left, max(due - parts.clock.now(), _INSTANT))
        if self._stage.mockstore.clock.frozen:
            self._stage.mockstore.advance(wait)
        else:
            parts.news.wait_for(lambda: self._stopped or not self._mismatches(told), wait.total_seconds())
        self._stage.settle()

    def _go_on(self, step: Step) -> None:
        if self._stopped:
            raise ScenarioBrokenError(self.scenario.source, step.place, "the play was stopped here")

    def _count(self, step: Step, told: Mapping[str, Json]) -> None:
        """Break off before a step with which there are too many: only now is it known what its references stand for."""
        ahead = length_of(step, told)
        if self._played + ahead > MOST_STEPS:
            why = f"more than {MOST_STEPS:,} steps, each round of a repeat and each event counted"
            raise ScenarioBrokenError(self.scenario.source, step.place, why)
        self._played += 1 if step.steps else ahead

    # ---- telling ----------------------------------------------------------------------------

    def _now(self, kind: Kind, step: Step, text: str, facts: Mapping[str, Json]) -> Entry:
        now: datetime = self._stage.mockstore.clock.now()
        return self._follower.entry(kind, now, step.place.line, text, facts)

    def _in_place(self, step: Step, do: Callable[[], Json]) -> Json:
        """Return what `do` returns; what goes wrong gets the place of the step."""
        __tracebackhide__ = True
        try:
            return do()
        except ScenarioBrokenError:
            raise
        except (MockstoreError, TimeoutError, OverflowError) as error:
            raise ScenarioBrokenError(self.scenario.source, step.place, _one_line(str(error))) from error
        except Exception as error:
            error.add_note(f"raised while {self.scenario.source}:{step.place.line} was played: {step.verb}")
            raise


def _unescaped(told: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what was told with each `$${` as the `${` that it means."""
    unescaped: Mapping[str, Json] = filled(told, {})
    return unescaped


def _said(step: Step, told: Mapping[str, Json]) -> str:
    """Return the step in words, as the timeline shows it."""
    if step.note is not None:
        return step.note
    words = ", ".join(value if name in _PLAIN else f"{name} {value}" for name, value in _shown(told).items())
    line = f"{step.verb} {words}".rstrip()
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…"


_PLAIN: Final = frozenset({"type", "by", "name", "with", "webhook", "order", "pet", "event"})
"""Members whose name need not be said."""


def _shown(told: Mapping[str, Json]) -> dict[str, str]:
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in told.items()
        if value is not None and not isinstance(value, Mapping)
    }


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip()).replace(":;", ":")
