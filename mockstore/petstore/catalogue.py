"""The pets and users that every shop starts with, made from a seed. Pure: the same seed gives the same catalogue."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from mockstore.events.encode import rfc3339
from mockstore.events.ids import uuid7
from mockstore.events.rules import PET_NAMES
from mockstore.model import Json, Payload
from mockstore.petstore.breeds import HABITS, HEALTH_NOTES, KINDS, TRAITS, USERS
from mockstore.world.clock import EPOCH, Chance

SEEDED_PASSWORD = "petstore"  # noqa: S105 - the published password of sample users
"""The password of every seeded user until the user changes it."""

_STATUSES = ("AVAILABLE", "AVAILABLE", "AVAILABLE", "AVAILABLE", "ADOPTED", "ADOPTED", "PENDING", "NOT_AVAILABLE")
"""For each entry there is one pet of each species and size: 144 pets, of which 72 are available and 36 adopted."""
_SHOTS_FROM = 2
"""The age in months from which a seeded pet can be vaccinated."""
_ONE_IN_TEN = 0.1
_OPENED = EPOCH - timedelta(days=360)
"""When the first pet and the first user were added."""


@lru_cache(maxsize=8)
def seeded(seed: int) -> Mapping[str, Mapping[str, Payload]]:
    """Return the documents by kind (`pet`, `user`) and id, oldest first. The result is cached: do not change it."""
    dice = Chance(seed).dice
    pets = {pet["id"]: pet for pet in _pets(dice)}
    users = {user["id"]: user for user in _users(dice)}
    return MappingProxyType({"pet": MappingProxyType(pets), "user": MappingProxyType(users)})


def _pets(dice: random.Random) -> Iterator[dict[str, Json]]:
    wanted = [
        (species, size, status) for status in _STATUSES for species, kind in KINDS.items() for size in kind.breeds
    ]
    dice.shuffle(wanted)
    for number, (species, size, status) in enumerate(wanted):
        yield _pet(species, size, status, _OPENED + timedelta(days=2 * number, hours=number % 9), dice)


def _pet(species: str, size: str, status: str, added: datetime, dice: random.Random) -> dict[str, Json]:
    kind = KINDS[species]
    id_ = uuid7(added, dice)
    special = dice.random() < _ONE_IN_TEN
    age = dice.randint(1, kind.oldest)
    return {
        "id": id_,
        "name": dice.choice(PET_NAMES[species]),
        "species": species,
        "breed": dice.choice(kind.breeds[size]),
        "color": dice.choice(kind.colors),
        "description": f"{dice.choice(TRAITS)}; {dice.choice(HABITS)}.",
        "ageMonths": age,
        "size": size,
        "gender": dice.choice(("MALE", "FEMALE", "FEMALE", "MALE", "UNKNOWN")),
        "goodWithKids": dice.random() < 0.7,  # noqa: PLR2004 - most pets are
        "price": f"{dice.randint(*kind.prices)}.{dice.choice(('00', '00', '50', '99'))}",
        "currency": "USD",
        "status": status,
        "photos": [f"https://images.example.com/pets/{id_}.jpg"],
        "medicalInfo": {
            "spayedNeutered": dice.random() < 0.5,  # noqa: PLR2004 - one in two
            "vaccinated": age >= _SHOTS_FROM and dice.random() >= _ONE_IN_TEN,
            "microchipped": dice.random() < 0.5,  # noqa: PLR2004 - one in two
            "specialNeeds": special,
            "healthNotes": dice.choice(HEALTH_NOTES) if special else "Healthy.",
        },
        "createdAt": rfc3339(added),
        "updatedAt": rfc3339(added),
    }


def _users(dice: random.Random) -> Iterator[dict[str, Json]]:
    for number, (first, last, phone) in enumerate(USERS):
        added = _OPENED + timedelta(days=number)
        name = f"{first}.{last}".lower()
        yield {
            "id": uuid7(added, dice),
            "username": name,
            "email": f"{name}@example.com",
            "firstName": first,
            "lastName": last,
            "phone": phone,
            "preferences": {"newsletter": number % 2 == 0, "notifications": True},
            "createdAt": rfc3339(added),
            "updatedAt": rfc3339(added),
        }
