"""In which orders a chain of events can come, and how a bad order is made smaller. Pure: the dice are an argument."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from random import Random
from typing import Final, TypeAlias

Order: TypeAlias = tuple[int, ...]
"""Positions in the causal chain, in the order of arrival; one that is left out does not come."""

SHORT: Final = 5
"""How many events a chain may have to be tried in full: 325 orders."""
SAMPLE: Final = 300
"""How many orders of a longer chain are tried."""


def orders(count: int, dice: Random) -> Iterator[Order]:
    """Yield the orders to try of `count` events, those of few events first; of a long chain a sample.

    A choice of events in their causal order is what the others are compared to, so that it is not among them, but for
    the gaps that it leaves.
    """
    if count <= SHORT:
        for size in range(1, count + 1):
            yield from permutations(range(count), size)
        return
    whole = range(count)
    yield tuple(reversed(whole))
    seen: set[Order] = set()
    for _ in range(SAMPLE):
        order = tuple(dice.sample(whole, dice.randint(2, count)))
        if order not in seen:
            seen.add(order)
            yield order


def shrunk(order: Sequence[int], breaks: Callable[[Order], bool]) -> Order:
    """Return an order that still `breaks`, of which nothing can be left out and no neighbours put right."""
    smallest = tuple(order)
    while (smaller := next((one for one in _smaller(smallest) if breaks(one)), None)) is not None:
        smallest = smaller
    return smallest


def _smaller(order: Order) -> Iterator[Order]:
    if len(order) > 1:
        for place in range(len(order)):
            yield order[:place] + order[place + 1 :]
    for place in range(len(order) - 1):
        if order[place] > order[place + 1]:
            yield (*order[:place], order[place + 1], order[place], *order[place + 2 :])
