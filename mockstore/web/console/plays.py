"""Plays of scenarios in the background, a few at a time, and the results of the latest ones."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from threading import BoundedSemaphore, Event, Lock
from typing import Final

from werkzeug.exceptions import NotFound, ServiceUnavailable

from mockstore.durable import started
from mockstore.news import News
from mockstore.provider import Provider
from mockstore.scenario import Consumer, Play, Scenario, playing
from mockstore.scenario.result import Entry, Result
from mockstore.web.console.stream import Closing
from mockstore.web.shutdown import ending_with
from mockstore.world.transports.address_policy import AddressPolicy

AT_ONCE: Final = 4
"""How many plays of a server may run at the same time."""
KEPT: Final = 10
"""How many of the latest plays of a tenant are remembered."""
SHOWN: Final = 500
"""How many of the latest lines of a timeline are shown."""


class Performance:
    """One play: its timeline so far, and its result at the end."""

    def __init__(self, number: int, text: str, play: Play, *, is_ready: bool) -> None:
        self.number = number
        self.text = text
        """The text of the scenario file."""
        self.is_ready = is_ready
        """Whether the scenario is one of the library."""
        self.scenario = play.scenario
        self.error = ""
        """Why the play itself failed; empty when it did not."""
        self.ended = Event()
        self._play: Play | None = play
        self._result: Result = play.result

    @property
    def result(self) -> Result:
        """The result so far."""
        play = self._play
        return self._result if play is None else play.result

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of the timeline that are shown."""
        return self.result.entries[-SHOWN:]

    @property
    def left_out(self) -> int:
        """How many lines came before those."""
        return max(len(self.result.entries) - SHOWN, 0)

    @property
    def state(self) -> str:
        """`playing`, `passed`, `failed`, or `stopped` when it did not run to its end."""
        if not self.ended.is_set():
            return "playing"
        if self.error or self._result.broken is not None:
            return "stopped"
        return "passed" if self._result.passed else "failed"

    def stop(self) -> None:
        """End the play after the current step."""
        if (play := self._play) is not None:
            play.stop()

    def perform(self, news: News) -> None:
        """Play it to its end, and notify `news` of each entry of the timeline."""
        play = self._play
        try:
            for _ in play or ():
                news.tell()
        except Exception as error:  # noqa: BLE001 - on this thread, nobody else would report it
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self._result, self._play = self.result, None  # releases the memory of its Mockstore
            self.ended.set()
            news.tell()


class Plays:
    """The latest plays of one tenant; `places` is shared by all tenants of a server.

    `reach` decides to which addresses a play may deliver.
    """

    def __init__(self, news: News, places: BoundedSemaphore, closing: Closing, reach: AddressPolicy) -> None:
        self._news = news
        self._reach = reach
        self._places = places
        self._closing = closing
        self._lock = Lock()
        self._count = 0
        self._kept: dict[int, Performance] = {}

    def begin(
        self, scenario: Scenario, text: str, to: Mapping[str, Consumer], provider: Provider, *, is_ready: bool
    ) -> Performance:
        """Start a play, and return it at once.

        Raises what `playing` raises for consumers that do not fit, and `ServiceUnavailable` when too many plays run.
        """
        if not self._places.acquire(blocking=False):
            raise ServiceUnavailable(f"{AT_ONCE} scenarios are being played, which is as many as may; stop one or wait")
        with ExitStack() as stack:
            stack.callback(self._places.release)
            play = stack.enter_context(playing(scenario, to=to, provider=provider, reach=self._reach))
            stack.enter_context(ending_with(self._closing, play))
            performance = self._keep(text, play, is_ready=is_ready)
            started(partial(self._perform, performance, stack.pop_all()), "mockstore-play")
        return performance

    def forget(self) -> None:
        """Forget all plays, and stop those that still run."""
        with self._lock:
            for performance in self._kept.values():
                performance.stop()
            self._kept.clear()

    def __getitem__(self, number: int) -> Performance:
        found = self._kept.get(number)
        if found is None:
            raise NotFound(f"there is no play {number}; the latest {KEPT} are kept")
        return found

    def __iter__(self) -> Iterator[Performance]:
        """Return the plays that are remembered, newest first."""
        with self._lock:
            return iter(list(reversed(self._kept.values())))

    def _keep(self, text: str, play: Play, *, is_ready: bool) -> Performance:
        with self._lock:
            self._count += 1
            made = self._kept[self._count] = Performance(self._count, text, play, is_ready=is_ready)
            if len(self._kept) > KEPT:  # `AT_ONCE` is less than `KEPT`, so one has ended
                del self._kept[next(number for number, one in self._kept.items() if one.ended.is_set())]
            return made

    def _perform(self, performance: Performance, world: ExitStack) -> None:
        with world:
            performance.perform(self._news)
        self._news.tell()  # the play has ended
