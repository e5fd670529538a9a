"""Fixtures: test clients of the app, and running servers."""

from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPSConnection
from json import dumps, loads
from socket import create_server
from typing import Protocol

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from mockstore.model import Json
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.serve import serving
from mockstore.web.server import Server

STILL = Settings(port=0, clock="virtual", threads=4)
"""With a virtual clock, so that nothing is retried before the test advances it."""


class MakeClient(Protocol):
    """Returns a test client of an app with changed settings."""

    def __call__(self, **changes: Json) -> FlaskClient: ...


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    with ExitStack() as stack:

        def make(**changes: Json) -> FlaskClient:
            settings = replace(STILL, **changes)
            return create_app(stack.enter_context(Tenants(settings)), settings).test_client()

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client()


def detail(answer: TestResponse, status: int) -> str:
    """Return the detail of a problem document; check its status."""
    document = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert document["status"] == status
    return str(document["detail"])


@pytest.fixture
def nowhere() -> str:
    """Return a URL at which every connection is refused."""
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/hooks"


class Caller:
    """A client of a running server, with one keep-alive connection."""

    def __init__(self, server: Server, tenants: Tenants) -> None:
        self.server = server
        self.tenants = tenants
        self.url = server.url
        kind = HTTPSConnection if server.url.startswith("https") else HTTPConnection
        self.connection = kind(server.host, server.port, timeout=20)

    def __call__(
        self, method: str, path: str, document: object = None, tenant: str | None = None
    ) -> tuple[int, dict[str, str], Json]:
        headers = {"Content-Type": "application/json"} if document is not None else {}
        headers |= {"X-Tenant-ID": tenant} if tenant is not None else {}
        self.connection.request(method, path, None if document is None else dumps(document), headers)
        response = self.connection.getresponse()
        content = response.read()
        return response.status, dict(response.headers), loads(content) if content else None

    def ok(self, method: str, path: str, document: object = None, tenant: str | None = None) -> Json:
        status, _, answer = self(method, path, document, tenant)
        assert status < 300, answer
        return answer


class Serve(Protocol):
    """Starts a server with changed settings."""

    def __call__(self, **changes: Json) -> Caller: ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**changes: Json) -> Caller:
            caller = Caller(*stack.enter_context(serving(replace(STILL, **changes))))
            stack.callback(caller.connection.close)
            return caller

        yield start


@pytest.fixture
def mock(serve: Serve) -> Caller:
    return serve()
