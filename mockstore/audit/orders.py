"""Generates the orders in which a chain of events can arrive, and shrinks an order. Pure: the dice are an argument."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from random import Random
from typing import Final, TypeAlias

Order: TypeAlias = tuple[int, ...]
"""Positions in the chain, in order of arrival; an event whose position is missing does not arrive."""

SHORT: Final = 5
"""The longest chain of which every order is tried: 325 orders."""
SAMPLE: Final = 300
"""How many random orders of a longer chain are drawn."""


def orders(count: int, dice: Random) -> Iterator[Order]:
    """Yield the orders to try of a chain of `count` events.

    Up to `SHORT` events, these are the permutations of every subset, small ones first; beyond that, the reversed chain
    and a random sample without duplicates.
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
    """Return a smaller order that still `breaks`: drop events and swap neighbours into causal order while it does."""
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
