"""Queries and assertions on recorded calls, and their failure texts."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from mockstore import Mockstore
from mockstore.api import Call, Calls, PetstoreApi
from mockstore.errors import InvalidInputError
from tests.api.clients import BASE, TOKEN


@pytest.fixture
def calls(api: PetstoreApi) -> Calls:
    with httpx.Client(base_url=BASE, headers=TOKEN) as http:
        http.get("/pets", params={"species": "CAT"})
        http.get("/pets/1")
        http.get("/pets/2")
        http.post("/pets", json={"name": "Rex", "medicalInfo": {"vaccinated": True}})
    return api.calls


def test_one_none_of_and_last_are_asked_of_what_is_there(calls: Calls) -> None:
    assert calls.one("getPet", {"petId": "2"}).path == "/pets/2"
    assert calls.one("createPet", {"medicalInfo.vaccinated": True}).status == 422
    assert [call.path for call in calls.of("getPet")] == ["/pets/1", "/pets/2"]
    assert calls.of("getPet").last.path == "/pets/2"
    assert [call.operation for call in calls.where(match={"species": "CAT"})] == ["listPets"]
    assert [call.path for call in calls[:2]] == ["/pets", "/pets/1"]
    calls.none("deletePet")
    calls.assert_operations(["listPets", "getPet", "getPet", "createPet"])


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        pytest.param(
            lambda calls: calls.one("getPet", {"petId": "3"}),
            """\
expected exactly one call of 'getPet' with {'petId': '3'}, found 0
the nearest:
  getPet GET /pets/1: answered 404
differs in:
  petId: expected '3', found '1'
all 4:
  listPets GET /pets: answered 200
  getPet GET /pets/1: answered 404
  getPet GET /pets/2: answered 404
  createPet POST /pets: answered 422""",
            id="one: a miss",
        ),
        pytest.param(
            lambda calls: calls.one("getPet"),
            """\
expected exactly one call of 'getPet', found 2
they are:
  getPet GET /pets/1: answered 404
  getPet GET /pets/2: answered 404""",
            id="one: several",
        ),
        pytest.param(
            lambda calls: calls.of("deletePet").one(),
            "expected exactly one call, found 0\nthere is no call at all",
            id="one: nothing at all",
        ),
        pytest.param(
            lambda calls: calls.none("createPet"),
            "expected no call of 'createPet', found 1\nthey are:\n  createPet POST /pets: answered 422",
            id="none",
        ),
        pytest.param(
            lambda calls: calls.of("deletePet").last,
            "expected at least one call, there is none",
            id="last",
        ),
        pytest.param(
            lambda calls: calls.assert_operations(["listPets", "getPet", "createPet"]),
            """\
expected 3 calls in this order, found 4:
    1. expected listPets, found listPets
    2. expected getPet, found getPet
  ! 3. expected createPet, found getPet
  ! 4. expected (none), found createPet""",
            id="assert_operations",
        ),
        pytest.param(
            lambda calls: calls.last.assert_valid(),
            """\
the call is not valid:
  createPet POST /pets: answered 422
its mistakes:
  body: species is required
  body: ageMonths is required
  body: price is required""",
            id="assert_valid",
        ),
    ],
)
def test_a_miss_says_what_there_is(calls: Calls, ask: Callable[[Calls], object], text: str) -> None:
    with pytest.raises(AssertionError) as failure:
        ask(calls)

    assert str(failure.value) == text


ASKING: list[Callable[[PetstoreApi], object]] = [
    lambda api: api.calls.none("getPets"),
    lambda api: api.calls.of("getPets"),
    lambda api: api.calls.assert_operations(["getPets"]),
    lambda api: api.will_answer("getPets", 500),
]


@pytest.mark.parametrize("ask", ASKING, ids=["none", "of", "assert_operations", "will_answer"])
def test_an_operation_that_does_not_exist_is_no_answer_to_any_question(
    api: PetstoreApi, ask: Callable[[PetstoreApi], object]
) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^no operation 'getPets': did you mean 'getPet' or .*\? operations: l"
    ):
        ask(api)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        pytest.param(
            "soon",
            "'soon' is no answer; write a status, timeout, reset, broken json, or for instance 200 after 6s",
            id="unknown word",
        ),
        pytest.param(99, "99 is no HTTP status; allowed are 100 to 599", id="no status"),
        pytest.param(
            200,
            "deletePet never answers 200 OK: it succeeds with 204. To answer it all the same, say with what: "
            "Answer(200, b'…')",
            id="another success",
        ),
        pytest.param("broken json", "deletePet answers without a body: there is no JSON to break", id="no JSON"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(api: PetstoreApi, answer: int | str, text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        api.will_answer("deletePet", answer)

    assert str(refusal.value) == text


def test_the_last_answer_repeats_until_the_script_is_taken_back(api: PetstoreApi) -> None:
    api.will_answer("listPets", 429, 503)
    refused = [httpx.get(f"{BASE}/pets").status_code for _ in range(3)]
    other = httpx.get(f"{BASE}/inventories").status_code
    api.will_answer("listPets")

    assert refused == [429, 503, 503]
    assert (other, httpx.get(f"{BASE}/pets").status_code) == (200, 200)


def test_a_late_answer_that_is_true_is_judged_as_ever(api: PetstoreApi) -> None:
    api.will_answer("listPets", timedelta(seconds=1))
    httpx.get(f"{BASE}/pets", params={"species": "DRAGON"})

    assert len(api.complaints()) == 1


@pytest.mark.parametrize(
    ("method", "path", "options", "mistakes"),
    [
        pytest.param(
            "GET", "/pets?species=DRAGON&limit=many", {},
            ["query: species must be one of DOG, CAT, RABBIT, BIRD, REPTILE, OTHER; found 'DRAGON'",
             "query: limit must be a whole number"],
            id="query",
        ),
        pytest.param(
            "POST", "/pets/search",
            {"json": {"criteria": {"size": ["HUGE"]}, "sort": {"field": "price", "order": "UP"}}},
            ["body: criteria.size[0] must be one of SMALL, MEDIUM, LARGE; found 'HUGE'",
             "body: sort.order must be one of ASC, DESC; found 'UP'"],
            id="body",
        ),
        pytest.param("POST", "/orders", {"content": b""}, ["body: is empty; send one"], id="no body"),
        pytest.param(
            "POST", "/orders", {"content": b"<order/>", "headers": {"Content-Type": "text/xml"}},
            ["body: is text/xml; send Content-Type: application/json"],
            id="no JSON by its type",
        ),
        pytest.param(
            "POST", "/orders", {"content": b'{"petId"'},
            ["body: is no JSON: Expecting ':' delimiter: line 1 column 9 (char 8)"],
            id="no JSON by its form",
        ),
        pytest.param(
            "POST", "/pets/1/images", {"json": {}},
            ["body: is application/json; send multipart/form-data"],
            id="no form",
        ),
        pytest.param(
            "GET", "/pets", {"headers": {"X-Tenant-ID": "me"}},
            [("header X-Tenant-ID: 'me' is no tenant: send a UUID such as 019b4132-70aa-764f-b315-e2803d882a24, or no "
              "such header for the pool that all share")],
            id="header",
        ),
        pytest.param(
            "PUT", "/pets/unknown", {"json": {"ageMonths": -1}, "headers": TOKEN},
            ["body: ageMonths must be at least 0"],
            id="behind a 404",
        ),
        pytest.param(
            "GET", "/pet/1", {},
            [("there is nothing at /pet/1; nearest: getPet (GET /pets/{petId}), updatePet (PUT /pets/{petId}), "
              "deletePet (DELETE /pets/{petId})")],
            id="no such path",
        ),
        pytest.param(
            "GET", "/wombats", {},
            [("there is nothing at /wombats; all there is starts with: /pets, /orders, /inventories, /users, /auth, "
              "/chat, /webhooks")],
            id="nothing like it",
        ),
        pytest.param(
            "PATCH", "/orders/1", {},
            [("/orders/{orderId} takes no PATCH; it takes: deleteOrder (DELETE /orders/{orderId}), "
              "getOrder (GET /orders/{orderId}), processOrder (POST /orders/{orderId})")],
            id="no such method",
        ),
        pytest.param(
            "GET", "https://api.petstoreapi.com/pets", {},
            ["/pets is not below the base path /v1: did you mean /v1/pets (listPets)?"],
            id="base path forgotten",
        ),
        pytest.param(
            "GET", "https://api.petstoreapi.com/_mockstore/state", {},
            ["/_mockstore/state is not below the base path /v1"],
            id="control routes are not the API's",
        ),
    ],
)  # fmt: skip
def test_a_mistake_of_a_request_has_its_place_and_what_is_allowed(
    api: PetstoreApi, method: str, path: str, options: dict[str, object], mistakes: list[str]
) -> None:
    with httpx.Client(base_url=BASE) as http:
        http.request(method, path, **options)  # type: ignore[arg-type]

    assert len(api.complaints()) == 1
    assert api.calls.one().mistakes == tuple(mistakes)
    assert not api.complaints()


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        pytest.param("GET", "/pets/unknown", {}, 404, id="not found"),
        pytest.param("DELETE", "/pets/unknown", {}, 401, id="no token"),
        pytest.param("GET", "/pets/", {}, 200, id="a slash at the end"),
        pytest.param("GET", "/openapi.json", {}, 200, id="the API's document"),
        pytest.param(
            "POST", "/auth/tokens", {"json": {"username": "ann", "password": "wrong-one"}}, 401, id="password"
        ),
    ],
)
def test_a_refusal_that_a_valid_request_may_get_is_no_mistake(
    api: PetstoreApi, method: str, path: str, options: dict[str, object], status: int
) -> None:
    with httpx.Client(base_url=BASE) as http:
        assert http.request(method, path, **options).status_code == status  # type: ignore[arg-type]

    assert not api.complaints()


def test_a_rule_of_the_shop_is_no_schema(store: Mockstore, api: PetstoreApi) -> None:
    user = {"username": "ann1", "email": "ann@example.com", "firstName": "A", "lastName": "B", "password": "secret-12"}
    store.users.add(**user)

    assert httpx.post(f"{BASE}/users", json=user).status_code == 422

    assert not api.complaints()


def _fails(call: Call) -> None:
    with pytest.raises(AssertionError):
        call.assert_valid()


LOOKS: list[Callable[[Call], object]] = [
    lambda call: call.status,
    lambda call: call.answer,
    lambda call: call.mistakes,
    _fails,
]
GLANCES: list[Callable[[Call], object]] = [
    lambda call: call.operation,
    lambda call: call.parameters,
    lambda call: call.document,
    lambda call: call.summary(),
    repr,
]


@pytest.mark.parametrize("look", LOOKS, ids=["status", "answer", "mistakes", "assert_valid"])
def test_looking_settles_a_call(api: PetstoreApi, look: Callable[[Call], object]) -> None:
    httpx.get(f"{BASE}/pets?species=DRAGON")
    look(api.calls.one())

    assert not api.complaints()


@pytest.mark.parametrize("glance", GLANCES, ids=["operation", "parameters", "document", "summary", "repr"])
def test_a_glance_does_not(api: PetstoreApi, glance: Callable[[Call], object]) -> None:
    httpx.get(f"{BASE}/pets?species=DRAGON")
    glance(api.calls.one())

    assert len(api.complaints()) == 1


def test_to_read_that_there_is_no_operation_settles_it(api: PetstoreApi) -> None:
    httpx.get(f"{BASE}/pet")

    assert api.calls.one().operation is None
    assert not api.complaints()


def test_what_was_scripted_is_no_complaint(api: PetstoreApi) -> None:
    api.will_answer("listPets", 422)
    httpx.get(f"{BASE}/pets?species=DRAGON")

    assert not api.complaints()


ELSEWHERE = """
clients asked other places: http://127.0.0.1:1, https://[::1]; the API is at https://api.petstoreapi.com/v1
pet.adopted was answered 404: no handler of the consumer's is at http://testserver/webhooks/petstore"""


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        pytest.param(
            lambda calls: calls.one("getPet"),
            "expected exactly one call of 'getPet', found 0\nthere is no call at all",
            id="one",
        ),
        pytest.param(lambda calls: calls.of("getPet").last, "expected at least one call, there is none", id="last"),
        pytest.param(
            lambda calls: calls.assert_operations(["getPet"]),
            "expected 1 calls in this order, found 0:\n  ! 1. expected getPet, found (none)",
            id="operations",
        ),
    ],
)
def test_of_a_call_that_is_missing_it_is_told_who_was_asked_instead(
    store: Mockstore, api: PetstoreApi, ask: Callable[[Calls], object], text: str
) -> None:
    store.subscribe(lambda _outgoing: 404)
    store.emit("pet.adopted")
    for url in ("http://127.0.0.1:1/pets/1?token=secret", "http://user:secret@127.0.0.1:1/", "https://[::1]:443/"):
        with httpx.Client() as http, pytest.raises(httpx.TransportError):
            http.get(url)

    with pytest.raises(AssertionError) as missing:
        ask(api.calls)

    assert str(missing.value) == text + ELSEWHERE
