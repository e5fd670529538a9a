import re

import pytest

from mockstore.petstore.documents import kinds
from mockstore.petstore.need import Auth
from mockstore.petstore.operations import OPERATIONS, match, methods_of, operation
from mockstore.settings import Settings
from mockstore.web.app import routed_app
from mockstore.web.auth import NEEDS
from mockstore.web.limits import API

PET = "019b4132-70aa-764f-b315-e2803d882a24"
NOT_THE_API = {"docs.openapi", "docs.page", "docs.start", "docs.asset"}
"""Routes below the base path that serve the OpenAPI document and its pages."""


@pytest.mark.parametrize(
    ("method", "path", "id_", "parameters"),
    [
        pytest.param("GET", "/pets", "listPets", {}, id="a list"),
        pytest.param("QUERY", "/pets", "queryPets", {}, id="a method of its own"),
        pytest.param("POST", "/pets/search", "searchPets", {}, id="a word"),
        pytest.param("GET", f"/pets/{PET}", "getPet", {"petId": PET}, id="a parameter"),
        pytest.param("GET", "/pets/a%2Fb%20c", "getPet", {"petId": "a/b c"}, id="percent-encoded"),
        pytest.param("GET", "/pets/searching", "getPet", {"petId": "searching"}, id="a longer word"),
        pytest.param(
            "GET", f"/pets/{PET}/images/1", "getPetImage", {"petId": PET, "imageId": "1"}, id="two parameters"
        ),
        pytest.param("POST", "/orders/1", "processOrder", {"orderId": "1"}, id="a post to a thing"),
        pytest.param("PATCH", "/webhooks/1", "updateWebhook", {"webhookId": "1"}, id="a webhook"),
    ],
)
def test_a_request_finds_its_operation(method: str, path: str, id_: str, parameters: dict[str, str]) -> None:
    assert match(method, path) == (operation(id_), parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/", id="the root"),
        pytest.param("GET", "/dragons", id="another noun"),
        pytest.param("GET", "/pets/", id="a slash at the end"),
        pytest.param("GET", "/pets/1/2", id="too deep"),
        pytest.param("PATCH", "/pets/1", id="another method"),
        pytest.param("get", "/pets", id="a method in lower case"),
        pytest.param("GET", "/pets/search", id="another method at a word"),
        pytest.param("GET", "/v1/pets", id="with the base path"),
        pytest.param("GET", "/pets\n", id="a line break"),
    ],
)
def test_other_requests_find_none(method: str, path: str) -> None:
    assert match(method, path) is None


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        pytest.param("/pets", ("GET", "POST", "QUERY"), id="pets"),
        pytest.param("/pets/search", ("POST",), id="a word"),
        pytest.param("/pets/1", ("DELETE", "GET", "PUT"), id="a pet"),
        pytest.param("/dragons", (), id="nothing"),
    ],
)
def test_a_path_has_its_methods(path: str, methods: tuple[str, ...]) -> None:
    assert methods_of(path) == methods


def test_an_unknown_operation_is_told_which_there_are() -> None:
    with pytest.raises(LookupError, match="no operation 'rentPet'; there are: listPets, createPet"):
        operation("rentPet")


def test_each_operation_has_an_id_and_a_place_of_its_own() -> None:
    assert len({known.id for known in OPERATIONS}) == len(OPERATIONS)
    assert len({(known.method, known.path) for known in OPERATIONS}) == len(OPERATIONS)


def test_the_table_speaks_of_kinds_that_there_are() -> None:
    answered = {kind for known in OPERATIONS for answer in known.responses.values() for kind in answer.content.values()}
    asked = {kind for known in OPERATIONS if known.body is not None for kind in known.body.content.values()}
    filtered = {known.filters for known in OPERATIONS}

    assert (answered | asked | filtered) - {None} <= set(kinds())


@pytest.mark.parametrize(
    ("id_", "statuses"),
    [
        pytest.param("listPets", [200, 422, 429, 500, 503], id="no body, no token"),
        pytest.param("createPet", [201, 400, 401, 413, 415, 422, 429, 500, 503], id="a body and a token"),
        pytest.param("uploadPetImage", [201, 401, 404, 413, 415, 422, 429, 500, 503], id="a form"),
        pytest.param("redeliver", [202, 401, 404, 409, 422, 429, 500, 503], id="no body that counts"),
        pytest.param("getPet", [200, 404, 422, 429, 500, 503], id="a thing"),
        pytest.param("deleteOrder", [204, 401, 404, 409, 422, 429, 500, 503], id="a rule of its own"),
        pytest.param("createToken", [200, 400, 401, 413, 415, 422, 429, 500, 503], id="credentials"),
    ],
)
def test_an_operation_names_every_status_that_it_may_answer(id_: str, statuses: list[int]) -> None:
    assert list(operation(id_).responses) == statuses


def test_the_app_has_the_routes_of_the_table_and_no_others() -> None:
    app = routed_app(Settings().body_limit)
    routes = {
        (method, re.sub(r"<(?:\w+:)?\w+>", "{}", rule.rule.removeprefix(API)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(API) and rule.endpoint not in NOT_THE_API
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert routes == {(known.method, re.sub(r"\{\w+\}", "{}", known.path)) for known in OPERATIONS}


def test_contract_2_says_who_needs_a_token() -> None:
    needed = {known.id for known in OPERATIONS if known.auth is Auth.BEARER}

    assert needed == {"createPet", "updatePet", "deletePet", "uploadPetImage", "createChatCompletion"}


def test_the_app_asks_for_the_tokens_of_the_table() -> None:
    app = routed_app(Settings().body_limit)
    for known in OPERATIONS:
        path = API + re.sub(r"\{\w+\}", "1", known.path)
        endpoint, _ = app.url_map.bind("127.0.0.1").match(path, method=known.method)
        need = NEEDS.get(endpoint, NEEDS.get(endpoint.partition(".")[0], Auth.NONE))
        assert (known.id, need) == (known.id, known.auth)
