"""NUL, lone surrogates and other odd characters in any text never crash the server.

What JSON allows is stored unchanged, the rest is refused. With every kind of store, since each has other limits.
"""

import re
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mockstore.model import Json
from tests.web.conftest import MakeClient, Serve, detail

WEBHOOKS = "/v1/webhooks"
TARGET = "http://127.0.0.1:9/"
USER = {"username": "bob", "email": "bob@example.com", "password": "secret-1", "firstName": "Bob", "lastName": "Lee"}
PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400", "currency": "USD"}
BEARER = {"Authorization": "Bearer any"}

ODD = [
    pytest.param("a\0b", id="NUL"),
    pytest.param("\0", id="only NUL"),
    pytest.param("a\x1b[31m\x85\u2028\u202eb", id="control characters"),
    pytest.param("\ufffe\U0010ffff", id="no characters"),
    pytest.param("e\u0301" * 10, id="combined"),
]
HALF = [
    pytest.param(b'"\\ud800"', "half of a surrogate pair stands alone", id="the first half"),
    pytest.param(b'"a\\udc00b"', "half of a surrogate pair stands alone", id="the second half"),
    pytest.param(b'"\\udc00\\ud800"', "half of a surrogate pair stands alone", id="both in the wrong order"),
    pytest.param(b'"\xed\xa0\x80"', "is not UTF-8", id="half in bytes"),
    pytest.param(b'"\xc0\x80"', "is not UTF-8", id="NUL in two bytes"),
]
READS = [
    WEBHOOKS,
    "/v1/pets",
    "/v1/inventories",
    "/_mockstore/",
    "/_mockstore/clock",
    "/_mockstore/deliveries",
    "/_mockstore/events",
    "/_mockstore/health",
    "/_mockstore/inbox",
]


@pytest.fixture(params=["memory", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/petstore.db"


@pytest.fixture
def client(make_client: MakeClient, database: str | None) -> FlaskClient:
    return make_client(database=database)


def sent(client: FlaskClient, path: str, document: Json) -> int:
    """Return the status of the response; check that it is one of ours."""
    answer = client.post(path, json=document, headers=BEARER)
    if answer.status_code >= 400:
        detail(answer, answer.status_code)
    return answer.status_code


def unreadable(client: FlaskClient) -> list[str]:
    """Return the paths whose reads fail."""
    return [path for path in READS if client.get(path, headers=BEARER).status_code != 200]


@pytest.mark.parametrize("text", ODD)
def test_what_json_can_say_is_kept_as_it_is(client: FlaskClient, text: str) -> None:
    hook = client.post(WEBHOOKS, json={"url": TARGET, "events": ["*"], "secret": text, "description": text}).get_json()
    pet = client.post("/v1/pets", json={**PET, "name": text, "breed": text}, headers=BEARER).get_json()
    overrides = {"data": {"pet": {"name": text}, text: text}}
    event = client.post("/_mockstore/emit", json={"type": "pet.adopted", "overrides": overrides, "invalid": True})

    assert event.status_code == 202
    assert client.get(f"{WEBHOOKS}/{hook['id']}").get_json()["description"] == text
    assert client.get(f"/v1/pets/{pet['id']}").get_json()["name"] == text
    (kept,) = client.get("/_mockstore/events?type=pet.adopted").get_json()["data"]
    assert (kept["payload"]["data"]["pet"]["name"], kept["payload"]["data"][text]) == (text, text)
    assert unreadable(client) == []


@pytest.mark.parametrize("text", ODD)
def test_where_a_text_has_to_be_of_some_kind_it_is_refused_and_not_a_crash(client: FlaskClient, text: str) -> None:
    tried: list[tuple[str, Json]] = [
        (WEBHOOKS, {"url": TARGET + text, "events": ["*"]}),
        (WEBHOOKS, {"url": f"http://{text}/", "events": ["*"]}),
        (WEBHOOKS, {"url": TARGET, "events": [text]}),
        (WEBHOOKS, {"url": TARGET, "events": ["*"], "signatures": [text]}),
        ("/_mockstore/emit", {"type": text}),
        ("/_mockstore/emit", {"type": "pet.adopted", "to": [text]}),
        ("/_mockstore/emit", {"type": "pet.adopted", "fault": text}),
        ("/_mockstore/clock/advance", {"by": text}),
        ("/_mockstore/scenarios", {text: text}),
        ("/v1/orders", {"petId": text, "userId": text}),
        ("/v1/pets", {**PET, "species": text}),
    ]

    statuses = [sent(client, path, document) for path, document in tried]

    assert set(statuses) <= {400, 404, 405, 422}, statuses
    assert sent(client, "/v1/users", {**USER, "username": text}) < 500
    assert unreadable(client) == []


@pytest.mark.parametrize(("text", "why"), HALF)
@pytest.mark.parametrize("path", [WEBHOOKS, "/v1/pets", "/v1/users", "/v1/orders", "/_mockstore/emit"])
def test_what_no_text_can_hold_is_no_json(client: FlaskClient, path: str, text: bytes, why: str) -> None:
    as_value, as_name = (
        client.post(path, data=body, content_type="application/json", headers=BEARER)
        for body in (b'{"x": %b}' % text, b'{"x": {%b: 1}}' % text)
    )

    assert why in detail(as_value, 400)
    assert why in detail(as_name, 400)


@pytest.mark.parametrize("step", ["a%00b", "%ED%A0%80", "%FF", "%0D%0A", "%2F"])
def test_no_path_is_a_crash(client: FlaskClient, step: str) -> None:
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.arguments]
    calls = [(method, re.sub("<[^>]*>", step, rule.rule)) for rule in rules for method in sorted(rule.methods or ())]

    answers = {call: client.open(call[1], method=call[0], json={}, headers=BEARER) for call in calls}

    assert len(calls) > 50
    assert {call: one.status for call, one in answers.items() if one.status_code >= 500} == {}


@pytest.mark.parametrize("value", ["a%00b", "%ED%A0%80", "%FF", "9" * 5000])
def test_no_query_is_a_crash(client: FlaskClient, value: str) -> None:
    names = ("page", "limit", "state", "type", "webhook", "species", "status", "token", "event", "tenant", "%00", value)
    query = [f"{path}?{name}={value}" for path in READS for name in names]

    statuses = {path: client.get(path, headers=BEARER).status_code for path in query}

    assert {path: status for path, status in statuses.items() if status >= 500} == {}


def status_of(connection: HTTPConnection, path: str, name: str, value: bytes) -> int:
    headers: dict[str, str | bytes] = {"Content-Type": "application/json", "Content-Length": "2", name: value}
    connection.putrequest("POST", path, skip_host=name == "Host", skip_accept_encoding=True)
    for field, content in headers.items():
        connection.putheader(field, content)
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize(
    ("name", "token"),
    [
        *(
            (name, None)
            for name in ("X-Tenant-ID", "Content-Type", "Accept", "Origin", "Host", "If-None-Match", "X-Odd")
        ),
        *((name, "let-me-in") for name in ("Authorization", "Cookie")),
    ],
)
def test_no_header_is_a_crash(serve: Serve, database: str | None, name: str, token: str | None) -> None:
    caller = serve(database=database, control_token=token)
    values = [b"\0", b"a\0b", b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"mockstore_control=\xff\0", b"Bearer \xff\0"]

    statuses = {
        (path, value): status_of(caller.connection, path, name, value)
        for path in (WEBHOOKS, "/_mockstore/clock/advance", "/_mockstore/inbox", "/_mockstore/login")
        for value in values
    }

    assert {call: status for call, status in statuses.items() if status >= 500} == {}
    assert caller.ok("GET", "/_mockstore/health")["status"] == "ok"
