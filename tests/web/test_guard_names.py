"""Access control by the header `Host`."""

from typing import TYPE_CHECKING

import pytest

from mockstore.service import Mockstore
from tests.web.conftest import MakeClient, detail

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "let-me-in"
HEALTH = "/_mockstore/health"
CLOCK = "/_mockstore/clock"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "mock.localhost:1",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "192.168.1.7:8080",
        "[fd00::7]",
        "Mock:8080",
        "mock.internal",
    ],
)
def test_names_that_no_stranger_can_point_here_are_answered(make_client: MakeClient, host: str) -> None:
    client = make_client(host="mock.internal", control_token=TOKEN, allowed_hosts=("mock",))

    assert client.get(HEALTH, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "mock",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "::1",
        "[::1].evil.example",
        "[::1",
        "localhost:80.evil.example",
    ],
)
@pytest.mark.parametrize("path", [HEALTH, "/v1/pets", "/_mockstore/inbox", "/nowhere"])
def test_another_name_is_refused_everywhere(client: "FlaskClient", host: str, path: str) -> None:
    assert "--allow-host NAME" in detail(client.get(path, headers={"Host": host}), 421)


def test_the_refusal_of_a_name_says_what_to_do(client: "FlaskClient") -> None:
    answer = client.get(HEALTH, headers={"Host": "mock:8080"})

    assert detail(answer, 421) == (
        "this server does not go by the name 'mock'; if it should, start it with --allow-host NAME, or set "
        "allowed_hosts (MOCKSTORE_ALLOWED_HOSTS)"
    )


def test_any_name_can_be_allowed(make_client: MakeClient) -> None:
    assert make_client(allowed_hosts=("*",)).get(HEALTH, headers={"Host": "evil.example"}).status_code == 200


def test_in_process_any_name_and_no_token_will_do() -> None:
    import httpx  # noqa: PLC0415 - this test alone

    with (
        Mockstore.in_process(strict=False) as mockstore,
        httpx.Client(
            transport=httpx.WSGITransport(mockstore.wsgi_app), base_url="https://api.petstoreapi.com"
        ) as client,
    ):
        assert client.get(CLOCK).status_code == 200
