from collections import Counter
from collections.abc import Callable

import pytest

from mockstore.petstore.catalogue import SEEDED_PASSWORD, seeded
from mockstore.petstore.documents import check
from mockstore.petstore.shop import Shop

SEEDS = [0, 1, 42, 2**64]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_catalogue_is_as_large_and_as_mixed_as_the_contract_asks(seed: int) -> None:
    pets = seeded(seed)["pet"].values()
    of_status = Counter(pet["status"] for pet in pets)

    assert len(pets) >= 100
    assert of_status["AVAILABLE"] >= 20
    assert of_status["ADOPTED"] >= 20
    assert len({(pet["species"], pet["size"], pet["status"]) for pet in pets}) == 6 * 3 * 4
    assert len(seeded(seed)["user"]) >= 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["pet", "user"])
def test_every_document_of_the_catalogue_fits_its_schema(kind: str, seed: int) -> None:
    documents = seeded(seed)[kind].items()

    assert [(id_, check(kind, document)) for id_, document in documents if check(kind, document)] == []
    assert all(document["id"] == id_ and id_[14] == "7" for id_, document in documents)


def test_the_same_seed_makes_the_same_catalogue_and_another_seed_another() -> None:
    first = {kind: dict(documents) for kind, documents in seeded(7).items()}
    seeded.cache_clear()

    assert {kind: dict(documents) for kind, documents in seeded(7).items()} == first
    assert not seeded(7)["pet"].keys() & seeded(8)["pet"].keys()


def test_pets_come_oldest_first() -> None:
    added = [pet["createdAt"] for pet in seeded(1)["pet"].values()]

    assert added == sorted(added)


def test_all_shops_of_a_seed_share_one_catalogue(make_shop: Callable[..., Shop]) -> None:
    assert seeded(1) is seeded(1)

    pet_id = next(iter(seeded(1)["pet"]))
    read = make_shop().pets.get(pet_id)
    read["medicalInfo"]["vaccinated"] = "spoilt"

    assert make_shop().pets.get(pet_id)["medicalInfo"]["vaccinated"] != "spoilt"


def test_the_users_of_the_catalogue_can_sign_in(shop: Shop) -> None:
    for user in seeded(1)["user"].values():
        signed_in = shop.users.authenticate({"username": user["username"], "password": SEEDED_PASSWORD})
        assert signed_in == user
