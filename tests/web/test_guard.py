"""Who gets in: the name the server is called by, the page that asks, the control token."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import TestResponse

from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.web.guard import secured
from tests.web.conftest import MakeClient, Serve

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "let-me-in"
HEALTH = "/_mockstore/health"
CLOCK = "/_mockstore/clock"
PAGE = "https://shop.example.com"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def locked(make_client: MakeClient) -> "FlaskClient":
    """An app that has a control token."""
    return make_client(control_token=TOKEN)


def detail(answer: TestResponse, status: int) -> str:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    return str(answer.json["detail"])  # type: ignore[index]  # a problem document is an object


# ---- the name ---------------------------------------------------------------------------


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


@pytest.mark.parametrize("host", ["evil.example", "mock", "127.0.0.1.evil.example", "localhost.evil.example", "::1"])
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
        Mockstore.in_process() as mockstore,
        httpx.Client(
            transport=httpx.WSGITransport(mockstore.wsgi_app), base_url="https://api.petstoreapi.com"
        ) as client,
    ):
        assert client.get(CLOCK).status_code == 200


# ---- the page ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_mockstore/reset", "/v1/orders", "/_mockstore/inbox"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": PAGE}, id="an old browser"),
        pytest.param({"Origin": "null"}, id="a page without an origin"),
        pytest.param({"Origin": "http://localhost:3000"}, id="another port"),
        pytest.param({"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Origin": "http://a.localhost", "Sec-Fetch-Site": "same-site"}, id="same site"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="a form"),
    ],
)
def test_a_page_of_another_origin_must_not_change_anything(
    client: "FlaskClient", path: str, headers: dict[str, str]
) -> None:
    said = detail(client.post(path, json={}, headers=headers), 403)

    assert said == (
        f"a page of another origin, {headers.get('Origin', 'untold')}, must not do that; if it may, start the server "
        f"with --cors ORIGIN, or set cors_origins (MOCKSTORE_CORS_ORIGINS)"
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="a program"),
        pytest.param({"Origin": "http://localhost"}, id="an old browser"),
        pytest.param({"Origin": "https://LOCALHOST"}, id="behind a proxy that ends TLS"),
        pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, id="a browser"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, id="a page that hides its origin"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="a person"),
    ],
)
def test_programs_and_its_own_pages_may(client: "FlaskClient", headers: dict[str, str]) -> None:
    assert client.post("/_mockstore/reset", json={}, headers=headers).status_code == 204


def test_without_being_asked_no_page_may_read(client: "FlaskClient") -> None:
    answer = client.get("/v1/pets", headers={"Origin": PAGE})

    assert answer.status_code == 200
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method", ["QUERY", "DELETE"])
def test_a_trusted_page_is_told_that_it_may(make_client: MakeClient, method: str) -> None:
    client = make_client(cors_origins=(PAGE,), control_token=TOKEN)
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,x-tenant-id",
    }

    answer = client.options("/v1/pets", headers=asks)

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,x-tenant-id"
    assert answer.headers["Vary"] == "Origin"
    assert client.options(CLOCK, headers=asks).status_code == 204, "a preflight brings no token"


def test_a_preflight_that_names_no_header_hears_of_the_usual_ones(make_client: MakeClient) -> None:
    answer = make_client(cors_origins=(PAGE,)).options(
        "/v1/pets", headers={"Origin": PAGE, "Access-Control-Request-Method": "QUERY"}
    )

    assert "X-Tenant-ID" in answer.headers["Access-Control-Allow-Headers"].split(", ")


def test_a_trusted_page_may_write_and_read_the_answer(make_client: MakeClient) -> None:
    client = make_client(cors_origins=(PAGE,))

    answer = client.post("/_mockstore/reset", json={}, headers={"Origin": PAGE, "Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]


def test_a_page_that_is_not_trusted_hears_nothing(make_client: MakeClient) -> None:
    client = make_client(cors_origins=(PAGE,))

    answer = client.options(
        "/v1/pets", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    )

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"


def test_every_page_can_be_trusted_with_the_api_but_not_with_the_control(make_client: MakeClient) -> None:
    client = make_client(cors_origins=("*",))

    assert client.get("/v1/pets", headers={"Origin": PAGE}).headers["Access-Control-Allow-Origin"] == PAGE
    assert client.post("/_mockstore/reset", json={}, headers={"Origin": PAGE}).status_code == 403


# ---- the token --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer mockstore"}, id="another"),
        pytest.param({"Authorization": f"Bearer {TOKEN}x"}, id="a longer one"),
        pytest.param({"Authorization": "Bearer \xe9"}, id="no ASCII"),
        pytest.param({"Authorization": f"Basic {TOKEN}"}, id="another scheme"),
    ],
)
@pytest.mark.parametrize(
    "path", [CLOCK, "/_mockstore/inbox", "/_mockstore", "/_mockstore/nowhere", "/%5Fmockstore/clock"]
)
def test_control_needs_the_token(locked: "FlaskClient", path: str, headers: dict[str, str]) -> None:
    answer = locked.get(path, headers=headers)

    assert detail(answer, 401) == (
        "what directs this server needs its control token, which `mockstore serve` was given or has printed: send "
        "Authorization: Bearer <token>; with the commands say --token or set MOCKSTORE_CONTROL_TOKEN; in a browser "
        "open /_mockstore/login"
    )
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_with_the_token_it_is_answered(locked: "FlaskClient") -> None:
    assert locked.get(CLOCK, headers=BEARER).status_code == 200


def test_the_token_may_come_as_a_cookie(locked: "FlaskClient") -> None:
    locked.set_cookie("mockstore_control", TOKEN, path="/_mockstore")

    assert locked.get(CLOCK).status_code == 200


def test_the_api_needs_no_control_token(locked: "FlaskClient") -> None:
    assert locked.get("/v1/pets").status_code == 200


def test_health_tells_a_stranger_that_it_is_well_and_no_more(locked: "FlaskClient") -> None:
    told, known = locked.get(HEALTH).json, locked.get(HEALTH, headers=BEARER).json

    assert told is not None
    assert set(told) == {"status", "version"}
    assert known is not None
    assert {"status", "version", "webhooks", "tenants"} <= set(known)


def test_events_arrive_at_the_inbox_and_are_read_with_the_token(locked: "FlaskClient") -> None:
    assert locked.post("/_mockstore/inbox", json={}).status_code == 200

    read = locked.get("/_mockstore/inbox", headers=BEARER).json

    assert read is not None
    assert len(read["data"]) == 1
    assert locked.delete("/_mockstore/inbox").status_code == 401
    assert locked.put("/_mockstore/inbox/answers", json={"answers": [500]}).status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_no_token_is_needed(host: str) -> None:
    settings = Settings(host=host)

    assert secured(settings) is settings


def test_elsewhere_a_token_is_made_that_differs_each_time() -> None:
    settings = Settings(host="0.0.0.0")  # noqa: S104 - what is tested

    first, second = secured(settings).control_token, secured(settings).control_token

    assert first != second
    assert first is not None
    assert len(first) == 32
    assert secured(Settings(host="0.0.0.0", control_token=TOKEN)).control_token == TOKEN  # noqa: S104 - what is tested


def test_a_server_that_others_reach_is_locked_even_if_nobody_knows_the_token(make_client: MakeClient) -> None:
    assert make_client(host="0.0.0.0").get(CLOCK).status_code == 401  # noqa: S104 - what is tested


@pytest.mark.parametrize(("count", "status"), [(90, 200), (200, 431)])
def test_headers_are_counted(client: "FlaskClient", count: int, status: int) -> None:
    answer = client.get("/v1/pets", headers={f"X-{number}": "1" for number in range(count)})

    assert answer.status_code == status


@pytest.fixture
def connection(serve: Serve) -> Iterator[HTTPConnection]:
    caller = serve(control_token=TOKEN)
    yield caller.connection
    caller.connection.close()


def test_on_a_real_socket_too(connection: HTTPConnection) -> None:
    statuses = []
    for path, headers in (
        (CLOCK, {}),
        (CLOCK, BEARER),
        (HEALTH, {"Host": "evil.example"}),
        ("/%5Fmockstore/clock", {}),
    ):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)

    assert statuses == [401, 200, 421, 401]
