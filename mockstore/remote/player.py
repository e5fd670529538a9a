"""Plays scenarios in one tenant of a server."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.model import Json
from mockstore.provider import Provider
from mockstore.remote.wire import Wire

if TYPE_CHECKING:
    from os import PathLike

    from mockstore.scenario import Result


class RemotePlayer:
    """A callable that plays scenarios."""

    def __init__(self, wire: Wire, provider: Provider, address: Callable[[object], str]) -> None:
        self._wire = wire
        self._provider = provider
        self._address = address
        self._latest: Result | None = None

    def __call__(
        self,
        scenario: "str | PathLike[str]",
        *,
        to: object = None,
        variables: Mapping[str, Json] | None = None,
    ) -> "Result":
        """Play a scenario, a local file or the name of one in the library, and return the result; see `Player`.

        Raises `ScenarioFailedError`, an `AssertionError`, unless every expectation holds; `InvalidScenarioError` with
        every mistake in the file.
        """
        __tracebackhide__ = True
        from mockstore.scenario import Scenario, load, source_of  # noqa: PLC0415 - imported only when used
        from mockstore.scenario.documents import result_of  # noqa: PLC0415 - likewise
        from mockstore.scenario.inside import targets_of  # noqa: PLC0415 - likewise
        from mockstore.scenario.report import require  # noqa: PLC0415 - likewise

        if isinstance(scenario, Scenario):
            raise InvalidInputError("a server plays what it can read: give a path or a name", field="scenario")
        read = load(scenario, catalogue=self._provider.catalogue, variables=variables)
        targets = {name: self._target(one) for name, one in targets_of(read, to).items()}
        document = {
            "text": source_of(scenario),
            "source": read.source,
            "to": targets,
            "variables": dict(variables or {}),
        }
        self._latest = result_of(self._wire.post("records", "play", **document))
        require(self._latest)
        return self._latest

    def forget(self) -> None:
        """Forget the latest result."""
        self._latest = None

    @property
    def result(self) -> "Result":
        """The result of the latest scenario, passed or failed; raise `InvalidInputError` when none was played."""
        if self._latest is None:
            raise InvalidInputError("no scenario was played; play one: mockstore.play('outage-and-recovery')")
        return self._latest

    def _target(self, target: object) -> str:
        return target.id if isinstance(target, Webhook) else self._address(target)
