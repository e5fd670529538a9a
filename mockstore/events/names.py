"""Names of people, drawn from Faker's tables with Faker's frequencies. Faker is imported at first use."""

import random
from bisect import bisect
from collections.abc import Mapping
from functools import cache
from itertools import accumulate

from msgspec import Struct


class WeightedNames(Struct, frozen=True):
    """Names with their frequencies."""

    names: tuple[str, ...]
    sums: tuple[float, ...]
    """Cumulative frequencies, one for each name."""

    def draw(self, dice: random.Random) -> str:
        """Return one of the names, each as likely as its frequency says."""
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
