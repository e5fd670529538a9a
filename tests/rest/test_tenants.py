"""`X-Tenant-ID` separates all data, and each tenant has its own rate limit (contract 2)."""

from collections.abc import Callable

import pytest
from werkzeug.test import Client

from mockstore.settings import Settings

ONE, OTHER = ({"X-Tenant-ID": f"019b4132-70aa-764f-b315-e2803d882a2{last}"} for last in (4, 5))
PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400"}
TOKEN = {"Authorization": "Bearer any"}


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    return serve(Settings(clock="virtual"))


def test_a_tenant_sees_its_own_pets_and_the_catalogue(client: Client) -> None:
    added = client.post("/v1/pets", json=PET, headers=ONE | TOKEN)

    where = added.headers["Location"]
    assert added.get_json()["tenantId"] == ONE["X-Tenant-ID"]
    assert client.get(where, headers=ONE).status_code == 200
    assert client.get(where, headers=OTHER).status_code == 404
    assert client.get(where).status_code == 404
    assert client.get("/v1/pets", headers=ONE).get_json()["pagination"]["totalItems"] == 73
    assert client.get("/v1/pets", headers=OTHER).get_json() == client.get("/v1/pets").get_json()


def test_what_one_tenant_takes_away_the_others_keep(client: Client) -> None:
    pet = client.get("/v1/pets").get_json()["data"][0]

    client.delete(f"/v1/pets/{pet['id']}", headers=ONE | TOKEN)

    assert client.get(f"/v1/pets/{pet['id']}", headers=ONE).status_code == 404
    assert client.get(f"/v1/pets/{pet['id']}", headers=OTHER).get_json() == pet


def test_events_and_webhooks_stay_with_their_tenant(client: Client) -> None:
    client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["*"]}, headers=ONE | TOKEN)
    pet = client.get("/v1/pets").get_json()["data"][0]

    client.post("/v1/orders", json={"petId": pet["id"], "userId": pet["id"]}, headers=ONE)

    types = [event["type"] for event in client.get("/_mockstore/events", headers=ONE).get_json()["data"]]
    assert types == ["order.created", "pet.status_changed"]
    assert client.get("/_mockstore/events", headers=OTHER).get_json()["data"] == []
    assert client.get("/v1/webhooks", headers=OTHER | TOKEN).get_json()["data"] == []


def test_a_pet_of_the_pool_that_all_share_names_no_tenant(client: Client) -> None:
    assert "tenantId" not in client.post("/v1/pets", json=PET, headers=TOKEN).get_json()


def test_a_tenant_that_is_no_uuid_is_a_problem(client: Client) -> None:
    answer = client.get("/v1/pets", headers={"X-Tenant-ID": "me"})

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.headers["RateLimit-Limit"]


def test_no_limit_is_told_as_one_that_nobody_reaches(client: Client) -> None:
    for _ in range(3):
        assert int(client.get("/v1/pets/x").headers["RateLimit-Remaining"]) > 1000


def test_a_limit_counts_down_refuses_and_grants_anew_when_the_clock_says_so(serve: Callable[..., Client]) -> None:
    client = serve(Settings(rate_limit=2, clock="virtual"))

    left = [client.get("/v1/inventories").headers["RateLimit-Remaining"] for _ in range(2)]
    refused = client.get("/v1/inventories")
    client.post("/_mockstore/clock/advance", json={"seconds": int(refused.headers["Retry-After"])})

    assert left == ["1", "0"]
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.get_json()["type"] == "https://petstoreapi.com/errors/rate-limit-exceeded"
    assert client.get("/v1/inventories").status_code == 200


def test_every_tenant_has_its_own_limit_and_the_control_routes_have_none(serve: Callable[..., Client]) -> None:
    client = serve(Settings(rate_limit=1, clock="virtual"))

    assert [client.get("/v1/inventories", headers=one).status_code for one in (ONE, OTHER, ONE)] == [200, 200, 429]
    assert [client.get("/_mockstore/clock", headers=ONE).status_code for _ in range(3)] == [200, 200, 200]


def test_a_reset_grants_the_whole_limit_anew(serve: Callable[..., Client]) -> None:
    client = serve(Settings(rate_limit=1, clock="virtual"))
    spent = [client.get("/v1/inventories", headers=ONE).status_code for _ in range(2)]

    client.post("/_mockstore/reset", headers=ONE)

    assert spent == [200, 429]
    assert client.get("/v1/inventories", headers=ONE).status_code == 200


def test_a_tenant_has_one_limit_however_its_id_is_written(serve: Callable[..., Client]) -> None:
    client = serve(Settings(rate_limit=1, clock="virtual"))
    shouted = {name: value.upper() for name, value in ONE.items()}

    counted = [client.get("/v1/inventories", headers=one).status_code for one in (ONE, shouted)]
    client.post("/_mockstore/reset", headers=shouted)
    after_reset = client.get("/v1/inventories", headers=ONE).status_code
    client.delete("/_mockstore/tenant", headers=shouted)

    assert counted == [200, 429]
    assert after_reset == 200
    assert client.get("/v1/inventories", headers=ONE).status_code == 200
