"""Compares tools: measures them in turn, in rounds, so that other load on the machine affects all alike."""

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
"""Measures once; returns seconds, or a value in the unit of the row."""

Rival: TypeAlias = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Sets up a tool and yields the action to be timed."""

_HOLDS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType({"<": lt, "≤": le, "≥": ge})


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for a figure, such as `Goal("≤", 400)`; the signs are <, ≤ and ≥."""

    sign: str
    limit: float

    def is_met_by(self, figure: float) -> bool:
        """Tell whether `figure` is within the limit."""
        return _HOLDS[self.sign](figure, self.limit)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another tool and its figure. `goal` is for the ratio of our figure to this one."""

    name: str
    figure: float
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `goal` is for our own figure."""

    what: str
    unit: str
    ours: float
    goal: Goal | None = None
    peers: tuple[Peer, ...] = ()

    @property
    def judgements(self) -> tuple[bool, ...]:
        """Whether each goal of the row is met: our own first, then those of the peers."""
        own = [self.goal.is_met_by(self.ours)] if self.goal else []
        return (*own, *(peer.goal.is_met_by(self.ours / peer.figure) for peer in self.peers if peer.goal))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together; `note` says how they were measured."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


def race(rivals: Mapping[str, Measure], rounds: int) -> dict[str, float]:
    """Return the median figure of each rival. Each round measures all of them, starting with another one."""
    names = list(rivals)
    found: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(rivals[name]())
    return {name: median(figures) for name, figures in found.items()}


def timed(rival: Rival, times: int) -> Measure:
    """Return a measure that sets the rival up, runs its action once, and returns the mean seconds of `times` runs."""

    def measure() -> float:
        with rival() as action:
            action()
            started = perf_counter()
            for _ in range(times):
                action()
            return (perf_counter() - started) / times

    return measure


def scaled(figures: Mapping[str, float], factor: float) -> dict[str, float]:
    """Multiply each figure by `factor`, to convert the unit."""
    return {name: figure * factor for name, figure in figures.items()}


def peers(figures: Mapping[str, float], goals: Mapping[str, Goal] = MappingProxyType({})) -> tuple[Peer, ...]:
    """Return the figures as peers, without our own, with the goal for each name."""
    return tuple(Peer(name, figure, goals.get(name)) for name, figure in figures.items() if name != OURS)


OURS = "mockstore"
"""The name of mockstore among the rivals."""

MICRO = 1e6
MILLI = 1e3
