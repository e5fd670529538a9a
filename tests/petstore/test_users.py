from collections.abc import Callable

import pytest

from mockstore.errors import NotFoundError
from mockstore.model import Json
from mockstore.petstore.catalogue import SEEDED_PASSWORD, seeded
from mockstore.petstore.documents import check
from mockstore.petstore.errors import CredentialsError, ValidationError
from mockstore.petstore.passwords import hashed, matches
from mockstore.petstore.shop import Shop
from mockstore.world.store_memory import MemoryStore

ADA = {"username": "ada", "email": "ada@example.com", "firstName": "Ada", "lastName": "Park", "password": "Secure 123!"}
SEEDED = next(iter(seeded(1)["user"].values()))


def test_a_new_user_can_be_read_without_the_password(shop: Shop) -> None:
    created = shop.users.create({**ADA, "phone": "+442071838750", "preferences": {"newsletter": True}, "role": "admin"})

    assert shop.users.get(created["id"]) == created
    assert check("user", created) == []
    assert not {"password", "role"} & created.keys()
    assert created["preferences"] == {"newsletter": True}


def test_a_password_is_kept_as_a_hash_only(make_shop: Callable[..., Shop]) -> None:
    store = MemoryStore()
    users = make_shop(store=store).users

    one, other = users.create(ADA), users.create({**ADA, "username": "eve"})

    kept = [record for id_ in (one["id"], other["id"]) if (record := store.resource("user", id_))]
    assert "Secure" not in str(kept)
    assert kept[0].hidden["password"] != kept[1].hidden["password"]
    assert all(matches("Secure 123!", record.hidden["password"]) for record in kept)


def test_a_hash_fits_its_own_password_only() -> None:
    assert matches("pässword", hashed("pässword", "salt"))
    assert not matches("Pässword", hashed("pässword", "salt"))


@pytest.mark.parametrize("username", [ADA["username"], SEEDED["username"]], ids=["new", "seeded"])
def test_a_taken_username_is_a_mistake(shop: Shop, username: str) -> None:
    shop.users.create(ADA)

    with pytest.raises(ValidationError) as caught:
        shop.users.create({**ADA, "username": username})

    assert [(mistake.field, mistake.code) for mistake in caught.value.mistakes] == [("username", "taken")]


def test_a_user_can_change_a_part_of_itself_but_not_take_a_name(shop: Shop) -> None:
    user = shop.users.create(ADA)

    changed = shop.users.update(user["id"], {"email": "new@example.com", "username": "ada", "id": "other"})

    assert changed == {**user, "email": "new@example.com"}
    with pytest.raises(ValidationError, match="username is taken"):
        shop.users.update(user["id"], {"username": SEEDED["username"]})


@pytest.mark.parametrize("kind", ["new", "seeded"])
def test_a_removed_user_is_gone_and_its_name_is_free(shop: Shop, kind: str) -> None:
    user = shop.users.create(ADA) if kind == "new" else SEEDED
    password = ADA["password"] if kind == "new" else SEEDED_PASSWORD

    shop.users.remove(user["id"])

    with pytest.raises(NotFoundError):
        shop.users.get(user["id"])
    with pytest.raises(CredentialsError):
        shop.users.authenticate({"username": user["username"], "password": password})
    assert shop.users.create({**ADA, "username": user["username"]})["id"] != user["id"]


def test_a_user_signs_in_with_its_password(shop: Shop) -> None:
    user = shop.users.create(ADA)

    assert shop.users.authenticate({"username": "ada", "password": "Secure 123!"}) == user


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({"username": "ada", "password": "secure 123!"}, id="a wrong password"),
        pytest.param({"username": "bob", "password": "Secure 123!"}, id="an unknown user"),
        pytest.param({"username": "ada", "password": SEEDED_PASSWORD}, id="the password of the catalogue"),
        pytest.param({"username": SEEDED["username"], "password": "pätstore"}, id="a wrong one of the catalogue"),
    ],
)
def test_wrong_credentials_are_refused_alike(shop: Shop, credentials: dict[str, Json]) -> None:
    shop.users.create(ADA)

    with pytest.raises(CredentialsError, match="no user has this username and password"):
        shop.users.authenticate(credentials)


def test_credentials_have_to_be_there(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="username is required; password is required"):
        shop.users.authenticate({})


@pytest.mark.parametrize("kind", ["new", "seeded"])
def test_a_new_password_replaces_the_old_one(shop: Shop, kind: str) -> None:
    user = shop.users.create(ADA) if kind == "new" else SEEDED
    old = ADA["password"] if kind == "new" else SEEDED_PASSWORD

    changed = shop.users.update(user["id"], {"password": "another"})

    assert "password" not in changed
    assert shop.users.authenticate({"username": user["username"], "password": "another"}) == changed
    with pytest.raises(CredentialsError):
        shop.users.authenticate({"username": user["username"], "password": old})


@pytest.mark.parametrize("kind", ["new", "seeded"])
def test_a_change_of_something_else_keeps_the_password(shop: Shop, kind: str) -> None:
    user = shop.users.create(ADA) if kind == "new" else SEEDED
    password = ADA["password"] if kind == "new" else SEEDED_PASSWORD

    shop.users.update(user["id"], {"firstName": "Ida"})

    credentials = {"username": user["username"], "password": password}
    assert shop.users.authenticate(credentials)["firstName"] == "Ida"


@pytest.mark.parametrize("verb", ["get", "remove"])
def test_an_unknown_user_is_not_found(shop: Shop, verb: str) -> None:
    with pytest.raises(NotFoundError, match="no user 'none'"):
        getattr(shop.users, verb)("none")
    with pytest.raises(NotFoundError):
        shop.users.update("none", {})
