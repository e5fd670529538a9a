"""The errors of scenarios, each with its position in the file. They extend the tree in `mockstore.errors`.

MockstoreError
    InvalidInputError
        InvalidScenarioError    a scenario cannot be read; it lists every mistake
    ScenarioBrokenError         a step of a scenario cannot be done
AssertionError
    ScenarioFailedError         an expectation of a scenario does not hold
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from mockstore.errors import InvalidInputError, MockstoreError

if TYPE_CHECKING:
    from mockstore.scenario.document import Place
    from mockstore.scenario.result import Result

MOST: Final = 50
"""How many mistakes are collected and listed for one scenario."""
_LONGEST_NAME: Final = 60
_MOST_NAMES: Final = 100
"""How many of the allowed names are compared and listed."""


class Mistake(Struct, frozen=True):
    """One mistake: its line (from 1), its path in the document (`steps[2].emit.type`), and what is allowed there."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """Return path and message in one line."""
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidScenarioError(InvalidInputError):
    """A scenario is invalid; `mistakes` are the first `MOST` that were found, sorted by line."""

    source: str
    mistakes: tuple[Mistake, ...]

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        super().__init__(
            "\n".join(f"{source}:{mistake.line}: {mistake}" for mistake in mistakes),
            field=mistakes[0].path,
            code="invalid_scenario",
        )


class ScenarioBrokenError(MockstoreError):
    """A step failed; `place` is its position in the file. If an exception is the reason, it is the `__cause__`."""

    def __init__(self, source: str, place: "Place", why: str) -> None:
        super().__init__(f"{source}:{place.line}: {place.path}: {why}")
        self.place = place
        self.why = why


class ScenarioFailedError(AssertionError):
    """A scenario did not pass; `result` has the timeline and the verdicts."""

    def __init__(self, result: "Result", text: str) -> None:
        super().__init__(text)
        self.result = result


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown name, with similar and allowed ones; long names and lists are cut."""
    name = cut(name)
    names = list(islice(known, _MOST_NAMES + 1))
    allowed = [cut(one) for one in names[:_MOST_NAMES]]
    near = get_close_matches(name, allowed, n=2, cutoff=0.6) or _containing(name, allowed)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"unknown {what} {name!r}: {hint}allowed: {', '.join(allowed) or 'none'}{more}"


def cut(text: str, most: int = _LONGEST_NAME) -> str:
    """Return the text, cut to `most` characters with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _containing(name: str, allowed: Iterable[str]) -> list[str]:
    """Return the first two names that contain `name` between hyphens: `outage-and-recovery` for `outage`."""
    return [one for one in allowed if name in one.split("-")][:2]
