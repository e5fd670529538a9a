"""Access control by the control token: where it is needed, how it is sent, when one is generated."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from mockstore.settings import Settings
from mockstore.web.guard import secured
from tests.web.conftest import MakeClient, Serve, detail

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "let-me-in"
HEALTH = "/_mockstore/health"
CLOCK = "/_mockstore/clock"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def locked(make_client: MakeClient) -> "FlaskClient":
    """An app that has a control token."""
    return make_client(control_token=TOKEN)


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
