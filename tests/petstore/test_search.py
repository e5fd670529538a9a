from collections.abc import Callable

import pytest

from mockstore.model import Json, Payload
from mockstore.petstore.catalogue import seeded
from mockstore.petstore.documents import check
from mockstore.petstore.errors import ValidationError
from mockstore.petstore.shop import Shop

BUDDY = {"name": "Buddy", "species": "DOG", "ageMonths": 18, "price": "400"}
SEEDED = seeded(1)["pet"]


def test_a_full_first_page_has_twenty_available_pets(shop: Shop) -> None:
    page = shop.pets.find({})

    assert len(page["data"]) == 20
    assert {pet["status"] for pet in page["data"]} == {"AVAILABLE"}
    assert page["pagination"] == {"page": 1, "limit": 20, "totalItems": 72, "totalPages": 4}
    assert all(shop.pets.get(pet["id"]) == pet for pet in page["data"])


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        pytest.param({"species": "CAT"}, lambda pet: pet["species"] == "CAT", id="species"),
        pytest.param({"status": "ADOPTED"}, lambda pet: pet["status"] == "ADOPTED", id="status"),
        pytest.param({"size": "LARGE"}, lambda pet: pet["size"] == "LARGE", id="size"),
        pytest.param({"ageMin": 50}, lambda pet: pet["ageMonths"] >= 50, id="from an age"),
        pytest.param({"ageMax": 50}, lambda pet: pet["ageMonths"] <= 50, id="to an age"),
        pytest.param({"goodWithKids": True}, lambda pet: pet["goodWithKids"] is True, id="children"),
        pytest.param({"goodWithKids": False}, lambda pet: pet["goodWithKids"] is False, id="no children"),
        pytest.param(
            {"species": "DOG", "size": "SMALL", "ageMin": 6},
            lambda pet: (pet["species"], pet["size"]) == ("DOG", "SMALL") and pet["ageMonths"] >= 6,
            id="several",
        ),
    ],
)
def test_a_filter_finds_all_that_fits_and_nothing_else(
    shop: Shop, filters: dict[str, Json], fits: Callable[[Payload], bool]
) -> None:
    status = filters.get("status", "AVAILABLE")
    wanted = [pet for pet in SEEDED.values() if fits(pet) and pet["status"] == status]

    assert 0 < len(wanted) < 144
    assert shop.pets.find({**filters, "limit": 100})["data"] == wanted


@pytest.mark.parametrize(
    ("criteria", "fits"),
    [
        pytest.param({}, lambda _: True, id="nothing asked"),
        pytest.param({"species": []}, lambda _: True, id="an empty list"),
        pytest.param({"species": ["DOG", "CAT"]}, lambda pet: pet["species"] in {"DOG", "CAT"}, id="species"),
        pytest.param({"status": ["PENDING"]}, lambda pet: pet["status"] == "PENDING", id="status"),
        pytest.param({"ageRange": {"min": 6, "max": 36}}, lambda pet: 6 <= pet["ageMonths"] <= 36, id="ages"),
        pytest.param({"compatibility": {"goodWithKids": False}}, lambda pet: not pet["goodWithKids"], id="children"),
        pytest.param(
            {"medical": {"vaccinated": True, "specialNeeds": False}},
            lambda pet: pet["medicalInfo"]["vaccinated"] and not pet["medicalInfo"]["specialNeeds"],
            id="health",
        ),
    ],
)
def test_a_search_finds_all_that_meets_its_criteria(
    shop: Shop, criteria: dict[str, Json], fits: Callable[[Payload], bool]
) -> None:
    wanted = [pet for pet in SEEDED.values() if fits(pet)]

    page = shop.pets.query({"criteria": criteria, "pagination": {"limit": 100}})

    assert page["data"] == wanted[:100]
    assert page["pagination"]["totalItems"] == len(wanted) > 0


def test_what_a_pet_does_not_say_counts_as_no(shop: Shop) -> None:
    added = shop.pets.add({**BUDDY, "ageMonths": 1000})

    page = shop.pets.query({"criteria": {"ageRange": {"min": 1000}, "medical": {"vaccinated": False}}})

    assert page["data"] == [added]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["ageMonths", "price"])
def test_a_search_sorts_numbers_as_numbers(shop: Shop, field: str, order: str) -> None:
    page = shop.pets.query({"sort": {"field": field, "order": order}, "pagination": {"limit": 100}})

    values = [float(pet[field]) for pet in page["data"]]
    assert values == sorted(values, reverse=order == "DESC")


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [
        pytest.param({"page": 1, "limit": 100}, (72, 72, 1), id="all on one page"),
        pytest.param({"page": 4}, (12, 72, 4), id="the last page"),
        pytest.param({"page": 5}, (0, 72, 4), id="past the end"),
        pytest.param({"page": 10**9}, (0, 72, 4), id="far past the end"),
        pytest.param({"limit": 1}, (1, 72, 72), id="one by one"),
        pytest.param({"ageMin": 1000}, (0, 0, 0), id="nothing found"),
    ],
)
def test_pages_are_counted(shop: Shop, wanted: dict[str, Json], sizes: tuple[int, int, int]) -> None:
    page = shop.pets.find(wanted)

    assert check("pet-page", page) == []
    assert (len(page["data"]), page["pagination"]["totalItems"], page["pagination"]["totalPages"]) == sizes


def test_the_pages_of_a_search_hold_each_pet_once(shop: Shop) -> None:
    pages = [shop.pets.query({"pagination": {"page": page, "limit": 50}})["data"] for page in (1, 2, 3)]

    assert [pet["id"] for page in pages for pet in page] == list(SEEDED)


@pytest.mark.parametrize(
    ("filters", "counts"),
    [
        pytest.param({}, {"AVAILABLE": 72, "PENDING": 18, "ADOPTED": 36, "NOT_AVAILABLE": 18}, id="all"),
        pytest.param({"status": ["ADOPTED", "PENDING"]}, {"ADOPTED": 36, "PENDING": 18}, id="some"),
    ],
)
def test_the_inventory_counts_pets_by_status(shop: Shop, filters: dict[str, Json], counts: dict[str, int]) -> None:
    assert shop.pets.inventories(filters) == counts


def test_the_inventory_knows_no_other_status(shop: Shop) -> None:
    with pytest.raises(ValidationError, match=r"status\[1\] must be one of"):
        shop.pets.inventories({"status": ["ADOPTED", "SOLD"]})
