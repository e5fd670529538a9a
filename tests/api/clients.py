"""The client libraries behind one interface: a call, and the names of the errors."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import httpx2
import pytest
import requests

from mockstore.model import Json

BASE = "https://api.petstoreapi.com/v1"
TOKEN = {"Authorization": "Bearer any"}


@dataclass(frozen=True)
class Client:
    """`call(method, url, **options)` returns a response; `timed_out` and `broken` are the errors of the library."""

    call: Callable[..., Json]
    timed_out: type[Exception]
    broken: type[Exception]


def _requests(method: str, url: str, **options: Json) -> Json:
    with requests.Session() as session:
        return session.request(method, url, **options)


def _sync(library: Json) -> Callable[..., Json]:
    def call(method: str, url: str, **options: Json) -> Json:
        with library.Client() as client:
            return client.request(method, url, **options)

    return call


def _async(library: Json) -> Callable[..., Json]:
    def call(method: str, url: str, **options: Json) -> Json:
        async def ask() -> Json:
            async with library.AsyncClient() as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())

    return call


CLIENTS = {
    "requests": Client(_requests, requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError),
    "httpx": Client(_sync(httpx), httpx.ReadTimeout, httpx.ReadError),
    "httpx async": Client(_async(httpx), httpx.ReadTimeout, httpx.ReadError),
    "httpx2": Client(_sync(httpx2), httpx2.ReadTimeout, httpx2.ReadError),
    "httpx2 async": Client(_async(httpx2), httpx2.ReadTimeout, httpx2.ReadError),
}

each_client = pytest.mark.parametrize("client", [pytest.param(one, id=name) for name, one in CLIENTS.items()])
