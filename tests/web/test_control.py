"""The routes below `/_mockstore`, by a test client; deliveries go to a port where nothing listens."""

import json
from base64 import b64encode
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockstore import Mockstore
from mockstore.model import DeliveryRecord, Json
from mockstore.reader import Reader
from mockstore.web.deliveries import deliveries_page
from tests.web.conftest import MakeClient

ADA = {"X-Tenant-ID": "019b4132-70aa-764f-b315-e2803d882a24"}
BOB = {"X-Tenant-ID": "019b4127-54d5-76d9-b626-0d4c7bfce5b6"}
INBOX = "/_mockstore/inbox"


def emit(client: FlaskClient, type_: str = "pet.adopted", **wanted: object) -> dict[str, Any]:
    answer = client.post("/_mockstore/emit", json={"type": type_} | wanted)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def subscribe(client: FlaskClient, url: str, **wanted: object) -> str:
    return str(client.post("/v1/webhooks", json={"url": url, "events": "*"} | wanted).get_json()["id"])


def test_health_counts_what_there_is(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    emit(client)
    client.post("/_mockstore/settle")

    health = client.get("/_mockstore/health?verbose").get_json()

    assert health == {
        "status": "ok",
        "version": health["version"],
        "tenants": 1,
        "clock": {"now": "2025-01-06T12:00:00Z", "frozen": True},
        "webhooks": 1,
        "events": 1,
        "deliveries": {"held": 0, "pending": 1, "delivered": 0, "failed": 0, "discarded": 0},
    }


def test_numbers_and_paths_beyond_reason_are_refused(client: FlaskClient) -> None:
    statuses = [
        client.post("/_mockstore/emit", json={"type": "order.created", **told}).status_code
        for told in (
            {"overrides": {f"order.items.{'9' * 5000}": 1}},
            {"overrides": {".".join("a" * 3000): 1}, "invalid": True},
        )
    ]
    captured = client.post(INBOX, json={}, headers={"X-Webhook-Attempt": "9" * 5000})

    assert statuses == [422, 422]
    assert captured.status_code == 200
    assert client.get(INBOX).get_json()["data"][0]["attempt"] == 1


@pytest.mark.parametrize("body", ['{"a": 1e999}', '{"a": [Infinity]}', "NaN"])
def test_a_body_that_no_json_can_say_is_shown_as_text_alone(client: FlaskClient, body: str) -> None:
    emit(client, invalid=True, body=body)
    client.post(INBOX, data=body, headers={"Content-Type": "application/json"})

    events = client.get("/_mockstore/events").text
    inbox = client.get(INBOX).text

    (event,) = json.loads(events, parse_constant=pytest.fail)["data"]
    (captured,) = json.loads(inbox, parse_constant=pytest.fail)["data"]
    assert (event["payload"], event["body"]) == (None, body)
    assert (captured["event"], captured["body"]) == (None, body)


def test_a_number_that_is_too_large_is_refused(client: FlaskClient) -> None:
    body = '{"type": "pet.adopted", "invalid": true, "overrides": {"pet.name": 1e999}}'

    answer = client.post("/_mockstore/emit", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.get_json()["detail"] == "the body is no JSON: the number 1e999 is too large"


def test_an_emitted_event_comes_back_with_its_deliveries(client: FlaskClient, nowhere: str) -> None:
    webhook = subscribe(client, nowhere)

    answer = emit(client, overrides={"adopter": {"name": "Ada Lovelace"}})

    event = answer["data"][0]
    assert (answer["count"], event["type"], event["timestamp"]) == (1, "pet.adopted", "2025-01-06T12:00:00Z")
    assert event["payload"]["data"]["adopter"]["name"] == "Ada Lovelace"
    assert event["payload"]["id"] == event["id"]
    assert event["body"].startswith('{"id":')
    assert [(one["webhookId"], one["eventId"]) for one in event["deliveries"]] == [(webhook, event["id"])]


def test_many_events_come_back_as_the_latest_hundred_and_their_count(client: FlaskClient) -> None:
    answer = emit(client, count=150)

    listed = client.get("/_mockstore/events?page=8&limit=20").get_json()
    assert (answer["count"], len(answer["data"]), listed["pagination"]["totalItems"]) == (150, 100, 150)
    assert answer["data"][-1]["id"] == listed["data"][-1]["id"]


def test_an_event_can_go_to_one_webhook_alone(client: FlaskClient, nowhere: str) -> None:
    _first, second = subscribe(client, nowhere), subscribe(client, nowhere)

    event = emit(client, to=second)["data"][0]

    assert [one["webhookId"] for one in event["deliveries"]] == [second]


@pytest.mark.parametrize(
    ("wanted", "body", "payload"),
    [
        pytest.param({"body": "{broken"}, "{broken", None, id="broken JSON"),
        pytest.param({"body": '{"eventType": "x"}'}, '{"eventType": "x"}', {"eventType": "x"}, id="another payload"),
        pytest.param({"bodyBase64": b64encode(b"\xff\x00").decode()}, "\ufffd\x00", None, id="bytes"),
        pytest.param({"body": "<a/>", "contentType": "application/xml"}, "<a/>", None, id="no JSON at all"),
    ],
)
def test_any_body_can_be_sent_on_purpose(client: FlaskClient, wanted: dict[str, str], body: str, payload: Json) -> None:
    event = emit(client, invalid=True, **wanted)["data"][0]

    assert (event["body"], event["payload"]) == (body, payload)
    assert client.get(f"/_mockstore/events/{event['id']}").get_json() == event


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        pytest.param({}, ["type"], id="no type"),
        pytest.param({"type": "pet.adoptd"}, ["type"], id="unknown type"),
        pytest.param({"type": 7, "count": "many", "invalid": 1}, ["type", "invalid", "count"], id="wrong types"),
        pytest.param({"type": "pet.adopted", "count": 0}, ["count"], id="none"),
        pytest.param({"type": "pet.adopted", "count": 100_001}, ["count"], id="too many"),
        pytest.param({"type": "pet.adopted", "cuont": 2}, ["cuont"], id="unknown member"),
        pytest.param({"type": "pet.adopted", "body": "{", "overrides": {}}, ["body"], id="a body and overrides"),
        pytest.param({"type": "pet.adopted", "bodyBase64": "%"}, ["bodyBase64"], id="no Base64"),
        pytest.param({"type": "pet.adopted", "contentType": "a\nb"}, ["contentType"], id="no content type"),
        pytest.param({"type": "pet.adopted", "body": "{}"}, None, id="a body that breaks the schema"),
        pytest.param({"type": "pet.adopted", "overrides": {"pett.name": "Rex"}}, ["pett.name"], id="unknown path"),
        pytest.param(
            {"type": "pet.adopted", "overrides": {"pet": {"species": "CAR"}, "adopter.email": "x"}},
            ["data.pet.species", "data.adopter.email"],
            id="values that break the schema",
        ),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_with_its_mistakes(
    client: FlaskClient, wanted: dict[str, Any], fields: list[str] | None
) -> None:
    answer = client.post("/_mockstore/emit", json=wanted)

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert fields is None or [error["field"] for error in answer.get_json()["errors"]] == fields
    assert client.get("/_mockstore/events").get_json()["data"] == []


def test_an_event_to_an_unknown_webhook_is_not_found(client: FlaskClient) -> None:
    assert client.post("/_mockstore/emit", json={"type": "pet.adopted", "to": "nobody"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "types"),
    [("", ["pet.adopted", "order.created"]), ("?type=order.created", ["order.created"]), ("?type=none", [])],
)
def test_events_are_listed_oldest_first(client: FlaskClient, query: str, types: list[str]) -> None:
    emit(client)
    emit(client, "order.created")

    assert [event["type"] for event in client.get(f"/_mockstore/events{query}").get_json()["data"]] == types


def test_deliveries_are_listed_and_filtered_by_webhook(client: FlaskClient, nowhere: str) -> None:
    first, _second = subscribe(client, nowhere), subscribe(client, nowhere)
    emit(client)

    everything = client.get("/_mockstore/deliveries").get_json()
    of_first = client.get(f"/_mockstore/deliveries?webhook={first}").get_json()

    assert (len(everything["data"]), [one["webhookId"] for one in of_first["data"]]) == (2, [first])


def test_a_delivery_can_be_sent_again(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    delivery = emit(client)["data"][0]["deliveries"][0]["id"]
    client.post("/_mockstore/settle")

    answer = client.post(f"/_mockstore/deliveries/{delivery}/redeliver")
    client.post("/_mockstore/settle")

    assert (answer.status_code, answer.get_json()["id"]) == (202, delivery)
    assert len(client.get(f"/_mockstore/deliveries/{delivery}").get_json()["attempts"]) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_mockstore/events/x"),
        ("GET", "/_mockstore/deliveries/x"),
        ("POST", "/_mockstore/deliveries/x/redeliver"),
        ("GET", "/_mockstore/schemas/pet.adoptd"),
        ("GET", "/_mockstore/nothing"),
    ],
)
def test_what_is_not_there_is_not_found(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)

    assert (answer.status_code, answer.mimetype, answer.get_json()["instance"]) == (
        404,
        "application/problem+json",
        path,
    )


@pytest.mark.parametrize(
    ("by", "now"),
    [
        ({"by": "5m"}, "2025-01-06T12:05:00Z"),
        ({"by": "1h30m"}, "2025-01-06T13:30:00Z"),
        ({"seconds": 90}, "2025-01-06T12:01:30Z"),
        ({"seconds": 0}, "2025-01-06T12:00:00Z"),
    ],
    ids=["minutes", "hours and minutes", "seconds", "not at all"],
)
def test_the_clock_is_advanced(client: FlaskClient, by: dict[str, Any], now: str) -> None:
    answer = client.post("/_mockstore/clock/advance", json=by)

    assert (answer.status_code, answer.get_json()) == (200, {"now": now, "frozen": True})
    assert client.get("/_mockstore/clock").get_json() == answer.get_json()


@pytest.mark.parametrize(
    ("by", "field"),
    [
        ({}, "by"),
        ({"by": "5m", "seconds": 300}, "by"),
        ({"by": "soon"}, "by"),
        ({"by": "99999999999d"}, "by"),
        ({"by": "999999999999999999999999d"}, "by"),
        ({"by": 5}, "by"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": 1e12}, "seconds"),
        ({"minutes": 5}, "minutes"),
    ],
    ids=["nothing", "both", "no duration", "too far", "beyond numbers", "no text", "back", "too many", "unknown"],
)
def test_an_advance_that_makes_no_sense_is_refused(client: FlaskClient, by: dict[str, Any], field: str) -> None:
    answer = client.post("/_mockstore/clock/advance", json=by)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]
    assert client.get("/_mockstore/clock").get_json()["now"] == "2025-01-06T12:00:00Z"


def test_a_clock_that_runs_can_be_frozen_and_run_again(make_client: MakeClient) -> None:
    client = make_client(clock="system")

    states = [
        client.post(f"/_mockstore/clock/{verb}").get_json()["frozen"] for verb in ("freeze", "freeze", "run", "run")
    ]

    assert states == [True, True, False, False]


def test_an_advance_runs_what_falls_due_on_the_way(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    delivery = emit(client)["data"][0]["deliveries"][0]["id"]

    client.post("/_mockstore/clock/advance", json={"by": "6m"})

    read = client.get(f"/_mockstore/deliveries/{delivery}").get_json()
    assert [attempt["at"] for attempt in read["attempts"]] == [
        "2025-01-06T12:00:00Z",
        "2025-01-06T12:01:00Z",
        "2025-01-06T12:06:00Z",
    ]
    assert read["nextAttemptAt"] == "2025-01-06T12:36:00Z"


def test_settling_says_whether_everything_has_ended(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    emit(client, count=20)

    assert client.post("/_mockstore/settle", json={"timeoutSeconds": 20}).get_json() == {"settled": True}


def test_what_is_held_is_sent_when_it_is_released(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    assert client.post("/_mockstore/hold").status_code == 204
    held = [one["deliveries"][0] for one in emit(client, count=3)["data"]]

    answer = client.post("/_mockstore/release", json={"order": [2, 0]})
    client.post("/_mockstore/settle")

    assert {one["state"] for one in held} == {"held"}
    assert [one["id"] for one in answer.get_json()["data"]] == [held[2]["id"], held[0]["id"]]
    left = client.get("/_mockstore/deliveries?state=held").get_json()["data"]
    assert [one["id"] for one in left] == [held[1]["id"]]


def test_everything_held_is_released_without_an_order(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    client.post("/_mockstore/hold")
    emit(client, count=3)

    answer = client.post("/_mockstore/release")

    assert answer.get_json()["count"] == 3
    assert client.get("/_mockstore/deliveries?state=held").get_json()["data"] == []


@pytest.mark.parametrize("order", [[0], [-1], ["a"], "0", [True]])
def test_an_order_of_what_is_not_held_is_refused(client: FlaskClient, order: object) -> None:
    answer = client.post("/_mockstore/release", json={"order": order})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["order"]


def test_a_reset_forgets_everything_and_starts_time_and_chance_anew(client: FlaskClient, nowhere: str) -> None:
    def play() -> Json:
        subscribe(client, nowhere)
        client.post("/_mockstore/hold")
        event = emit(client)["data"][0]
        client.post(INBOX, data=b"{}")
        client.post("/_mockstore/clock/advance", json={"by": "1h"})
        return event

    first = play()

    answer = client.post("/_mockstore/reset")

    health = client.get("/_mockstore/health?verbose").get_json()
    assert (answer.status_code, health["webhooks"], health["events"]) == (204, 0, 0)
    assert health["clock"]["now"] == "2025-01-06T12:00:00Z"
    assert client.get(INBOX).get_json() == {"data": []}
    assert play() == first


def test_schemas_are_listed_and_whole_in_themselves(client: FlaskClient) -> None:
    types = client.get("/_mockstore/schemas").get_json()["types"]

    schemas = [client.get(f"/_mockstore/schemas/{name}").get_json() for name in types]

    assert len(types) == 6
    assert [schema["properties"]["eventType"]["const"] for schema in schemas] == types


def test_an_unknown_schema_is_answered_with_the_near_matches(client: FlaskClient) -> None:
    assert "did you mean 'pet.adopted'" in client.get("/_mockstore/schemas/pet.adoptd").get_json()["detail"]


def test_tenants_see_nothing_of_each_other(client: FlaskClient, nowhere: str) -> None:
    client.post("/v1/webhooks", json={"url": nowhere, "events": "*"}, headers=ADA)
    client.post("/_mockstore/emit", json={"type": "pet.adopted"}, headers=ADA)
    client.post("/_mockstore/clock/advance", json={"by": "1h"}, headers=ADA)
    client.post(INBOX, data=b"{}", headers=ADA)

    for others in (BOB, {}):
        health = client.get("/_mockstore/health?verbose", headers=others).get_json()
        assert (health["webhooks"], health["events"], health["clock"]["now"]) == (0, 0, "2025-01-06T12:00:00Z")
        assert client.get("/v1/webhooks", headers=others).get_json()["data"] == []
        assert client.get(INBOX, headers=others).get_json()["data"] == []
        client.post("/_mockstore/reset", headers=others)
    assert client.get("/_mockstore/health", headers=ADA).get_json()["webhooks"] == 1


@pytest.mark.parametrize("path", ["/v1/webhooks", "/_mockstore/health", "/_mockstore/events", INBOX])
def test_a_tenant_that_is_no_uuid_is_refused(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"X-Tenant-ID": "ada"})

    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "X-Tenant-ID")


def test_the_inbox_captures_what_is_posted_and_says_what_is_wrong_with_it(client: FlaskClient) -> None:
    client.post(INBOX, data=b'{"eventType": "pet.adopted"}', content_type="application/json")

    received = client.get(INBOX).get_json()["data"][0]

    assert (received["body"], received["event"]) == ('{"eventType": "pet.adopted"}', {"eventType": "pet.adopted"})
    assert (received["attempt"], received["answer"], received["valid"]) == (1, "200", False)
    assert ["Content-Type", "application/json"] in received["headers"]
    assert received["signature"]["ok"] is False
    assert received["signature"]["reason"] == "missing_header"
    assert any(mistake.startswith("signature: ") for mistake in received["mistakes"])


@pytest.mark.parametrize(
    ("answers", "statuses"),
    [
        ([], [200, 200]),
        ([503], [503, 503]),
        ([503, "410", 200], [503, 410, 200, 200]),
        (["reset", 200], [502, 200]),
    ],
    ids=["nothing", "the last repeats", "in turn", "a reset that a test client cannot see"],
)
def test_the_inbox_answers_as_told(client: FlaskClient, answers: list[object], statuses: list[int]) -> None:
    assert client.put(f"{INBOX}/answers", json={"answers": answers}).status_code == 204

    assert [client.post(INBOX, data=b"{}").status_code for _ in statuses] == statuses


@pytest.mark.parametrize(
    "answers", [None, 503, ["sometimes"], [99], [True], [None], ["200 after 99999999999999999999d"]]
)
def test_answers_that_make_no_sense_are_refused(client: FlaskClient, answers: object) -> None:
    answer = client.put(f"{INBOX}/answers", json={"answers": answers})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["answers"]


def test_the_inbox_can_be_cleared(client: FlaskClient) -> None:
    client.post(INBOX, data=b"{}")

    assert client.delete(INBOX).status_code == 204
    assert client.get(INBOX).get_json() == {"data": []}


def test_a_tenants_own_inbox_is_named_in_the_url(client: FlaskClient) -> None:
    client.post(f"{INBOX}?tenant={ADA['X-Tenant-ID']}", data=b"{}")

    assert [len(client.get(INBOX, headers=headers).get_json()["data"]) for headers in (ADA, BOB, {})] == [1, 0, 0]


class BulkReader(Reader):
    """A reader that cannot read single deliveries."""

    def delivery_record(self, delivery_id: str) -> DeliveryRecord:
        raise AssertionError(f"{delivery_id} is read by itself")


@pytest.mark.parametrize("query", ["", "type=pet.adopted", "state=held", "webhook=none"])
def test_a_page_of_deliveries_reads_none_of_them_by_itself(client: FlaskClient, query: str) -> None:
    with Mockstore.in_process(strict=False) as mockstore:
        mockstore.hold()
        mockstore.subscribe("http://127.0.0.1:1/")
        mockstore.emit("pet.adopted")

        with client.application.test_request_context(f"/?{query}"):
            page = deliveries_page(BulkReader(mockstore._parts))  # noqa: SLF001 - what a reader reads

    assert len(page["data"]) == (query != "webhook=none")
