"""Users and tokens over HTTP: no response has a password, and strict mode needs a token (contract 2)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import jwt
import pytest
from werkzeug.test import Client

from mockstore.petstore.catalogue import SEEDED_PASSWORD
from mockstore.settings import Settings

USER = {"username": "bob", "email": "bob@example.com", "password": "secret-1", "firstName": "Bob", "lastName": "Lee"}
SEEDED = {"username": "ada.park", "password": SEEDED_PASSWORD}
EVERYBODY: Mapping[str, str] = MappingProxyType({})
ASKED = {"messages": [{"role": "USER", "content": "hello"}], "stream": False}
TENANTS = ("019b4132-70aa-764f-b315-e2803d882a24", "019b4132-70aa-764f-b315-e2803d882a25")


@pytest.fixture
def strict(serve: Callable[..., Client]) -> Client:
    """A client of a server in strict mode with a virtual clock."""
    return serve(Settings(auth="strict", clock="virtual"))


def _bearer(
    client: Client, credentials: Mapping[str, str] = SEEDED, tenant: Mapping[str, str] = EVERYBODY
) -> dict[str, str]:
    token = client.post("/v1/auth/tokens", json=credentials, headers=dict(tenant)).get_json()["token"]
    return {"Authorization": f"Bearer {token}", **tenant}


def test_no_answer_shows_a_password(client: Client) -> None:
    made = client.post("/v1/users", json=USER)
    where = made.headers["Location"]
    changed = client.put(where, json={"password": "secret-2", "firstName": "Eve"})
    signed_in = client.post("/v1/auth/tokens", json={"username": "bob", "password": "secret-2"})

    assert changed.get_json()["firstName"] == "Eve"
    assert signed_in.status_code == 200
    for answer in (made, changed, client.get(where), signed_in):
        assert "secret" not in answer.text
        assert "password" not in answer.text


def test_a_taken_name_is_a_mistake_in_that_field(client: Client) -> None:
    client.post("/v1/users", json=USER)

    assert client.post("/v1/users", json=USER).get_json()["errors"] == [
        {"field": "username", "message": "is taken; choose another", "code": "taken"}
    ]


def test_who_has_left_is_gone_and_cannot_sign_in(client: Client) -> None:
    where = client.post("/v1/users", json=USER).headers["Location"]

    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.post("/v1/auth/tokens", json={"username": "bob", "password": "secret-1"}).status_code == 401


def test_a_token_is_a_jwt_that_names_its_user_and_its_end(client: Client) -> None:
    answer = client.post("/v1/auth/tokens", json=SEEDED).get_json()

    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert jwt.get_unverified_header(answer["token"])["alg"] == "HS256"
    assert claims["sub"] == answer["user"]["id"]
    assert (claims["exp"] - claims["iat"], answer["expiresIn"]) == (3600, 3600)
    assert datetime.fromisoformat(answer["expiresAt"]).timestamp() == claims["exp"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "any"])
def test_without_a_bearer_token_a_protected_call_is_401(anonymous: Client, authorization: str) -> None:
    answer = anonymous.post("/v1/pets", json={}, headers={"Authorization": authorization})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("authorization", ["Bearer x", "bearer x", "Bearer  a.b.c"])
def test_any_bearer_token_will_do_where_nobody_is_strict(anonymous: Client, authorization: str) -> None:
    assert anonymous.post("/v1/pets", json={}, headers={"Authorization": authorization}).status_code == 422


CALLS = {
    "POST /pets": 422,
    "POST /orders": 422,
    "GET /inventories": 200,
    "GET /users/nobody": 404,
    "GET /orders/nobody": 404,
    "GET /webhooks": 200,
    "POST /chat/completions": 422,
}
"""Calls that need a token in strict mode, and their status with a valid token."""


@pytest.mark.parametrize(("call", "status"), CALLS.items(), ids=CALLS)
def test_in_strict_mode_such_a_call_needs_a_token_that_was_issued(strict: Client, call: str, status: int) -> None:
    method, path = call.split(" ")
    body: dict[str, str] | None = {} if method == "POST" else None
    headers = _bearer(strict)

    assert strict.open(f"/v1{path}", method=method, json=body).status_code == 401
    wrong = strict.open(f"/v1{path}", method=method, json=body, headers={"Authorization": "Bearer any"})
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == "Bearer error=invalid_token"
    assert strict.open(f"/v1{path}", method=method, json=body, headers=headers).status_code == status


@pytest.mark.parametrize("call", ["GET /pets", "QUERY /pets", "POST /pets/search", "POST /users", "POST /orders/x"])
def test_in_strict_mode_what_is_free_stays_free(strict: Client, call: str) -> None:
    method, path = call.split(" ")

    answer = strict.open(f"/v1{path}", method=method, json=None if method == "GET" else {})

    assert answer.status_code in (200, 404, 422)


def test_a_token_expires_by_the_clock_of_the_mock(strict: Client) -> None:
    headers = _bearer(strict)

    strict.post("/_mockstore/clock/advance", json={"seconds": 3599})
    assert strict.get("/v1/inventories", headers=headers).status_code == 200
    strict.post("/_mockstore/clock/advance", json={"seconds": 1})
    late = strict.get("/v1/inventories", headers=headers)

    assert late.status_code == 401
    assert "has expired" in late.get_json()["detail"]


def test_a_token_ends_with_its_user(strict: Client) -> None:
    where = strict.post("/v1/users", json=USER).headers["Location"]
    headers = _bearer(strict, {"username": "bob", "password": "secret-1"})

    assert strict.delete(where, headers=headers).status_code == 204
    assert strict.get("/v1/inventories", headers=headers).status_code == 401


def test_the_token_of_one_tenant_is_none_of_another(strict: Client) -> None:
    one, other = ({"X-Tenant-ID": tenant} for tenant in TENANTS)
    headers = _bearer(strict, SEEDED, one)

    assert strict.get("/v1/inventories", headers=headers).status_code == 200
    assert strict.get("/v1/inventories", headers={**headers, **other}).status_code == 401


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda claims: jwt.encode(claims, "", algorithm="none"), id="no signature"),
        pytest.param(lambda claims: jwt.encode(claims, "k" * 32, algorithm="HS256"), id="another key"),
        pytest.param(lambda _: jwt.encode({}, "k" * 32, algorithm="HS256"), id="no claims"),
        pytest.param(lambda _: "a.b.c", id="no JWT"),
        pytest.param(lambda _: "\xff\x00", id="no text"),
    ],
)
def test_a_forged_token_is_refused(strict: Client, forge: Callable[[dict[str, object]], str]) -> None:
    genuine = strict.post("/v1/auth/tokens", json=SEEDED).get_json()["token"]
    forged = forge(jwt.decode(genuine, options={"verify_signature": False}))

    answer = strict.get("/v1/inventories", headers={"Authorization": f"Bearer {forged}"})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_call_with_a_token_answers_in_strict_mode_as_it_does_else(strict: Client) -> None:
    assert strict.post("/v1/chat/completions", json=ASKED, headers=_bearer(strict)).status_code == 201
