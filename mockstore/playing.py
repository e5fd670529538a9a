"""The verb `play` of a Mockstore: scenarios in its own world. They are imported when the first one is played."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.parts import Parts

if TYPE_CHECKING:
    from os import PathLike

    from mockstore.scenario import Result, Scenario
    from mockstore.service import Mockstore


class Player:
    """Plays scenarios on one Mockstore; call it."""

    def __init__(self, mockstore: "Mockstore", parts: Parts) -> None:
        self._mockstore = mockstore
        self._parts = parts
        self._latest: Result | None = None

    def __call__(
        self,
        scenario: "Scenario | str | PathLike[str]",
        *,
        to: object = None,
        variables: Mapping[str, Json] | None = None,
    ) -> "Result":
        """Play a scenario (a file, the name of a ready one, or one that was read) and return the result.

        `to` says who stands behind a webhook instead of a receiver, by its name, or just who when there is but one:
        whatever `subscribe` takes, or a registration. Without it, a registration whose description is the name of a
        webhook stands behind that one. `variables` go over those of the file.

        Raises `ScenarioFailedError`, an `AssertionError` with the whole report, unless every expectation holds;
        `InvalidScenarioError` with every mistake in the file; and what a consumer's own code raised.
        """
        __tracebackhide__ = True
        from mockstore.scenario.inside import play_inside  # noqa: PLC0415 - most tests play nothing
        from mockstore.scenario.report import require  # noqa: PLC0415 - likewise

        self._latest = play_inside(scenario, self._mockstore, self._parts, to=to, variables=variables)
        require(self._latest)
        return self._latest

    @property
    def result(self) -> "Result":
        """What came of the latest scenario, passed or not; raise `InvalidInputError` when none was played."""
        if self._latest is None:
            raise InvalidInputError("no scenario was played; play one: mockstore.play('outage-and-recovery')")
        return self._latest
