"""Pets over HTTP: filters, pages, searches, photos and ignored members (contract 2)."""

from collections import Counter
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import Client

from mockstore import Inbox, Mockstore

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400", "currency": "USD"}
PICTURE = b"\x89PNG\r\n\x1a\n"


def _all(client: Client, query: str) -> list[dict[str, Any]]:
    pets: list[dict[str, Any]] = client.get(f"/v1/pets?limit=100&{query}").get_json()["data"]
    return pets


def test_a_first_page_has_twenty_available_pets_each_as_it_is_read_alone(client: Client) -> None:
    page = client.get("/v1/pets").get_json()

    assert page["pagination"] == {"page": 1, "limit": 20, "totalItems": 72, "totalPages": 4}
    assert len(page["data"]) == 20
    for pet in page["data"]:
        assert pet["status"] == "AVAILABLE"
        assert client.get(f"/v1/pets/{pet['id']}").get_json() == pet


@pytest.mark.parametrize(
    ("query", "member", "allowed"),
    [
        pytest.param("species=CAT", "species", {"CAT"}, id="species"),
        pytest.param("status=ADOPTED", "status", {"ADOPTED"}, id="status"),
        pytest.param("size=SMALL", "size", {"SMALL"}, id="size"),
        pytest.param("goodWithKids=true", "goodWithKids", {True}, id="children"),
        pytest.param("goodWithKids=false", "goodWithKids", {False}, id="no children"),
        pytest.param("ageMin=10&ageMax=20", "ageMonths", set(range(10, 21)), id="age"),
        pytest.param("color=red&sort=name&x[]=1", "status", {"AVAILABLE"}, id="what is unknown is ignored"),
    ],
)
def test_a_filter_lets_only_those_through(client: Client, query: str, member: str, allowed: set[object]) -> None:
    found = _all(client, query)

    assert found
    assert {pet[member] for pet in found} <= allowed


def test_pages_show_every_pet_once_and_end(client: Client) -> None:
    pages = [client.get(f"/v1/pets?limit=30&page={number}").get_json()["data"] for number in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [30, 30, 12, 0]
    assert max(Counter(pet["id"] for page in pages for pet in page).values()) == 1


def test_every_mistake_in_the_query_is_told_at_once(client: Client) -> None:
    answer = client.get("/v1/pets?species=DRAGON&limit=0&ageMin=x&goodWithKids=maybe")

    assert {mistake["field"] for mistake in answer.get_json()["errors"]} == {
        "species",
        "limit",
        "ageMin",
        "goodWithKids",
    }


@pytest.mark.parametrize(("method", "path"), [("QUERY", "/v1/pets"), ("POST", "/v1/pets/search")])
def test_a_search_sorts_by_number_and_finds_any_status(client: Client, method: str, path: str) -> None:
    body = {"criteria": {"species": ["DOG", "CAT"]}, "sort": {"field": "price", "order": "DESC"}}

    found = client.open(path, method=method, json=body).get_json()["data"]

    prices = [float(pet["price"]) for pet in found]
    assert prices == sorted(prices, reverse=True)
    assert {pet["species"] for pet in found} <= {"DOG", "CAT"}
    assert client.open(path, method=method, json={}).get_json()["pagination"]["totalItems"] == 144


def test_a_new_pet_is_found_where_the_answer_says_with_its_price_as_it_was_sent(client: Client) -> None:
    added = client.post("/v1/pets", json={**PET, "status": "NOT_AVAILABLE", "rank": 1, "id": "mine"})

    pet = client.get(added.headers["Location"]).get_json()
    assert pet == added.get_json()
    assert (pet["price"], pet["status"]) == ("400", "NOT_AVAILABLE")
    assert "rank" not in pet
    assert pet["id"] != "mine"


def test_every_mistake_in_a_body_is_told_with_its_field(client: Client) -> None:
    answer = client.post("/v1/pets", json={"name": "", "species": "DRAGON", "medicalInfo": {"vaccinated": "yes"}})

    mistakes = {mistake["field"]: mistake["code"] for mistake in answer.get_json()["errors"]}
    assert mistakes == {
        "name": "min_length",
        "species": "enum",
        "ageMonths": "required",
        "price": "required",
        "medicalInfo.vaccinated": "type",
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        pytest.param(b'{"name": ', "application/json", 400, id="broken JSON"),
        pytest.param(b"", "application/json", 400, id="nothing"),
        pytest.param(b"name=Rex", "application/x-www-form-urlencoded", 415, id="a form"),
        pytest.param(b"[1]", "application/json", 422, id="a list"),
        pytest.param(b"{}" + b" " * 10_485_760, "application/json", 413, id="too much"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(client: Client, body: bytes, content_type: str, status: int) -> None:
    answer = client.post("/v1/pets", data=body, content_type=content_type)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_part_of_a_pet_will_do_to_change_it_and_a_change_of_status_is_told(
    client: Client, store: Mockstore, inbox: Inbox
) -> None:
    pet = store.pets.add(name="Rex")

    assert client.put(f"/v1/pets/{pet.id}", json={"name": "Tom"}).get_json()["name"] == "Tom"
    assert len(inbox) == 0
    client.put(f"/v1/pets/{pet.id}", json={"status": "ADOPTED"})

    inbox.assert_types(["pet.status_changed", "pet.adopted"])
    assert inbox.one("pet.status_changed").data["petId"] == pet.id


def test_a_removed_pet_is_gone_even_from_the_catalogue(client: Client) -> None:
    pet = client.get("/v1/pets").get_json()["data"][0]

    assert client.delete(f"/v1/pets/{pet['id']}").status_code == 204
    assert client.delete(f"/v1/pets/{pet['id']}").status_code == 404
    assert client.get(f"/v1/pets/{pet['id']}").status_code == 404
    assert pet["id"] not in {one["id"] for one in _all(client, "")}


def test_a_photo_is_found_at_the_url_that_the_pet_has_from_then_on(client: Client, store: Mockstore) -> None:
    pet = store.pets.add()

    added = client.post(
        f"/v1/pets/{pet.id}/images",
        data={"file": (BytesIO(PICTURE), "rex.png", "image/png")},
        base_url="https://shop.test:8443/",
    )
    image = added.get_json()

    assert image["url"] == added.headers["Location"] == client.get(f"/v1/pets/{pet.id}").get_json()["photos"][-1]
    assert image["url"] == f"https://shop.test:8443/v1/pets/{pet.id}/images/{image['id']}"
    assert (image["filename"], image["contentType"], image["size"]) == ("rex.png", "image/png", len(PICTURE))
    seen = client.get(f"/v1/pets/{pet.id}/images/{image['id']}")
    assert (seen.data, seen.mimetype) == (PICTURE, "image/png")


@pytest.mark.parametrize("host", ["ex ample", "a<b>", '"', "x:99999"])
def test_a_host_that_makes_no_sense_does_not_get_into_a_url(client: Client, store: Mockstore, host: str) -> None:
    pet = store.pets.add()

    image = client.post(
        f"/v1/pets/{pet.id}/images", data={"file": (BytesIO(PICTURE), "a.png", "image/png")}, headers={"Host": host}
    ).get_json()

    assert image["url"] == f"/v1/pets/{pet.id}/images/{image['id']}"


def test_the_type_of_a_photo_may_be_left_to_its_name(client: Client, store: Mockstore) -> None:
    form = {"file": (BytesIO(PICTURE), "REX.JPEG", "application/octet-stream")}

    assert client.post(f"/v1/pets/{store.pets.add().id}/images", data=form).get_json()["contentType"] == "image/jpeg"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"file": (BytesIO(b"x"), "rex.txt", "text/plain")}, 422, id="no picture"),
        pytest.param({"file": (BytesIO(b""), "rex.png", "image/png")}, 422, id="empty"),
        pytest.param({"photo": (BytesIO(b"x"), "rex.png", "image/png")}, 422, id="under another name"),
        pytest.param({"file": "not a file", "other": (BytesIO(b"x"), "a.png", "image/png")}, 422, id="no file"),
        pytest.param(b"{}", 415, id="no form"),
    ],
)
def test_what_is_no_photo_is_refused(client: Client, store: Mockstore, form: Any, status: int) -> None:  # noqa: ANN401 - what the client takes
    pet = store.pets.add()

    answer = client.post(f"/v1/pets/{pet.id}/images", data=form)

    assert answer.status_code == status
    assert "photos" not in pet.document


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        pytest.param("", {"AVAILABLE": 72, "PENDING": 18, "ADOPTED": 36, "NOT_AVAILABLE": 18}, id="all"),
        pytest.param("?status=ADOPTED,PENDING", {"ADOPTED": 36, "PENDING": 18}, id="separated by commas"),
        pytest.param("?status=ADOPTED&status=PENDING", {"ADOPTED": 36, "PENDING": 18}, id="said twice"),
    ],
)
def test_the_inventory_counts_pets_by_status(client: Client, query: str, counts: dict[str, int]) -> None:
    assert client.get(f"/v1/inventories{query}").get_json() == counts
