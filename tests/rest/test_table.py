"""Every row of the table in section 2 of the contract: the request, and the status and headers of the response."""

from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.routing import Map
from werkzeug.test import Client

from mockstore.petstore.documents import check
from mockstore.petstore.need import Auth
from mockstore.petstore.operation import Operation
from mockstore.petstore.operations import OPERATIONS, match
from mockstore.web.app import routed_app
from mockstore.web.auth import NEEDS

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400", "currency": "USD", "status": "AVAILABLE"}
USER = {"username": "bob", "email": "bob@example.com", "password": "secret-1", "firstName": "Bob", "lastName": "Lee"}
CARD = {"object": "card", "name": "A", "number": "4242424242424242", "cvc": "123", "expMonth": 1, "expYear": 2030}
ASKED = {"messages": [{"role": "USER", "content": "a small dog"}]}
QUERY = {"criteria": {"species": ["DOG"]}, "sort": {"field": "price"}, "pagination": {"limit": 2}}
CALL = {"callbackUrl": "http://127.0.0.1:9/done"}


@dataclass(frozen=True)
class Row:
    """A call and its expected response; `{name}` stands for an id of the fixture `ids`."""

    call: str
    status: int
    body: Any = None
    location: str | None = None
    bearer: bool = True


ROWS = {
    "list": Row("GET /pets", 200),
    "list with an unknown parameter": Row("GET /pets?color=red&page=1", 200),
    "list, bad enum": Row("GET /pets?species=DRAGON", 422),
    "list, bad page": Row("GET /pets?page=0", 422),
    "list, limit too great": Row("GET /pets?limit=101", 422),
    "list, not a number": Row("GET /pets?ageMin=old", 422),
    "list without a token": Row("GET /pets", 200, bearer=False),
    "add": Row("POST /pets", 201, PET, "/v1/pets/"),
    "add without a token": Row("POST /pets", 401, PET, bearer=False),
    "add a bad one": Row("POST /pets", 422, {}),
    "query": Row("QUERY /pets", 200, QUERY, bearer=False),
    "query, bad": Row("QUERY /pets", 422, {"sort": {"field": "name"}}),
    "search": Row("POST /pets/search", 200, QUERY, bearer=False),
    "search, bad": Row("POST /pets/search", 422, {"criteria": {"size": ["HUGE"]}}),
    "read": Row("GET /pets/{pet}", 200, bearer=False),
    "read, unknown": Row("GET /pets/{nobody}", 404),
    "read, no id at all": Row("GET /pets/Rex", 404),
    "change": Row("PUT /pets/{pet}", 200, {"name": "Tom"}),
    "change without a token": Row("PUT /pets/{pet}", 401, {"name": "Tom"}, bearer=False),
    "change, unknown": Row("PUT /pets/{nobody}", 404, {"name": "Tom"}),
    "change, bad": Row("PUT /pets/{pet}", 422, {"name": ""}),
    "change an adopted one": Row("PUT /pets/{adopted}", 200, {"status": "PENDING"}),
    "remove": Row("DELETE /pets/{pet}", 204),
    "remove without a token": Row("DELETE /pets/{pet}", 401, bearer=False),
    "remove, unknown": Row("DELETE /pets/{nobody}", 404),
    "read an image": Row("GET /pets/{pet}/images/{image}", 200, bearer=False),
    "read an unknown image": Row("GET /pets/{pet}/images/{nobody}", 404),
    "read another pet's image": Row("GET /pets/{adopted}/images/{image}", 404),
    "place": Row("POST /orders", 201, {"petId": "{pet}", "userId": "{user}"}, "/v1/orders/"),
    "place without a token": Row("POST /orders", 201, {"petId": "{pet}", "userId": "{user}"}, bearer=False),
    "place, unknown pet": Row("POST /orders", 404, {"petId": "{nobody}", "userId": "{user}"}),
    "place, adopted pet": Row("POST /orders", 409, {"petId": "{adopted}", "userId": "{user}"}),
    "place, bad": Row("POST /orders", 422, {"petId": "Rex"}),
    "read an order": Row("GET /orders/{order}", 200, bearer=False),
    "read an unknown order": Row("GET /orders/{nobody}", 404),
    "cancel": Row("DELETE /orders/{order}", 204, bearer=False),
    "cancel too late": Row("DELETE /orders/{shipped}", 409),
    "cancel, unknown": Row("DELETE /orders/{nobody}", 404),
    "process": Row("POST /orders/{order}", 201, CALL, bearer=False),
    "process, unknown": Row("POST /orders/{nobody}", 404, CALL),
    "process without a callback": Row("POST /orders/{order}", 422, {"amount": "1.00"}),
    "pay": Row("POST /orders/{order}/payment", 201, {"source": CARD}, bearer=False),
    "pay with a bad card": Row("POST /orders/{order}/payment", 201, {"source": {**CARD, "number": "4000000000000002"}}),
    "pay, unknown": Row("POST /orders/{nobody}/payment", 404, {"source": CARD}),
    "pay without a source": Row("POST /orders/{order}/payment", 422, {}),
    "pay too late": Row("POST /orders/{shipped}/payment", 409, {"source": CARD}),
    "inventories": Row("GET /inventories", 200, bearer=False),
    "some inventories": Row("GET /inventories?status=AVAILABLE,PENDING", 200),
    "inventories, bad": Row("GET /inventories?status=LOST", 422),
    "register": Row("POST /users", 201, USER, "/v1/users/", bearer=False),
    "register, taken": Row("POST /users", 422, {**USER, "username": "ada"}),
    "register, bad": Row("POST /users", 422, {"username": "b"}),
    "read a user": Row("GET /users/{user}", 200, bearer=False),
    "read an unknown user": Row("GET /users/{nobody}", 404),
    "change a user": Row("PUT /users/{user}", 200, {"firstName": "Eve"}, bearer=False),
    "change an unknown user": Row("PUT /users/{nobody}", 404, {"firstName": "Eve"}),
    "remove a user": Row("DELETE /users/{user}", 204, bearer=False),
    "remove an unknown user": Row("DELETE /users/{nobody}", 404),
    "sign in": Row("POST /auth/tokens", 200, {"username": "ada", "password": "secret-1"}, bearer=False),
    "sign in, wrong": Row("POST /auth/tokens", 401, {"username": "ada", "password": "secret-2"}),
    "sign in, bad": Row("POST /auth/tokens", 422, {"username": "ada"}),
    "chat": Row("POST /chat/completions", 201, {**ASKED, "stream": False}),
    "chat by pieces": Row("POST /chat/completions", 201, ASKED),
    "chat without a token": Row("POST /chat/completions", 401, ASKED, bearer=False),
    "chat, bad": Row("POST /chat/completions", 422, {"messages": []}),
    "chat, bad stream": Row("POST /chat/completions", 422, {**ASKED, "stream": "no"}),
    "no such path": Row("GET /dogs", 404),
    "the wrong method": Row("PATCH /pets", 405),
}


def _filled(value: Any, ids: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _filled(item, ids) for name, item in value.items()}
    return value.format_map(ids) if isinstance(value, str) else value


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_call_gets_the_status_and_the_headers_of_the_contract(
    row: Row, client: Client, anonymous: Client, ids: dict[str, str]
) -> None:
    method, path = row.call.format_map(ids).split(" ")

    answer = (client if row.bearer else anonymous).open(f"/v1{path}", method=method, json=_filled(row.body, ids))

    assert answer.status_code == row.status, answer.text
    for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
        assert answer.headers[name].isdecimal()
    if row.location is not None:
        assert answer.headers["Location"] == f"{row.location}{answer.get_json()['id']}"
    if row.status == 204:
        assert answer.data == b""
    if row.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if row.status == 405:
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST", "QUERY"}
    if row.status >= 400:
        problem = answer.get_json()
        assert answer.mimetype == "application/problem+json"
        assert check("problem", problem) == []
        assert (problem["status"], problem["instance"]) == (row.status, f"/v1{path.partition('?')[0]}")
        assert ("errors" in problem) == (row.status == 422)


@pytest.mark.parametrize(
    "row", [row for row in ROWS.values() if row.status not in (404, 405)], ids=lambda row: row.call
)
def test_what_is_answered_is_what_the_document_promises(row: Row, client: Client, ids: dict[str, str]) -> None:
    method, path = row.call.format_map(ids).split(" ")
    asked = match(method, path.partition("?")[0])
    assert asked is not None

    answer = client.open(f"/v1{path}", method=method, json=_filled(row.body, ids))

    promised = asked[0].responses[answer.status_code]
    assert answer.mimetype in promised.content or not promised.content
    assert [name for name in promised.headers if name not in answer.headers] == []
    kind = promised.content.get(answer.mimetype or "")
    if kind is not None and answer.is_json:
        assert check(kind, answer.get_json()) == []


def test_every_operation_has_its_route_and_every_route_its_operation(routes: Map) -> None:
    served = {
        (method, _shape(rule.rule.removeprefix("/v1")))
        for rule in routes.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/v1/") and method not in ("HEAD", "OPTIONS")
    }

    assert {one for one in served if not one[1].startswith(("/docs", "/openapi"))} == {
        (one.method, _shape(one.path)) for one in OPERATIONS
    }


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.id)
def test_a_call_needs_what_the_document_says_that_it_needs(one: Operation, routes: Map) -> None:
    endpoint, _ = routes.bind("petstore.test").match(f"/v1{one.path}".replace("{", "").replace("}", ""), one.method)

    assert NEEDS.get(endpoint, NEEDS.get(endpoint.partition(".")[0], Auth.NONE)) is one.auth


@pytest.fixture
def routes() -> Map:
    return routed_app(1).url_map


def _shape(path: str) -> str:
    """Return the path with every parameter replaced by `*`."""
    return "/".join("*" if step[:1] in ("{", "<") else step for step in path.split("/"))
