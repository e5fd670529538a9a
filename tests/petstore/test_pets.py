from collections.abc import Callable

import pytest

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.catalogue import seeded
from mockstore.petstore.documents import check
from mockstore.petstore.errors import ValidationError
from mockstore.petstore.images import Upload
from mockstore.petstore.shop import Shop
from mockstore.world.store_memory import MemoryStore

BUDDY = {"name": "Buddy", "species": "DOG", "ageMonths": 18, "price": "400"}
SEEDED = seeded(1)["pet"]
FIRST = next(iter(SEEDED))
TENANT = "019b4132-0000-7000-8000-000000000001"
ADA = "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f1"
PICTURE = Upload(b"\x89PNG\r\n", "image/png", "buddy.png")


def test_a_new_pet_can_be_read_as_it_was_sent(shop: Shop, announced: list[tuple[str, Payload]]) -> None:
    added = shop.pets.add({**BUDDY, "status": "PENDING", "currency": "EUR", "breed": "Beagle"})

    assert shop.pets.get(added["id"]) == added
    assert added | {"price": "400", "status": "PENDING", "currency": "EUR", "breed": "Beagle"} == added
    assert check("pet", added) == []
    assert announced == []


def test_a_new_pet_is_available_and_costs_dollars_unless_said_otherwise(shop: Shop) -> None:
    added = shop.pets.add(BUDDY)

    assert (added["status"], added["currency"]) == ("AVAILABLE", "USD")
    assert "tenantId" not in added


def test_a_pet_of_a_tenant_says_so(make_shop: Callable[..., Shop]) -> None:
    assert make_shop(tenant=TENANT).pets.add(BUDDY)["tenantId"] == TENANT


def test_a_bad_pet_is_not_added(shop: Shop) -> None:
    before = shop.pets.inventories({})

    with pytest.raises(ValidationError):
        shop.pets.add({**BUDDY, "price": 400})

    assert shop.pets.inventories({}) == before


def test_what_is_sent_is_not_shared_with_what_is_kept(shop: Shop) -> None:
    sent = {**BUDDY, "photos": ["a.jpg"]}
    added = shop.pets.add(sent)

    sent["photos"].append("b.jpg")  # type: ignore[attr-defined]
    added["photos"].append("c.jpg")

    assert shop.pets.get(added["id"])["photos"] == ["a.jpg"]


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda shop: shop.pets.get("nobody"), id="get"),
        pytest.param(lambda shop: shop.pets.update("nobody", {}), id="update"),
        pytest.param(lambda shop: shop.pets.remove("nobody"), id="remove"),
        pytest.param(lambda shop: shop.pets.adopt("nobody"), id="adopt"),
        pytest.param(lambda shop: shop.pets.add_image("nobody", PICTURE), id="add_image"),
        pytest.param(lambda shop: shop.pets.image("nobody", "none"), id="image"),
        pytest.param(lambda shop: shop.pets.image(FIRST, "none"), id="image of a pet"),
    ],
)
def test_an_unknown_pet_is_not_found(shop: Shop, verb: Callable[[Shop], object]) -> None:
    with pytest.raises(NotFoundError):
        verb(shop)


@pytest.mark.parametrize("kind", ["seeded", "added"])
def test_a_removed_pet_is_gone_everywhere(shop: Shop, kind: str) -> None:
    pet_id = FIRST if kind == "seeded" else shop.pets.add(BUDDY)["id"]
    count = sum(shop.pets.inventories({}).values())

    shop.pets.remove(pet_id)

    assert sum(shop.pets.inventories({}).values()) == count - 1
    for verb in (shop.pets.get, shop.pets.remove):
        with pytest.raises(NotFoundError):
            verb(pet_id)


def test_a_change_takes_a_part_of_a_pet_and_keeps_the_rest(shop: Shop, announced: list[tuple[str, Payload]]) -> None:
    changed = shop.pets.update(FIRST, {"price": "1.50", "id": "other", "createdAt": "never"})

    assert changed == {**SEEDED[FIRST], "price": "1.50", "updatedAt": "2025-01-06T12:00:00Z"}
    assert shop.pets.get(FIRST) == changed
    assert announced == []


def test_a_changed_pet_keeps_its_place_in_the_list(shop: Shop) -> None:
    before = [pet["id"] for pet in shop.pets.find({})["data"]]

    shop.pets.update(before[3], {"price": "1.50"})

    assert [pet["id"] for pet in shop.pets.find({})["data"]] == before


@pytest.mark.parametrize(
    ("step", "types"),
    [
        pytest.param(("AVAILABLE", "AVAILABLE"), [], id="no change"),
        pytest.param(("AVAILABLE", "NOT_AVAILABLE"), ["pet.status_changed"], id="taken back"),
        pytest.param(("PENDING", "ADOPTED"), ["pet.status_changed", "pet.adopted"], id="adopted"),
        pytest.param(("ADOPTED", "AVAILABLE"), ["pet.status_changed"], id="returned"),
    ],
)
def test_a_change_of_status_is_told(
    shop: Shop,
    pet_in: Callable[[str], str],
    announced: list[tuple[str, Payload]],
    step: tuple[str, str],
    types: list[str],
) -> None:
    old, new = step
    pet_id = pet_in(old)

    shop.pets.update(pet_id, {"status": new})

    assert [event_type for event_type, _ in announced] == types
    for _, data in announced[:1]:
        assert data == {"petId": pet_id, "oldStatus": old, "newStatus": new, "reason": "Changed by staff"}


@pytest.mark.parametrize("new", ["AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE"])
@pytest.mark.parametrize("old", ["AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE"])
def test_staff_may_give_a_pet_any_status(shop: Shop, pet_in: Callable[[str], str], old: str, new: str) -> None:
    assert shop.pets.update(pet_in(old), {"status": new})["status"] == new


def test_a_bad_change_changes_nothing(
    shop: Shop, pet_in: Callable[[str], str], announced: list[tuple[str, Payload]]
) -> None:
    pet_id = pet_in("ADOPTED")

    with pytest.raises(ValidationError):
        shop.pets.update(pet_id, {"status": "SOLD", "name": "Other"})

    assert (shop.pets.get(pet_id)["name"], announced) == ("Rex", [])


@pytest.mark.parametrize(
    ("by", "adopter"),
    [
        pytest.param(
            ADA,
            {"id": ADA, "name": "Customer a3b5c8d7e2f1", "email": "customer-a3b5c8d7e2f1@example.com"},
            id="an unknown user",
        ),
        pytest.param(
            {"id": ADA, "name": "Ada Park"},
            {"id": ADA, "name": "Ada Park", "email": "customer-a3b5c8d7e2f1@example.com"},
            id="with a name",
        ),
        pytest.param(
            {"id": ADA, "name": "Ada Park", "email": "ada@example.com"},
            {"id": ADA, "name": "Ada Park", "email": "ada@example.com"},
            id="in full",
        ),
    ],
)
def test_an_adopted_pet_says_by_whom(
    shop: Shop, announced: list[tuple[str, Payload]], by: str | dict[str, Json], adopter: dict[str, Json]
) -> None:
    pet_id = shop.pets.add(BUDDY)["id"]

    pet = shop.pets.adopt(pet_id, by=by)

    assert pet["status"] == "ADOPTED"
    assert dict(announced)["pet.adopted"] == {
        "pet": {"id": pet_id, "name": "Buddy", "species": "DOG", "status": "ADOPTED"},
        "adopter": adopter,
        "adoptionDate": "2025-01-06",
    }


def test_a_known_user_adopts_under_its_name(shop: Shop, announced: list[tuple[str, Payload]]) -> None:
    user = next(iter(seeded(1)["user"].values()))

    shop.pets.adopt(shop.pets.add(BUDDY)["id"], by=user["id"])

    name = f"{user['firstName']} {user['lastName']}"
    assert dict(announced)["pet.adopted"]["adopter"] == {"id": user["id"], "name": name, "email": user["email"]}


def test_somebody_adopts_when_nobody_is_named(shop: Shop, announced: list[tuple[str, Payload]]) -> None:
    shop.pets.adopt(shop.pets.add(BUDDY)["id"])

    assert dict(announced)["pet.adopted"]["adopter"]["email"].endswith("@example.com")


@pytest.mark.parametrize("by", ["me", {"email": "me"}, {"name": ""}], ids=["id", "email", "name"])
def test_a_bad_adopter_leaves_the_pet_where_it_is(shop: Shop, by: str | dict[str, Json]) -> None:
    pet_id = shop.pets.add(BUDDY)["id"]

    with pytest.raises(ValidationError):
        shop.pets.adopt(pet_id, by=by)

    assert shop.pets.get(pet_id)["status"] == "AVAILABLE"


def test_staff_who_mark_an_ordered_pet_adopted_give_it_to_who_ordered_it(
    shop: Shop, announced: list[tuple[str, Payload]]
) -> None:
    pet_id = shop.pets.add(BUDDY)["id"]
    shop.orders.place({"petId": pet_id, "userId": ADA})

    shop.pets.update(pet_id, {"status": "ADOPTED"})

    assert dict(announced)["pet.adopted"]["adopter"]["id"] == ADA


def test_an_image_joins_the_photos_of_its_pet_and_can_be_had_again(shop: Shop) -> None:
    image = shop.pets.add_image(FIRST, PICTURE)

    assert check("image", image) == []
    assert image["url"] == f"/v1/pets/{FIRST}/images/{image['id']}"
    assert shop.pets.get(FIRST)["photos"] == [*SEEDED[FIRST]["photos"], image["url"]]
    assert shop.pets.image(FIRST, image["id"]) == PICTURE


def test_an_image_is_found_at_its_own_pet_only(shop: Shop) -> None:
    image = shop.pets.add_image(FIRST, PICTURE)

    with pytest.raises(NotFoundError):
        shop.pets.image(shop.pets.add(BUDDY)["id"], image["id"])


def test_an_image_that_is_none_is_refused_with_all_its_mistakes(shop: Shop) -> None:
    with pytest.raises(ValidationError) as caught:
        shop.pets.add_image(FIRST, Upload(b"", "text/html"))

    assert [(mistake.field, mistake.code) for mistake in caught.value.mistakes] == [
        ("file", "min_length"),
        ("file", "media_type"),
    ]
    assert shop.pets.get(FIRST) == SEEDED[FIRST]


def test_two_shops_with_stores_of_their_own_do_not_see_each_other(make_shop: Callable[..., Shop]) -> None:
    one, other = make_shop(tenant=TENANT), make_shop()
    added = one.pets.add(BUDDY)
    one.pets.remove(FIRST)

    assert other.pets.get(FIRST) == SEEDED[FIRST]
    with pytest.raises(NotFoundError):
        other.pets.get(added["id"])


def test_a_shop_keeps_nothing_of_its_own(make_shop: Callable[..., Shop]) -> None:
    store = MemoryStore()
    added = make_shop(store=store).pets.add(BUDDY)

    assert make_shop(store=store).pets.get(added["id"]) == added


def test_the_same_seed_gives_the_same_ids(make_shop: Callable[..., Shop]) -> None:
    assert make_shop(seed=3).pets.add(BUDDY) == make_shop(seed=3).pets.add(BUDDY)
    assert make_shop(seed=3).pets.add(BUDDY)["id"] != make_shop(seed=4).pets.add(BUDDY)["id"]
