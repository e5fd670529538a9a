"""The API over real sockets: `QUERY`, server-sent events, multipart bodies and a delivery."""

from collections.abc import Iterator

import httpx
import pytest

from mockstore.settings import Settings
from mockstore.web.serve import serving

PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400"}
TOKEN = {"Authorization": "Bearer any"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Settings(port=0)) as (server, _):
        yield server.url


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=TOKEN, timeout=20) as client:
        yield client


def test_query_is_a_method_like_any_other(http: httpx.Client) -> None:
    answer = http.request("QUERY", "/v1/pets", json={"criteria": {"species": ["CAT"]}})

    assert answer.status_code == 200
    assert {pet["species"] for pet in answer.json()["data"]} == {"CAT"}
    refused = http.request("QUERY", "/v1/orders", json={})
    assert (refused.status_code, "POST" in refused.headers["Allow"]) == (405, True)


def test_the_pieces_of_an_answer_come_as_server_sent_events(http: httpx.Client) -> None:
    body = {"messages": [{"role": "USER", "content": "a cat"}]}
    with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = [line for line in answer.iter_lines() if line]

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"


def test_a_photo_goes_up_by_form_and_comes_back_from_its_url(url: str, http: httpx.Client) -> None:
    picture = bytes(range(256)) * 4096
    pet = http.post("/v1/pets", json=PET).json()

    image = http.post(f"/v1/pets/{pet['id']}/images", files={"file": ("rex.jpg", picture)}).json()
    seen = http.get(image["url"])

    assert image["url"].startswith(f"{url}/v1/pets/{pet['id']}/images/")
    assert (seen.content, seen.headers["Content-Type"]) == (picture, "image/jpeg")


def test_an_order_and_its_callback_reach_a_receiver(url: str, http: httpx.Client) -> None:
    inbox = f"{url}/_mockstore/inbox"
    http.post("/v1/webhooks", json={"url": inbox, "events": ["order.created"]}).raise_for_status()
    pet = http.post("/v1/pets", json=PET).json()

    order = http.post("/v1/orders", json={"petId": pet["id"], "userId": pet["id"]}).json()
    taken = http.post(f"/v1/orders/{order['id']}", json={"callbackUrl": inbox}).json()
    http.post("/_mockstore/settle")

    captured = [one["event"] for one in http.get(inbox).json()["data"]]
    assert [event["data"]["order"]["id"] for event in captured if "data" in event] == [order["id"]]
    assert [event["requestId"] for event in captured if "data" not in event] == [taken["requestId"]]
