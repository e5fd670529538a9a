"""Unusual texts that come over HTTP are stored unchanged by every kind of store, or refused by all."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from json import dumps
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from tests.postgres import PostgresServer

URL = "http://127.0.0.1:9/"
PET = {"name": "Rex", "species": "DOG", "ageMonths": 18, "price": "400", "currency": "USD", "status": "AVAILABLE"}
USER = {
    "username": "ada",
    "email": "ada@shop.test",
    "firstName": "Ada",
    "lastName": "Park",
    "password": "correct horse",
}
LISTS = ("/v1/pets", "/v1/webhooks", "/_mockstore/events", "/_mockstore/deliveries", "/_mockstore/records/events")

Told = list[tuple[str, int, Any]]
Ask = Callable[..., Any]

TEXTS = [
    pytest.param("", id="empty"),
    pytest.param(" ", id="blank"),
    pytest.param("Re\0x", id="NUL"),
    pytest.param("Re\ud800x", id="lone surrogate"),
    pytest.param("\udc80", id="lone low surrogate"),
    pytest.param("🐾🏴\U0010ffff", id="astral"),
    pytest.param("\\u0000 \\ud800 \\x00 \\", id="what looks escaped"),
    pytest.param("\ufeff\ufffe\u202e\x7f\x1b\r\n", id="controls"),
    pytest.param("%s %(of)s :of ? '; DROP TABLE events --", id="marks of statements"),
    pytest.param("é" + "e\u0301", id="composed and not"),
    pytest.param("x" * 20_000, id="long"),
    pytest.param("\0" * 3_000, id="long of NUL"),
    pytest.param("".join(sha256(bytes([one])).hexdigest() for one in range(250)), id="long, and nothing in it repeats"),
]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[dict[str, Client]]:
    """Yield a client of a server for each kind of store; each test uses a tenant of its own."""
    databases = {
        "memory": None,
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('odd')}/petstore.db",
        "postgresql": postgres.new_database(),
        "postgresql of no encoding": postgres.new_database("SQL_ASCII"),
        "postgresql of another encoding": postgres.new_database("LATIN1"),
    }
    with ExitStack() as stack:
        made = {}
        for name, database in databases.items():
            settings = Settings(port=0, clock="virtual", seed=1, threads=1, database=database)
            made[name] = Client(create_app(stack.enter_context(Tenants(settings)), settings))
        yield made


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    return f"00000000-0000-4000-8000-{request.node.callspec.indices['text']:012}"


def recording_request(client: Client, told: Told, tenant: str) -> Ask:
    """Return a function that sends a request and records the response."""

    def ask(method: str, path: str, document: object = None, **more: Any) -> Any:  # noqa: ANN401 - JSON, and the client's own
        content = {} if document is None else {"data": dumps(document), "content_type": "application/json"}
        headers = {"Authorization": "Bearer t", "X-Tenant-ID": tenant}
        answer = client.open(path, method=method, headers=headers, **(content | more))
        said = answer.get_json(silent=True) if answer.is_json else answer.get_data()
        told.append((f"{method} {path[:60]}", answer.status_code, said))
        return said if isinstance(said, dict) else {}

    return ask


def send_everywhere(ask: Ask, text: str) -> None:
    """Send the text in every field that a store keeps."""
    hook = ask("POST", "/v1/webhooks", {"url": URL, "events": ["*"], "description": text})
    its_id = hook["id"] if "id" in hook else ask("POST", "/v1/webhooks", {"url": URL, "events": ["*"]})["id"]
    ask("PATCH", f"/v1/webhooks/{its_id}", {"description": text})
    ask("PATCH", f"/v1/webhooks/{its_id}", {"secret": text})
    ask("PATCH", f"/v1/webhooks/{its_id}", {"url": URL + text})
    ask("PATCH", f"/v1/webhooks/{its_id}", {"events": [text]})
    ask("PATCH", f"/v1/webhooks/{its_id}", {"signatures": [text]})
    pet = ask("POST", "/v1/pets", PET | {"name": text})
    ask(
        "PUT",
        f"/v1/pets/{pet.get('id', 'none')}",
        PET | {"breed": text, "tags": [text], "medicalInfo": {"notes": text}},
    )
    ask("POST", "/v1/pets/search", {"query": text, "name": text})
    user = ask("POST", "/v1/users", USER | {"firstName": text})
    ask("POST", "/v1/users", USER | {"username": text, "email": text})
    ask("POST", "/v1/users", USER | {"password": text})
    rex = ask("POST", "/v1/pets", PET)
    order = ask("POST", "/v1/orders", {"petId": rex["id"], "userId": user.get("id"), "notes": text})
    ask("POST", "/v1/orders", {"petId": text, "userId": text})
    ask("POST", f"/v1/orders/{order.get('id', 'none')}", {"callbackUrl": URL + text})
    ask("POST", f"/v1/orders/{order.get('id', 'none')}/payment", {"paymentMethod": text, "callbackUrl": text})
    ask("POST", f"/v1/pets/{rex['id']}/images", data=text.encode(errors="surrogatepass"), content_type="image/png")
    ask("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": text}]})
    emit(ask, its_id, text)


def emit(ask: Ask, webhook_id: str, text: str) -> None:
    """Send the text in events, and in what makes them."""
    plain = {"type": "pet.adopted", "invalid": True}
    ask("POST", "/_mockstore/emit", {"type": text, "body": "{}", "invalid": True})
    ask("POST", "/_mockstore/emit", plain | {"body": text})
    ask("POST", "/_mockstore/emit", plain | {"body": dumps({"id": text})})
    ask("POST", "/_mockstore/emit", plain | {"bodyBase64": b64encode(text.encode(errors="surrogatepass")).decode()})
    ask("POST", "/_mockstore/emit", plain | {"contentType": text})
    ask("POST", "/_mockstore/emit", plain | {"overrides": {"id": text}})
    ask("POST", "/_mockstore/emit", plain | {"overrides": {text: text, "data": {text: [text]}}})
    ask("POST", "/_mockstore/emit", plain | {"to": text})
    ask("POST", "/_mockstore/emit", plain | {"fault": text})
    ask("POST", f"/v1/webhooks/{webhook_id}/test", {"eventType": text})
    ask("POST", "/_mockstore/inbox", data=text.encode(errors="surrogatepass"), content_type="text/plain")


def read_everything(ask: Ask, text: str) -> None:
    """Search for the text, and read all records."""
    sought = quote(text[:1000], errors="surrogatepass", safe="") or "%20"
    for path in ("/v1/pets", "/v1/orders", "/v1/users", "/v1/webhooks", "/_mockstore/events", "/_mockstore/deliveries"):
        ask("GET", f"{path}/{sought}")
    ask("DELETE", f"/v1/webhooks/{sought}")
    for path in LISTS:
        ask("GET", f"{path}?limit=100")
        ask("GET", f"{path}?webhook={sought}&event={sought}&cursor={sought}&name={sought}&page={sought}&type={sought}")


@pytest.mark.parametrize("text", TEXTS)
def test_every_store_answers_alike_and_none_breaks(clients: dict[str, Client], text: str, tenant: str) -> None:
    answers: dict[str, Told] = {}
    for name, client in clients.items():
        ask = recording_request(client, answers.setdefault(name, []), tenant)
        ask("POST", "/_mockstore/hold")
        send_everywhere(ask, text)
        read_everything(ask, text)
        for step in ("release", "settle"):  # the response may come before or after the attempts
            client.post(f"/_mockstore/{step}", json={}, headers={"X-Tenant-ID": tenant})
        ask("GET", "/_mockstore/deliveries?limit=100")

    assert [one for one in answers["memory"] if one[1] >= 500] == []
    for name, told in answers.items():
        assert (name, told) == (name, answers["memory"])


@pytest.mark.parametrize("odd", ["", " ", "\\", "\\x00", "é", "\x7f", "%s", "x" * 5_000, "shared"])
def test_every_store_takes_a_tenant_alike(clients: dict[str, Client], odd: str) -> None:
    answers: dict[str, Told] = {}
    for name, client in clients.items():
        ask = recording_request(client, answers.setdefault(name, []), odd)
        ask("POST", "/_mockstore/hold")
        ask("POST", "/v1/webhooks", {"url": URL, "events": ["*"]})
        ask("POST", "/v1/pets", PET)
        read_everything(ask, odd)

    assert [one for one in answers["memory"] if one[1] >= 500] == []
    for name, told in answers.items():
        assert (name, told) == (name, answers["memory"])
