"""Fixtures: a Mockstore and clients of its API, in process. Deliveries are complete when a call returns."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from mockstore import Inbox, Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.fixture
def inbox(store: Mockstore) -> Inbox:
    return store.open_inbox()


@pytest.fixture
def anonymous(store: Mockstore) -> Client:
    """A client that sends no token."""
    return Client(store.wsgi_app)


@pytest.fixture
def client(store: Mockstore) -> Client:
    """A client that sends a bearer token with each request that has none."""
    return Client(_with_token(store.wsgi_app))


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Return a function that makes a client of the server's app with these settings; deliveries run on threads."""
    opened: list[Tenants] = []

    def make(settings: Settings) -> Client:
        opened.append(Tenants(settings))
        return Client(create_app(opened[-1], settings))

    yield make
    for tenants in opened:
        tenants.close()


@pytest.fixture
def ids(store: Mockstore, client: Client) -> dict[str, str]:
    """The ids of one resource of each kind, by the names that the tests use."""
    placed, shipped, adopted = (store.orders.place(store.pets.add()) for _ in range(3))
    shipped.pay()
    shipped.ship()
    adopted.pay()
    user = store.users.add(
        username="ada", email="ada@example.com", password="secret-1", firstName="Ada", lastName="Park"
    )
    pet = store.pets.add(name="Rex")
    upload = {"file": (BytesIO(b"\x89PNG"), "rex.png", "image/png")}
    image = client.post(f"/v1/pets/{pet.id}/images", data=upload).get_json()
    return {
        "pet": pet.id,
        "adopted": adopted["petId"],
        "order": placed.id,
        "shipped": shipped.id,
        "user": user.id,
        "image": image["id"],
        "nobody": "019b4137-6d8e-7c2b-a9f4-a3b5c8d7e2f1",
    }


def _with_token(app: "WSGIApplication") -> "WSGIApplication":
    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ.setdefault("HTTP_AUTHORIZATION", "Bearer any")
        return app(environ, start_response)

    return answer
