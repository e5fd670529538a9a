"""For every client library: the API answers, delivers events, and scripted failures look like real ones."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from mockstore import Mockstore
from mockstore.answers import Answer
from mockstore.api import PetstoreApi
from mockstore.api.exchange import EndlessWaitError
from tests.api.clients import BASE, TOKEN, Client, each_client

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400"}
QUESTION = {"messages": [{"role": "USER", "content": "hi"}]}


@each_client
def test_the_shop_answers(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    made = client.call("POST", f"{BASE}/pets", json=PET, headers=TOKEN)
    where = f"https://api.petstoreapi.com{made.headers['Location']}"
    photo = client.call("POST", f"{where}/images", files={"file": ("rex.gif", b"GIF89a", "image/gif")}, headers=TOKEN)
    found = client.call("QUERY", f"{BASE}/pets", json={"criteria": {"species": ["DOG"]}})
    advice = client.call("POST", f"{BASE}/chat/completions", json=QUESTION, headers=TOKEN)
    gone = client.call("DELETE", where, headers=TOKEN)
    head = client.call("HEAD", f"{BASE}/pets", params={"limit": 5})

    assert made.status_code == 201
    assert client.call("GET", photo.json()["url"]).status_code == 404
    assert found.json()["data"]
    assert advice.text.splitlines()[-2] == "data: [DONE]"
    assert (gone.status_code, gone.content) == (204, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert not store.deliveries
    assert not api.complaints()


@each_client
def test_a_change_is_told_before_the_call_returns(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    inbox, pet = store.open_inbox(), store.pets.add()

    order = client.call("POST", f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id}).json()

    assert inbox.one("order.created").data["order"]["id"] == order["id"]
    inbox.assert_types(["order.created", "pet.status_changed"])
    assert api.calls.one("createOrder", {"petId": pet.id}).status == 201


@each_client
def test_a_call_is_recorded(api: PetstoreApi, client: Client) -> None:
    client.call("GET", f"{BASE}/pets", params={"species": "CAT", "limit": 2, "color": "red"}, headers={"X-Trace": "7"})
    client.call("POST", f"{BASE}/users", json={"username": "ann"})
    unknown = client.call("GET", f"{BASE}/pets/a%20b")

    listed, user, read = api.calls
    assert (listed.operation, listed.method, listed.path) == ("listPets", "GET", "/pets")
    assert listed.parameters == {"species": "CAT", "limit": 2, "color": "red"}
    assert (listed.document, listed.header("x-trace"), len(listed.answer["data"])) == (None, "7", 2)
    assert (user.document, user.status) == ({"username": "ann"}, 422)
    assert (read.path, read.parameters, read.status) == ("/pets/a%20b", {"petId": "a b"}, 404)
    assert read.answer == unknown.json()
    assert repr(api.calls) == "<3 calls: listPets, createUser, getPet>"


@each_client
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_scripted_refusal_is_a_problem_and_nothing_is_done(
    store: Mockstore, api: PetstoreApi, client: Client, status: int
) -> None:
    pet = store.pets.add()
    api.will_answer("deletePet", status, then_normal=True)

    refused = client.call("DELETE", f"{BASE}/pets/{pet.id}", headers=TOKEN)

    assert (refused.status_code, refused.json()["status"]) == (status, status)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in refused.headers) is (status == 429)
    assert refused.headers["RateLimit-Limit"] == "1000000"
    assert client.call("DELETE", f"{BASE}/pets/{pet.id}", headers=TOKEN).status_code == 204
    assert [call.summary().partition(": ")[2] for call in api.calls] == [
        f"answered {status} (scripted)",
        "answered 204",
    ]


@each_client
def test_a_late_answer_is_given_up_by_the_client_though_the_work_is_done(
    store: Mockstore, api: PetstoreApi, client: Client
) -> None:
    pet, before = store.pets.add(), store.clock.now()
    api.will_answer("deletePet", "204 after 6s")

    with pytest.raises(client.timed_out):
        client.call("DELETE", f"{BASE}/pets/{pet.id}", headers=TOKEN, timeout=5)

    assert store.clock.now() - before == timedelta(seconds=5)
    assert client.call("GET", f"{BASE}/pets/{pet.id}").status_code == 404
    assert api.calls[0].status is None
    assert api.calls[0].summary().endswith("gave up after 5 s (scripted)")


@each_client
def test_a_late_answer_arrives_when_the_client_has_the_patience(
    store: Mockstore, api: PetstoreApi, client: Client
) -> None:
    before = store.clock.now()
    api.will_answer("listPets", timedelta(seconds=5), "503 after 1s", then_normal=True)

    assert client.call("GET", f"{BASE}/pets", timeout=5).status_code == 200
    assert client.call("GET", f"{BASE}/pets", timeout=5).status_code == 503
    assert client.call("GET", f"{BASE}/pets", timeout=5).status_code == 200

    assert store.clock.now() - before == timedelta(seconds=6)


@each_client
def test_retries_of_webhooks_fall_due_while_a_client_waits(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    inbox = store.open_inbox()
    inbox.will_answer(503, 200)
    store.emit("pet.adopted")
    api.will_answer("listPets", "200 after 61s")

    client.call("GET", f"{BASE}/pets", timeout=100)

    assert [received.answer for received in inbox] == ["503", "200"]


@each_client
def test_what_a_consumer_raises_is_not_the_client_s(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    def consumer(_outgoing: object) -> int:
        raise KeyError("a bug of the consumer")

    store.subscribe(consumer)
    pet = store.pets.add()
    api.will_answer("listPets", "200 after 61s")

    ordered = client.call("POST", f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id})
    listed = client.call("GET", f"{BASE}/pets", timeout=100)

    assert (ordered.status_code, listed.status_code) == (201, 200)
    with pytest.raises(KeyError, match="a bug of the consumer"):
        store.settle()


@each_client
def test_silence_lasts_until_the_client_gives_up(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    pet, before = store.pets.add(), store.clock.now()
    api.will_answer("deletePet", "timeout", then_normal=True)

    with pytest.raises(client.timed_out):
        client.call("DELETE", f"{BASE}/pets/{pet.id}", headers=TOKEN, timeout=2.5)

    assert store.clock.now() - before == timedelta(seconds=2.5)
    assert pet.status == "AVAILABLE"


@each_client
def test_a_client_that_would_wait_for_ever_is_told(api: PetstoreApi, client: Client) -> None:
    api.will_answer("listPets", "timeout")

    with pytest.raises(EndlessWaitError, match="set a timeout on the client"):
        client.call("GET", f"{BASE}/pets", timeout=None)

    assert [complaint.splitlines()[1] for complaint in api.complaints()] == [
        "listPets GET /pets: would wait for ever (scripted)"
    ]


@each_client
def test_a_connection_is_reset(api: PetstoreApi, client: Client) -> None:
    api.will_answer("listPets", "reset", then_normal=True)

    with pytest.raises(client.broken, match="Connection reset by peer"):
        client.call("GET", f"{BASE}/pets")

    assert client.call("GET", f"{BASE}/pets").status_code == 200


@each_client
def test_json_is_broken_in_the_middle(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    api.will_answer("createPet", "broken json")

    broken = client.call("POST", f"{BASE}/pets", json=PET, headers=TOKEN)

    assert (broken.status_code, broken.headers["Content-Type"]) == (201, "application/json")
    assert broken.headers["Content-Length"] == str(len(broken.content))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        broken.json()
    assert "Rex" in {pet["name"] for pet in store.pets.find(limit=100)}


@each_client
def test_an_answer_of_the_test_s_own_is_sent_as_it_stands(api: PetstoreApi, client: Client) -> None:
    api.will_answer("getPet", Answer(203, b"<pet/>", (("Content-Type", "text/xml"),)))

    answer = client.call("GET", f"{BASE}/pets/1")

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (203, b"<pet/>", "text/xml")


@each_client
@pytest.mark.parametrize("base", ["http://petstore.test", "https://gateway.test:8443/shop/petstore"])
def test_any_base_url_will_do(api: PetstoreApi, client: Client, base: str) -> None:
    api.base_url = base

    made = client.call("POST", f"{base}/pets", json=PET, headers=TOKEN)

    assert made.status_code == 201
    origin = "/".join(base.split("/")[:3])
    assert client.call("GET", origin + made.headers["Location"]).json() == made.json()
    assert [call.operation for call in api.calls] == ["createPet", "getPet"]


@each_client
def test_a_consumer_may_call_back_while_it_handles_an_event(store: Mockstore, api: PetstoreApi, client: Client) -> None:
    """Call the API on another thread, as frameworks run sync handlers."""
    statuses: list[str] = []

    def consumer(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        pet_id = json.loads(environ["wsgi.input"].read())["data"]["petId"]
        with ThreadPoolExecutor(1) as elsewhere:
            pet = elsewhere.submit(client.call, "GET", f"{BASE}/pets/{pet_id}").result(timeout=10)
        statuses.append(pet.json()["status"])
        start_response("200 OK", [])
        return [b""]

    store.subscribe(consumer, events="pet.status_changed")
    pet = store.pets.add()

    client.call("POST", f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id})

    assert statuses == ["PENDING"]
    api.calls.assert_operations(["createOrder", "getPet"])
