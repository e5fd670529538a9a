"""Filters and sorts pets for lists and searches. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from mockstore.model import Json, Payload
from mockstore.petstore.money import amount_of

_BY_AGE = "ageMonths"
_KEYS: Mapping[str, Callable[[Payload], Json]] = MappingProxyType(
    {_BY_AGE: lambda pet: pet[_BY_AGE], "price": lambda pet: amount_of(pet["price"])}
)


def filtered(pets: Iterable[Payload], criteria: Payload) -> list[Payload]:
    """Return the pets that meet all `criteria`, which are those in the body of `QUERY /pets`."""
    tests = list(_tests(criteria))
    return [pet for pet in pets if all(test(pet) for test in tests)]


def ordered(pets: Sequence[Payload], sort: Payload | None) -> list[Payload]:
    """Return the pets sorted by the field and order in `sort` (stable); None keeps their order."""
    if sort is None:
        return list(pets)
    return sorted(pets, key=_KEYS[sort["field"]], reverse=sort.get("order", "ASC") == "DESC")


def criteria_of(filters: Payload) -> dict[str, Json]:
    """Convert the query parameters of `GET /pets` to criteria for `filtered` (contract 2)."""
    ages = {name: filters[key] for name, key in (("min", "ageMin"), ("max", "ageMax")) if key in filters}
    criteria: dict[str, Json] = {name: [filters[name]] for name in ("species", "size") if name in filters}
    criteria |= {"status": [filters.get("status", "AVAILABLE")], "ageRange": ages}
    if "goodWithKids" in filters:
        criteria["compatibility"] = {"goodWithKids": filters["goodWithKids"]}
    return criteria


def _tests(criteria: Payload) -> Iterable[Callable[[Payload], bool]]:
    for name in ("species", "status", "size"):
        if criteria.get(name):
            yield _one_of(name, criteria[name])
    ages = criteria.get("ageRange", {})
    if "min" in ages:
        yield lambda pet: bool(pet[_BY_AGE] >= ages["min"])
    if "max" in ages:
        yield lambda pet: bool(pet[_BY_AGE] <= ages["max"])
    for name, wanted in criteria.get("compatibility", {}).items():
        yield _has_flag(name, wanted)
    for name, wanted in criteria.get("medical", {}).items():
        yield _has_flag(name, wanted, inside="medicalInfo")


def _one_of(name: str, allowed: Sequence[str]) -> Callable[[Payload], bool]:
    return lambda pet: pet.get(name) in allowed


def _has_flag(name: str, wanted: Json, inside: str | None = None) -> Callable[[Payload], bool]:
    """Return a test of a boolean member of a pet (or of its member `inside`); a missing member counts as false."""
    return lambda pet: (pet if inside is None else pet.get(inside, {})).get(name, False) is wanted
