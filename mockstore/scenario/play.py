"""Plays a scenario on a Mockstore, step by step, and yields the timeline as it happens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import MockstoreError
from mockstore.model import Json
from mockstore.parts import Parts
from mockstore.scenario.actions import ACTIONS
from mockstore.scenario.document import MOST_STEPS, Scenario, Step, step_count
from mockstore.scenario.follower import Follower
from mockstore.scenario.judging import claim, mismatches
from mockstore.scenario.mistakes import ScenarioBrokenError
from mockstore.scenario.reading import step_mistakes
from mockstore.scenario.references import filled, references_in
from mockstore.scenario.result import Break, Entry, Kind, Result, Verdict
from mockstore.scenario.stage import Stage
from mockstore.service import Mockstore

_LONGEST_TEXT: Final = 100
_ZERO: Final = timedelta()


class Play:
    """One play of a scenario: iterate to run it; `result` is the result so far.

    `to` maps names of webhooks to live consumers, which replace the scripted receivers. Raises `InvalidScenarioError`
    before anything is done when a step is impossible with a live consumer. An exception of the consumer's code is
    raised from the iteration if the Mockstore raises such errors.
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
        """The result so far."""
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
            self._stage.mark_as_examined()

    def run(self) -> Result:
        """Play to the end and return the result."""
        __tracebackhide__ = True
        for _ in self:
            pass
        return self.result

    def stop(self) -> None:
        """End the play after the current step. May be called from another thread."""
        self._stopped = True
        self._stage.parts.news.tell()  # wakes an expectation that waits

    # ---- the steps --------------------------------------------------------------------------

    def _steps(self, steps: Sequence[Step]) -> Iterator[Entry]:
        __tracebackhide__ = True
        for step in steps:
            self._check_stopped(step)
            self._stage.refresh()
            arguments = self._arguments(step)
            self._check_step_limit(step, arguments)
            if step.verb == "expect":
                yield from self._expect(step, arguments)
            elif step.verb == "repeat":
                yield from self._repeat(step, arguments["times"])
            else:
                yield from self._do(step, arguments)

    def _arguments(self, step: Step) -> Mapping[str, Json]:
        """Return the arguments with their references replaced; raise `ScenarioBrokenError` if they are then invalid."""
        if next(references_in(step.arguments), None) is None:
            return _unescaped(step.arguments)
        arguments: Mapping[str, Json] = self._at_step(step, lambda: filled(step.arguments, self._stage.scope))
        mistakes = step_mistakes(step, arguments, self._stage.known_names)
        if mistakes:
            raise ScenarioBrokenError(self.scenario.source, step.place, str(mistakes[0].message))
        return arguments

    def _do(self, step: Step, arguments: Mapping[str, Json]) -> Iterator[Entry]:
        __tracebackhide__ = True
        yield self._entry_now(Kind.STEP, step, _step_text(step, arguments), {"verb": step.verb})
        outcome = self._at_step(step, lambda: ACTIONS[step.verb](self._stage, arguments))
        if step.name is not None:
            self._stage.scope[step.name] = outcome
        self._at_step(step, self._stage.settle)
        yield from self._new_entries(step)

    def _repeat(self, step: Step, times: int) -> Iterator[Entry]:
        before = self._stage.scope.get("n")
        for number in range(1, times + 1):
            self._stage.scope["n"] = number
            yield from self._steps(step.steps)
        self._stage.scope["n"] = before

    def _expect(self, step: Step, arguments: Mapping[str, Json]) -> Iterator[Entry]:
        within = parse_duration(str(arguments["within"])) if "within" in arguments else _ZERO
        for _ in self._until_met(within, step, arguments):
            yield from self._new_entries(step)
        found = self._differences(step, arguments)
        verdict = Verdict(step.place, step.note or claim(arguments, step.arguments), tuple(found))
        self._verdicts.append(verdict)
        facts = {"holds": verdict.holds, "differences": list(verdict.differences)}
        yield self._entry_now(Kind.EXPECTATION, step, verdict.claim, facts)

    def _new_entries(self, step: Step) -> list[Entry]:
        found: list[Entry] = self._at_step(step, lambda: self._follower.new_entries(step.place.line))
        return found

    def _differences(self, step: Step, arguments: Mapping[str, Json]) -> list[str]:
        found: list[str] = self._at_step(step, lambda: self._mismatches(arguments))
        return found

    def _mismatches(self, arguments: Mapping[str, Json]) -> list[str]:
        return mismatches(arguments, self._follower.evidence(arguments))

    # ---- time -------------------------------------------------------------------------------

    def _until_met(self, within: timedelta, step: Step, arguments: Mapping[str, Json]) -> Iterator[None]:
        """Yield now and after each change that may meet the expectation, until it is met or `within` has passed."""
        end = self._stage.mockstore.clock.now() + within
        yield
        while (left := end - self._stage.mockstore.clock.now()) > _ZERO and self._differences(step, arguments):
            self._at_step(step, partial(self._wait, left, arguments))
            yield
            self._check_stopped(step)

    def _wait(self, left: timedelta, arguments: Mapping[str, Json]) -> None:
        """Wait until the next delivery is due, at most `left`; a frozen clock is advanced instead."""
        parts = self._stage.parts
        due = parts.store.next_due()
        wait = left if due is None else min(left, max(due - parts.clock.now(), _ZERO))
        if self._stage.mockstore.clock.frozen:
            self._stage.mockstore.advance(wait)
        else:
            parts.news.wait_for(lambda: self._stopped or not self._mismatches(arguments), wait.total_seconds())
        self._stage.settle()

    def _check_stopped(self, step: Step) -> None:
        if self._stopped:
            raise ScenarioBrokenError(self.scenario.source, step.place, "the play was stopped here")

    def _check_step_limit(self, step: Step, arguments: Mapping[str, Json]) -> None:
        """Raise `ScenarioBrokenError` if this step exceeds `MOST_STEPS`: only now are its references replaced."""
        count = step_count(step, arguments)
        if self._played + count > MOST_STEPS:
            why = f"more than {MOST_STEPS:,} steps, each round of a repeat and each event counted"
            raise ScenarioBrokenError(self.scenario.source, step.place, why)
        self._played += 1 if step.steps else count

    # ---- entries and errors -----------------------------------------------------------------

    def _entry_now(self, kind: Kind, step: Step, text: str, facts: Mapping[str, Json]) -> Entry:
        now: datetime = self._stage.mockstore.clock.now()
        return self._follower.entry(kind, now, step.place.line, text, facts)

    def _at_step(self, step: Step, do: Callable[[], Json]) -> Json:
        """Return what `do` returns; turn an error of Mockstore into a `ScenarioBrokenError` with the step's place."""
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


def _unescaped(arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the arguments with each escaped `$${` replaced by `${`."""
    unescaped: Mapping[str, Json] = filled(arguments, {})
    return unescaped


def _step_text(step: Step, arguments: Mapping[str, Json]) -> str:
    """Return the text of the step for the timeline."""
    if step.note is not None:
        return step.note
    words = ", ".join(
        value if name in _UNLABELLED else f"{name} {value}" for name, value in _as_texts(arguments).items()
    )
    line = f"{step.verb} {words}".rstrip()
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…"


_UNLABELLED: Final = frozenset({"type", "by", "name", "with", "webhook", "order", "pet", "event"})
"""Arguments that are shown without their name."""


def _as_texts(arguments: Mapping[str, Json]) -> dict[str, str]:
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in arguments.items()
        if value is not None and not isinstance(value, Mapping)
    }


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip()).replace(":;", ":")
