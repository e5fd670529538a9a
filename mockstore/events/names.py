"""Names of people, from Faker's tables and as frequent as there. Imported and read at first use only."""

import random
from bisect import bisect
from collections.abc import Mapping
from functools import cache
from itertools import accumulate

from msgspec import Struct


class WeightedNames(Struct, frozen=True):
    """Names and how often each occurs, as running sums."""

    names: tuple[str, ...]
    sums: tuple[float, ...]

    def draw(self, dice: random.Random) -> str:
        """Return one of the names."""
        return self.names[bisect(self.sums, dice.random() * self.sums[-1], hi=len(self.names) - 1)]


@cache
def first_names() -> WeightedNames:
    """Return the given names."""
    from faker.providers.person.en_US import Provider  # noqa: PLC0415 - loading Faker takes a tenth of a second

    return _weighted(Provider.first_names)


@cache
def last_names() -> WeightedNames:
    """Return the family names."""
    from faker.providers.person.en_US import Provider  # noqa: PLC0415 - loading Faker takes a tenth of a second

    return _weighted(Provider.last_names)


def _weighted(table: Mapping[str, float]) -> WeightedNames:
    return WeightedNames(names=tuple(table), sums=tuple(accumulate(table.values())))
