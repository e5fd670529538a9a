"""Access control by origin: pages of other sites, and trusted origins (CORS)."""

from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import MakeClient, detail

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "let-me-in"
CLOCK = "/_mockstore/clock"
PAGE = "https://shop.example.com"


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
