"""The API in process: as a WSGI app, as a transport for httpx, and the modules that these import."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from werkzeug.test import Client

from mockstore import Mockstore

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400"}
TOKEN = {"Authorization": "Bearer any"}
BASE = "https://api.petstoreapi.com/v1"


def test_each_mockstore_has_an_app_of_its_own_over_its_own_shop(store: Mockstore) -> None:
    with Mockstore.in_process() as other:
        where = Client(store.wsgi_app).post("/v1/pets", json=PET, headers=TOKEN).headers["Location"]

        assert Client(store.wsgi_app).get(where).status_code == 200
        assert Client(other.wsgi_app).get(where).status_code == 404
        assert store.wsgi_app is store.wsgi_app


def test_a_tenant_in_process_is_the_mockstore_itself(store: Mockstore, client: Client) -> None:
    pet = store.pets.add()

    headers = {"X-Tenant-ID": "019b4132-70aa-764f-b315-e2803d882a24"}
    assert client.get(f"/v1/pets/{pet.id}", headers=headers).get_json() == pet.document
    assert client.get(f"/v1/pets/{pet.id}", headers={"X-Tenant-ID": "me"}).status_code == 422


def test_httpx_reaches_the_shop_and_its_changes_reach_the_inbox(store: Mockstore) -> None:
    inbox = store.open_inbox()
    with httpx.Client(transport=store.httpx_transport(), base_url=BASE, headers=TOKEN) as http:
        pet = http.post("/pets", json=PET).json()
        found = http.request("QUERY", "/pets", json={"criteria": {"species": ["DOG"]}}).json()
        http.post("/orders", json={"petId": pet["id"], "userId": pet["id"]}).raise_for_status()
        with http.stream("POST", "/chat/completions", json={"messages": [{"role": "USER", "content": "hi"}]}) as chat:
            lines = [line for line in chat.iter_lines() if line]

    assert pet["id"] in {one["id"] for one in store_pages(store)}
    assert found["data"]
    inbox.assert_types(["order.created", "pet.status_changed"])
    assert lines[-1] == "data: [DONE]"


@pytest.mark.asyncio
async def test_an_async_client_has_its_deliveries_on_its_own_loop(store: Mockstore) -> None:
    seen: list[str] = []
    store.subscribe(_asgi(seen), events="order.created")
    async with httpx.AsyncClient(transport=store.httpx_transport(), base_url=BASE, headers=TOKEN) as http:
        pet = (await http.post("/pets", json=PET)).json()
        placed = await http.post("/orders", json={"petId": pet["id"], "userId": pet["id"]})

    assert placed.status_code == 201
    assert seen == [placed.json()["id"]]


def test_the_app_answers_whoever_calls_it_from_inside_a_delivery(store: Mockstore, client: Client) -> None:
    """A consumer that calls the API while it handles an event."""
    statuses: list[str] = []

    def consumer(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        event = json.loads(environ["wsgi.input"].read())
        statuses.append(client.get(f"/v1/pets/{event['data']['pet']['id']}").get_json()["status"])
        start_response("200 OK", [])
        return [b""]

    store.subscribe(consumer, events="pet.adopted")
    order = store.orders.place(store.pets.add())
    client.delete(f"/v1/orders/{order.id}")
    store.pets.add().adopt()

    assert statuses == ["ADOPTED"]


LOADED = """
import sys
from mockstore import Mockstore
from werkzeug.test import Client
with Mockstore.in_process() as store:
    client = Client(store.wsgi_app)
    pet = client.get("/v1/pets?species=CAT&status=AVAILABLE&ageMax=300&limit=5&goodWithKids=true").json["data"][0]
    for path in ("pets", "pets/" + pet["id"], "inventories?status=ADOPTED", "orders/x", "users/x", "webhooks"):
        assert client.get("/v1/" + path).mimetype.endswith("json")
    assert client.open("/v1/pets", method="QUERY", json={"criteria": {"size": ["SMALL"]}}).status_code == 200
print(*sorted({"jsonschema", "faker", "jwt", "requests", "httpx", "cheroot"} & set(sys.modules)))
"""


def test_to_read_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout.strip(), done.stderr) == ("", "")


def store_pages(store: Mockstore) -> list[dict[str, Any]]:
    return [pet.document for status in ("AVAILABLE", "PENDING") for pet in store.pets.find(status=status, limit=100)]


def _asgi(seen: list[str]) -> Callable[..., Awaitable[None]]:
    async def app(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            seen.append(json.loads((await receive())["body"])["data"]["order"]["id"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    return app
