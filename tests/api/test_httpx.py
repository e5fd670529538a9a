"""`httpx` and `httpx2`: the event loop that deliveries run on, and other mocks of these libraries."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
import httpx2
import pytest
import respx

from mockstore import Mockstore
from mockstore.api import PetstoreApi
from mockstore.model import Json
from tests.api.clients import BASE

OTHER = "https://other.example/things"

libraries = pytest.mark.parametrize("library", [pytest.param(httpx, id="httpx"), pytest.param(httpx2, id="httpx2")])


def _shop(seen: list[tuple[str, int]], library: Json) -> Callable[..., Awaitable[None]]:
    """Return an ASGI consumer that reads the pet of each event from the API, and records its event loop."""

    async def app(
        scope: dict[str, Json], receive: Callable[[], Awaitable[Json]], send: Callable[[Json], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        pet_id = json.loads((await receive())["body"])["data"]["petId"]
        async with library.AsyncClient(base_url=BASE) as http:
            pet = (await http.get(f"/pets/{pet_id}")).json()
        seen.append((pet["status"], id(asyncio.get_running_loop())))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


@libraries
@pytest.mark.asyncio
async def test_deliveries_run_on_the_loop_of_the_test(store: Mockstore, api: PetstoreApi, library: Json) -> None:
    seen: list[tuple[str, int]] = []
    store.subscribe(_shop(seen, library), events="pet.status_changed")
    pet = store.pets.add()

    async with library.AsyncClient(base_url=BASE) as http:
        ordered = await http.post("/orders", json={"petId": pet.id, "userId": pet.id})

    assert ordered.status_code == 201
    assert seen == [("PENDING", id(asyncio.get_running_loop()))]
    api.calls.assert_operations(["createOrder", "getPet"])


@libraries
@pytest.mark.asyncio
async def test_many_calls_at_once(store: Mockstore, api: PetstoreApi, library: Json) -> None:
    inbox = store.open_inbox("order.created")
    pets = [store.pets.add() for _ in range(5)]

    async with library.AsyncClient(base_url=BASE) as http:
        asked = (http.post("/orders", json={"petId": pet.id, "userId": pet.id}) for pet in pets)
        answers = await asyncio.gather(*asked)

    assert {answer.json()["petId"] for answer in answers} == {pet.id for pet in pets}
    assert len(inbox) == len(api.calls) == 5


@pytest.mark.asyncio
async def test_a_sync_client_cannot_await_an_async_consumer_and_is_told(store: Mockstore, api: PetstoreApi) -> None:
    store.subscribe(_shop([], httpx), events="pet.status_changed")
    pet = store.pets.add()

    answer = httpx.post(f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id})  # noqa: ASYNC210 - the point

    assert answer.status_code == 500
    assert "createOrder POST /orders: answered 500\n  the mock itself failed: an ASGI app" in api.complaints()[0]


def test_the_functions_of_the_module_are_answered(api: PetstoreApi) -> None:
    assert httpx.get(f"{BASE}/pets").status_code == httpx2.get(f"{BASE}/pets").status_code == 200
    assert len(api.calls) == 2


@libraries
def test_a_transport_of_the_client_s_own_has_its_way(api: PetstoreApi, library: Json) -> None:
    teapot = library.MockTransport(lambda _request: library.Response(418))
    with library.Client(transport=teapot) as http:
        assert http.get(f"{BASE}/pets").status_code == 418

    with library.Client(transport=library.HTTPTransport(retries=1)) as http:
        assert http.get(f"{BASE}/pets").status_code == 200
    assert len(api.calls) == 1


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_a_router_that_was_there_before_answers_for_other_hosts(store: Mockstore, using: str) -> None:
    with respx.mock(using=using, assert_all_called=False) as router:
        router.get(OTHER).respond(json={"ok": True})
        router.route(host="api.petstoreapi.com").pass_through()
        with PetstoreApi(store) as api:
            assert httpx.get(OTHER).json() == {"ok": True}
            assert httpx.get(f"{BASE}/pets").status_code == 200
            with pytest.raises(respx.models.AllMockedAssertionError):
                httpx.get("https://unknown.example/")
            api.calls.one("listPets")


@respx.mock
def test_a_router_that_starts_later_leaves_the_api_to_us(api: PetstoreApi) -> None:
    respx.get(OTHER).respond(json={"ok": True})

    assert httpx.get(OTHER).json() == {"ok": True}
    assert httpx.get(f"{BASE}/pets").status_code == 200
    api.calls.one("listPets")


@pytest.mark.asyncio
async def test_an_async_client_reaches_other_mocks(api: PetstoreApi) -> None:
    with respx.mock() as router:
        router.get(OTHER).respond(json={"ok": True})
        async with httpx.AsyncClient() as http:
            assert (await http.get(OTHER)).json() == {"ok": True}
            assert (await http.get(f"{BASE}/pets")).status_code == 200
    assert len(api.calls) == 1


@libraries
def test_nothing_is_left_behind(store: Mockstore, library: Json) -> None:
    def methods() -> tuple[object, object]:
        return library.HTTPTransport.handle_request, library.AsyncHTTPTransport.handle_async_request

    before = methods()
    with PetstoreApi(store):
        assert not set(before) & set(methods())

    assert methods() == before
