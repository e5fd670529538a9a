"""The short way for plain emits: it answers as Flask does, and leaves to Flask whatever is not plain."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, request_started
from flask.testing import FlaskClient

from mockstore.model import Json

from .conftest import Caller, MakeClient, detail

EMIT = "/_mockstore/emit"
PLAIN = {"type": "pet.adopted"}
TENANT = "0198c0de-0000-7000-8000-000000000001"


@contextmanager
def through_flask(client: FlaskClient) -> Iterator[list[Flask]]:
    """Yield a list with an entry for each request that Flask gets to see."""
    seen: list[Flask] = []

    def see(sender: Flask, **_: object) -> None:
        seen.append(sender)

    with request_started.connected_to(see, client.application):
        yield seen


@pytest.mark.parametrize("event_type", ["pet.adopted", "order.created", "payment.failed"])
def test_the_short_way_answers_as_flask_does(make_client: MakeClient, event_type: str) -> None:
    short, usual = make_client(), make_client()
    webhook = {"url": "http://127.0.0.1:1/hooks", "events": ["*"], "secret": "whsec_" + "a" * 43}
    assert {one.post("/v1/webhooks", json=webhook).status_code for one in (short, usual)} == {201}
    assert {one.post("/_mockstore/hold", json={}).status_code for one in (short, usual)} == {204}

    with through_flask(short) as seen:
        ours = [short.post(EMIT, json={"type": event_type}) for _ in range(3)]
    with through_flask(usual) as seen_usually:
        theirs = [usual.post(EMIT, json={"type": event_type, "count": 1}) for _ in range(3)]

    assert (len(seen), len(seen_usually)) == (0, 3)
    assert [one.get_json() for one in ours] == [one.get_json() for one in theirs]
    assert [one.headers["Content-Type"] for one in ours] == [one.headers["Content-Type"] for one in theirs]
    assert [one.status for one in ours] == [one.status for one in theirs]
    assert {*ours[0].headers.keys()} == {*theirs[0].headers.keys()}


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        pytest.param({"control_token": "t0ken"}, {}, 401, id="a token is needed"),
        pytest.param({}, {"Host": "rebound.example"}, 421, id="another name"),
        pytest.param({}, {"Origin": "https://elsewhere.example"}, 403, id="a page of another origin"),
        pytest.param({}, {"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({}, {"X-Tenant-ID": "nobody"}, 422, id="a tenant that is no UUID"),
        pytest.param({"body_limit": 10}, {}, 413, id="too long"),
        pytest.param({}, {"Content-Type": "text/plain"}, 415, id="no JSON"),
        pytest.param({}, {f"X-{number}": "1" for number in range(101)}, 431, id="too many headers"),
    ],
)
def test_what_flask_refuses_is_refused(
    make_client: MakeClient, settings: dict[str, Json], headers: dict[str, str], status: int
) -> None:
    client = make_client(**settings)

    answer = client.post(EMIT, json=PLAIN, headers=headers)

    assert detail(answer, status)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"{", 400, id="half"),
        pytest.param(b"\xff{}", 400, id="not UTF-8"),
        pytest.param(b"[]", 422, id="a list"),
        pytest.param(b'{"type": 5}', 422, id="a number"),
        pytest.param(b'{"type": null}', 422, id="null"),
        pytest.param(b"{}", 422, id="no type"),
        pytest.param(b'{"type": "pet.adoptd"}', 422, id="no such type"),
        pytest.param(b'{"type": "pet.*"}', 422, id="a pattern"),
        pytest.param(b'{"type": ""}', 422, id="an empty type"),
        pytest.param(b'{"type": "pet.adopted", "to": "nobody"}', 404, id="to nobody"),
        pytest.param(b'{"type": "pet.adopted", "kind": "x"}', 422, id="another member"),
    ],
)
def test_what_is_not_plain_is_answered_by_flask(client: FlaskClient, body: bytes, status: int) -> None:
    with through_flask(client) as seen:
        answer = client.post(EMIT, data=body, content_type="application/json")

    assert len(seen) == 1
    assert detail(answer, status)


def test_a_tenant_gets_the_event_in_its_own_world(client: FlaskClient) -> None:
    client.post(EMIT, json=PLAIN, headers={"X-Tenant-ID": TENANT})

    shared, own = client.get("/_mockstore/events"), client.get("/_mockstore/events", headers={"X-Tenant-ID": TENANT})

    assert (shared.get_json()["pagination"]["totalItems"], own.get_json()["pagination"]["totalItems"]) == (0, 1)


def test_a_page_that_is_trusted_is_told_that_it_may_read(make_client: MakeClient) -> None:
    client = make_client(cors_origins=("https://docs.example",))

    answer = client.post(EMIT, json=PLAIN, headers={"Origin": "https://docs.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "https://docs.example"


def test_both_ways_are_counted_alike(mock: Caller) -> None:
    mock.ok("POST", EMIT, PLAIN)
    mock.ok("POST", EMIT, PLAIN | {"count": 2})

    mock.connection.request("GET", "/_mockstore/metrics")
    metrics = mock.connection.getresponse().read().decode()

    assert f'mockstore_requests_total{{method="POST",route="{EMIT}",status="202"}} 2.0' in metrics


@pytest.mark.parametrize("body", [PLAIN, PLAIN | {"count": 1}], ids=["the short way", "Flask"])
def test_pages_that_are_open_hear_of_an_event(mock: Caller, body: dict[str, Json]) -> None:
    news = mock.tenants.of(None).news
    before = news.count

    mock.ok("POST", EMIT, body)

    assert news.count == before + 1
