"""Limits of a server: each is answered with a problem document that says what to do."""

import json

import pytest
from flask.testing import FlaskClient

from mockstore.model import Json
from tests.web.conftest import MakeClient, Serve, detail

WEBHOOKS = "/v1/webhooks"
HOOK = {"url": "http://shop.test/hooks", "events": ["*"]}
TENANTS = [f"019b4132-70aa-764f-b315-e2803d882a2{number}" for number in range(4)]


def of(tenant: str) -> dict[str, str]:
    return {"X-Tenant-ID": tenant}


def known_to(client: FlaskClient, tenant: str) -> int:
    """Return how many webhooks the tenant has."""
    return len(client.get(WEBHOOKS, headers=of(tenant)).get_json()["data"])


def test_webhooks_are_limited_for_each_tenant(make_client: MakeClient) -> None:
    client = make_client(webhooks=2)
    for _ in range(2):
        assert client.post(WEBHOOKS, json=HOOK, headers=of(TENANTS[0])).status_code == 201

    refused = client.post(WEBHOOKS, json=HOOK, headers=of(TENANTS[0]))

    assert detail(refused, 409) == (
        "there are 2 webhooks, and no more are allowed: remove one that is no longer needed "
        "(DELETE /v1/webhooks/{id}), or start the server with a higher limit (MOCKSTORE_WEBHOOKS)"
    )
    assert client.post(WEBHOOKS, json=HOOK, headers=of(TENANTS[1])).status_code == 201


def test_who_removes_a_webhook_has_room_for_another(make_client: MakeClient) -> None:
    client = make_client(webhooks=1)
    made = client.post(WEBHOOKS, json=HOOK).get_json()
    assert client.post(WEBHOOKS, json=HOOK).status_code == 409

    client.delete(f"{WEBHOOKS}/{made['id']}")

    assert client.post(WEBHOOKS, json=HOOK).status_code == 201


def test_the_tenant_that_was_silent_longest_makes_room(make_client: MakeClient) -> None:
    client = make_client(tenants=2)
    for tenant in TENANTS[:2]:
        client.post(WEBHOOKS, json=HOOK, headers=of(tenant))
    client.get(WEBHOOKS, headers=of(TENANTS[0]))

    client.post(WEBHOOKS, json=HOOK, headers=of(TENANTS[2]))

    assert known_to(client, TENANTS[0]) == 1
    assert known_to(client, TENANTS[2]) == 1
    assert known_to(client, TENANTS[1]) == 0, "it begins anew"


@pytest.mark.parametrize(("count", "status"), [(90, 200), (200, 431)])
@pytest.mark.parametrize("path", ["/v1/pets", "/_mockstore/health"])
def test_headers_are_counted(client: FlaskClient, path: str, count: int, status: int) -> None:
    answer = client.get(path, headers={f"X-{number}": "1" for number in range(count)})

    assert answer.status_code == status


def test_the_refusal_of_headers_says_how_many_there_were(client: FlaskClient) -> None:
    answer = client.get("/v1/pets", headers={f"X-{number}": "1" for number in range(200)})

    assert detail(answer, 431).endswith(" headers; 100 are allowed")


def test_headers_are_counted_on_a_real_socket_too(serve: Serve) -> None:
    connection = serve().connection
    connection.request("GET", "/v1/pets", headers={f"X-{number}": "1" for number in range(150)})

    answer = connection.getresponse()

    assert (answer.status, answer.headers["Content-Type"]) == (431, "application/problem+json")
    assert json.loads(answer.read())["status"] == 431


@pytest.mark.parametrize(("size", "status"), [(1000, 201), (1001, 413)])
def test_a_body_may_be_as_large_as_the_limit(make_client: MakeClient, size: int, status: int) -> None:
    body = json.dumps(HOOK).encode()

    answer = make_client(body_limit=1000).post(
        WEBHOOKS, data=body.ljust(size), content_type="application/json; charset=utf-8"
    )

    assert answer.status_code == status
    if status == 413:
        assert detail(answer, 413) == "the body is larger than the 1,000 bytes that are allowed"


def nested(levels: int) -> Json:
    """Return a list nested this many levels deep."""
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(("levels", "status"), [(62, 202), (63, 400)])
def test_a_body_may_be_as_deep_as_the_limit(client: FlaskClient, levels: int, status: int) -> None:
    document = {"type": "pet.adopted", "overrides": {"x": nested(levels)}, "invalid": True}

    answer = client.post("/_mockstore/emit", json=document)

    assert answer.status_code == status, answer.text
    if status == 400:
        assert detail(answer, 400) == "the body is nested too deeply: 64 levels are allowed"
