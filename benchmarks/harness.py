"""Measures rivals in turn, in rounds, by medians: what weighs on the machine then weighs on all of them alike."""

import gc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import ge, le, lt
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import TypeAlias

Measure: TypeAlias = Callable[[], float]
"""Takes one figure: seconds, or whatever the row's unit is."""

Rival: TypeAlias = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Sets itself up and yields the action that is timed."""

_HOLDS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType({"<": lt, "≤": le, "≥": ge})


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to be: `Goal("≤", 400)`; the signs are <, ≤ and ≥."""

    sign: str
    limit: float

    def is_met_by(self, figure: float) -> bool:
        """Tell whether the figure is good enough."""
        return _HOLDS[self.sign](figure, self.limit)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to do the same, and its figure. `goal` is for the ratio ours / its."""

    name: str
    figure: float
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured. `goal` is for our own figure."""

    what: str
    unit: str
    ours: float
    goal: Goal | None = None
    peers: tuple[Peer, ...] = ()

    @property
    def judgements(self) -> tuple[bool, ...]:
        """Whether each goal of the row is met."""
        own = [self.goal.is_met_by(self.ours)] if self.goal else []
        return (*own, *(peer.goal.is_met_by(self.ours / peer.figure) for peer in self.peers if peer.goal))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, and how they were come by."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


def race(rivals: Mapping[str, Measure], rounds: int) -> dict[str, float]:
    """Return the median of each rival's figures. Each round asks all of them, each time another one first."""
    names = list(rivals)
    found: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(rivals[name]())
    return {name: median(figures) for name, figures in found.items()}


def timed(rival: Rival, times: int) -> Measure:
    """Return a measure of the seconds that one action of a freshly set up rival takes, over `times` of them."""

    def measure() -> float:
        with rival() as action:
            action()
            started = perf_counter()
            for _ in range(times):
                action()
            return (perf_counter() - started) / times

    return measure


def scaled(figures: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return the figures in another unit."""
    return {name: figure * factor for name, figure in figures.items()}


def peers(figures: Mapping[str, float], goals: Mapping[str, Goal] = MappingProxyType({})) -> tuple[Peer, ...]:
    """Return all but our own (`mockstore`) as peers."""
    return tuple(Peer(name, figure, goals.get(name)) for name, figure in figures.items() if name != OURS)


OURS = "mockstore"
"""Our own name among the rivals."""

MICRO = 1e6
MILLI = 1e3
