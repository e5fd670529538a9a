"""What is wrong with a scenario, with its place. Part of the tree in `mockstore.errors`.

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
"""How many mistakes of one scenario are looked for and listed."""
_LONGEST_NAME: Final = 60
_MOST_NAMES: Final = 100
"""How many names are compared and listed as those that are allowed."""


class Mistake(Struct, frozen=True):
    """One mistake: its line (from 1), its path in the document (`steps[2].emit.type`), and what is allowed there."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """Return path and message in one line."""
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidScenarioError(InvalidInputError):
    """A scenario cannot be read; `mistakes` are those that were found, up to `MOST`, in the order of their lines."""

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
    """A step cannot be done; `place` is where it stands. The reason is the `__cause__`, if it was an error."""

    def __init__(self, source: str, place: "Place", why: str) -> None:
        super().__init__(f"{source}:{place.line}: {place.path}: {why}")
        self.place = place
        self.why = why


class ScenarioFailedError(AssertionError):
    """A scenario did not pass; `result` is all that happened."""

    def __init__(self, result: "Result", text: str) -> None:
        super().__init__(text)
        self.result = result


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no such word, which are near, and which are allowed; long names and lists are cut."""
    name = cut(name)
    names = list(islice(known, _MOST_NAMES + 1))
    allowed = [cut(one) for one in names[:_MOST_NAMES]]
    near = get_close_matches(name, allowed, n=2, cutoff=0.6) or _longer(name, allowed)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"unknown {what} {name!r}: {hint}allowed: {', '.join(allowed) or 'none'}{more}"


def cut(text: str, most: int = _LONGEST_NAME) -> str:
    """Return the text, a very long one cut at its end."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _longer(name: str, allowed: Iterable[str]) -> list[str]:
    """Return the first two that have `name` among their words: `outage` for `outage-and-recovery`."""
    return [one for one in allowed if name in one.split("-")][:2]
