"""The table of contract 1.4, row by row, without a socket."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import MakeClient

BASE = "/v1/webhooks"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://shop.example.com/hooks"
UNKNOWN = f"{BASE}/019b4132-70aa-764f-b315-e2803d882a24"


def registered(client: FlaskClient, **wanted: object) -> dict[str, Any]:
    answer = client.post(BASE, json={"url": URL, "events": ["*"]} | wanted)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def problem(answer: TestResponse) -> dict[str, Any]:
    assert answer.mimetype == "application/problem+json"
    document: dict[str, Any] = answer.get_json()
    assert document["status"] == answer.status_code
    return document


def test_registering_answers_with_the_whole_registration_and_where_it_is(client: FlaskClient) -> None:
    answer = client.post(BASE, json={"url": URL, "events": ["pet.adopted", "order.*"], "secret": SECRET})

    assert answer.status_code == 201
    assert answer.get_json() == {
        "id": answer.get_json()["id"],
        "url": URL,
        "events": ["pet.adopted", "order.*"],
        "secret": SECRET,
        "status": "active",
        "createdAt": "2025-01-06T12:00:00Z",
    }
    assert answer.headers["Location"] == f"{BASE}/{answer.get_json()['id']}"
    assert client.get(answer.headers["Location"]).get_json()["id"] == answer.get_json()["id"]


def test_a_secret_is_made_when_none_is_given(client: FlaskClient) -> None:
    first, second = registered(client), registered(client, secret=None)

    assert first["secret"].startswith("whsec_")
    assert first["secret"] != second["secret"]


def test_a_description_and_signatures_are_kept(client: FlaskClient) -> None:
    told = {"description": "the shop", "signatures": ["petstore", "standard-webhooks"]}

    made = registered(client, **told)

    assert {name: client.get(f"{BASE}/{made['id']}").get_json()[name] for name in told} == told


def test_the_same_url_and_events_may_be_registered_twice(client: FlaskClient) -> None:
    assert registered(client)["id"] != registered(client)["id"]


def test_members_that_are_not_known_are_ignored(client: FlaskClient) -> None:
    assert "colour" not in registered(client, colour="red")


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        pytest.param({}, ["url", "events"], id="nothing"),
        pytest.param({"url": 7, "events": {}}, ["url", "events"], id="wrong types"),
        pytest.param({"url": "shop", "events": ["pet.adoptd"]}, ["url", "events"], id="both make no sense"),
        pytest.param({"url": URL, "events": []}, ["events"], id="no events"),
        pytest.param({"url": URL, "events": [7]}, ["events"], id="events that are no names"),
        pytest.param({"url": "ftp://shop.test/", "events": "*"}, ["url"], id="no http"),
        pytest.param({"url": "//shop.test/", "events": "*"}, ["url"], id="not absolute"),
        pytest.param({"url": "http://:80/", "events": "*"}, ["url"], id="no host"),
        pytest.param({"url": URL, "events": "*", "secret": ""}, ["secret"], id="empty secret"),
        pytest.param({"url": URL, "events": "*", "secret": 7}, ["secret"], id="secret that is no text"),
        pytest.param({"url": URL, "events": "*", "description": 7}, ["description"], id="description"),
        pytest.param({"url": URL, "events": "*", "signatures": ["pgp"]}, ["signatures"], id="unknown scheme"),
    ],
)
def test_what_makes_no_sense_is_refused_with_all_mistakes_and_nothing_is_registered(
    client: FlaskClient, wanted: dict[str, Any], fields: list[str]
) -> None:
    found = problem(client.post(BASE, json=wanted))

    assert found["status"] == 422
    assert found["type"] == "https://petstoreapi.com/errors/validation-error"
    assert [error["field"] for error in found["errors"]] == fields
    assert all(error["message"] and error["code"] for error in found["errors"])
    assert client.get(BASE).get_json()["pagination"]["totalItems"] == 0


def test_an_unknown_event_is_answered_with_the_near_matches(client: FlaskClient) -> None:
    found = problem(client.post(BASE, json={"url": URL, "events": ["pet.adoptd"]}))

    assert "did you mean 'pet.adopted'" in found["errors"][0]["message"]


def test_plain_http_can_be_forbidden(make_client: MakeClient) -> None:
    client = make_client(require_https=True)

    found = problem(client.post(BASE, json={"url": "http://shop.test/", "events": "*"}))

    assert [error["field"] for error in found["errors"]] == ["url"]
    assert registered(client)["url"] == URL


def test_reads_mask_the_secret(client: FlaskClient) -> None:
    made = registered(client, secret=SECRET)

    read = client.get(f"{BASE}/{made['id']}").get_json()
    listed = client.get(BASE).get_json()["data"]

    assert read == made | {"secret": "whsec_…LaSw"}
    assert listed == [read]


@pytest.mark.parametrize(
    ("query", "page", "limit", "numbers"),
    [
        pytest.param("", 1, 20, range(20), id="twenty by default"),
        pytest.param("?page=2", 2, 20, range(20, 25), id="the rest"),
        pytest.param("?limit=10&page=3", 3, 10, range(20, 25), id="a smaller page"),
        pytest.param("?limit=100", 1, 100, range(25), id="the largest page"),
        pytest.param("?page=9", 9, 20, range(0), id="past the end"),
        pytest.param("?colour=red", 1, 20, range(20), id="an unknown parameter"),
    ],
)
def test_the_list_comes_in_pages(client: FlaskClient, query: str, page: int, limit: int, numbers: range) -> None:
    for number in range(25):
        registered(client, description=str(number))

    answer = client.get(f"{BASE}{query}").get_json()

    assert [one["description"] for one in answer["data"]] == [str(number) for number in numbers]
    assert answer["pagination"] == {
        "page": page,
        "limit": limit,
        "totalItems": 25,
        "totalPages": -(-25 // limit),
    }


@pytest.mark.parametrize("path", [BASE, f"{BASE}/{{id}}/deliveries", "/_mockstore/events", "/_mockstore/deliveries"])
@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", ["page"]),
        ("limit=101", ["limit"]),
        ("limit=0", ["limit"]),
        ("page=-1&limit=x", ["page", "limit"]),
        ("page=1.5", ["page"]),
        ("page=٣", ["page"]),
        (f"page={'9' * 5000}", ["page"]),
        ("page=", ["page"]),
    ],
    ids=["page 0", "limit 101", "limit 0", "both", "fraction", "arabic digit", "endless", "empty"],
)
def test_a_page_that_cannot_be_is_refused(client: FlaskClient, path: str, query: str, fields: list[str]) -> None:
    made = registered(client)

    found = problem(client.get(f"{path.format(id=made['id'])}?{query}"))

    assert found["status"] == 422
    assert [error["field"] for error in found["errors"]] == fields


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://other.example.com/"},
        {"events": ["order.created"]},
        {"description": "another"},
        {"description": None},
        {"signatures": ["standard-webhooks"]},
        {"status": "disabled"},
        {"url": "https://other.example.com/", "events": ["pet.*"]},
    ],
    ids=lambda change: " and ".join(f"{name} {value}" for name, value in change.items()),
)
def test_what_is_named_is_changed_and_the_rest_stays(
    client: FlaskClient, method: str, change: dict[str, object]
) -> None:
    made = registered(client, description="the shop")
    before = client.get(f"{BASE}/{made['id']}").get_json()

    answer = client.open(f"{BASE}/{made['id']}", method=method, json=change)

    expected = {name: value for name, value in (before | change).items() if value is not None}
    assert (answer.status_code, answer.get_json()) == (200, expected)
    assert client.get(f"{BASE}/{made['id']}").get_json() == expected


def test_what_was_read_can_be_sent_back_without_losing_the_secret(client: FlaskClient) -> None:
    made = registered(client, secret=SECRET)
    read = client.get(f"{BASE}/{made['id']}").get_json()

    answer = client.put(f"{BASE}/{made['id']}", json=read)
    rotated = client.post(f"{BASE}/{made['id']}/rotate-secret", json={"overlapSeconds": 0})

    assert answer.get_json() == read
    assert rotated.status_code == 200


def test_a_merge_patch_may_say_that_it_is_one(client: FlaskClient) -> None:
    made = registered(client)

    answer = client.patch(
        f"{BASE}/{made['id']}", data='{"status": "disabled"}', content_type="application/merge-patch+json"
    )

    assert answer.get_json()["status"] == "disabled"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"url": None}, ["url"]),
        ({"url": "shop", "events": "nothing", "status": "asleep"}, ["url", "events", "status"]),
        ({"secret": ""}, ["secret"]),
        ({"description": 7, "signatures": 7}, ["description", "signatures"]),
    ],
    ids=["no url", "three", "empty secret", "wrong types"],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    client: FlaskClient, change: dict[str, object], fields: list[str]
) -> None:
    made = registered(client)
    before = client.get(f"{BASE}/{made['id']}").get_json()

    found = problem(client.patch(f"{BASE}/{made['id']}", json={"description": "new"} | change))

    assert (found["status"], [error["field"] for error in found["errors"]]) == (422, fields)
    assert client.get(f"{BASE}/{made['id']}").get_json() == before


def test_deleting_discards_what_was_still_to_come(client: FlaskClient, nowhere: str) -> None:
    made = registered(client, url=nowhere)
    delivery = client.post("/_mockstore/emit", json={"type": "pet.adopted"}).get_json()["data"][0]["deliveries"][0]
    client.post("/_mockstore/settle")

    answer = client.delete(f"{BASE}/{made['id']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    left = client.get(f"/_mockstore/deliveries/{delivery['id']}").get_json()
    assert (left["state"], left["reason"], left["url"]) == ("discarded", "the webhook was deleted", nowhere)
    assert problem(client.get(f"{BASE}/{made['id']}"))["status"] == 404


@pytest.mark.parametrize(
    ("events", "asked", "sent"),
    [
        pytest.param(["payment.failed", "pet.adopted"], None, "payment.failed", id="the first it subscribes to"),
        pytest.param(["pet.*"], None, "pet.adopted", id="the first of its pattern"),
        pytest.param(["*"], None, "order.created", id="the first of all"),
        pytest.param(["pet.*"], "order.created", "order.created", id="the one named"),
    ],
)
def test_a_test_sends_a_sample_event_to_this_webhook_alone(
    client: FlaskClient, nowhere: str, events: list[str], asked: str | None, sent: str
) -> None:
    made, _other = registered(client, url=nowhere, events=events), registered(client, url=nowhere)

    answer = client.post(f"{BASE}/{made['id']}/test", json={} if asked is None else {"eventType": asked})

    assert answer.status_code == 202
    assert (answer.get_json()["eventType"], answer.get_json()["webhookId"], answer.get_json()["url"]) == (
        sent,
        made["id"],
        nowhere,
    )
    assert client.get("/_mockstore/deliveries").get_json()["pagination"]["totalItems"] == 1


def test_a_test_needs_no_body(client: FlaskClient, nowhere: str) -> None:
    made = registered(client, url=nowhere)

    assert client.post(f"{BASE}/{made['id']}/test").status_code == 202


def test_a_test_of_an_unknown_event_names_the_member(client: FlaskClient) -> None:
    made = registered(client)

    found = problem(client.post(f"{BASE}/{made['id']}/test", json={"eventType": "pet.adoptd"}))

    assert [error["field"] for error in found["errors"]] == ["eventType"]


def test_a_disabled_webhook_takes_no_test_no_redelivery_and_no_recovery(client: FlaskClient, nowhere: str) -> None:
    made = registered(client, url=nowhere)
    delivery = client.post(f"{BASE}/{made['id']}/test").get_json()["id"]
    client.patch(f"{BASE}/{made['id']}", json={"status": "disabled"})

    answers = [
        client.post(f"{BASE}/{made['id']}/{verb}") for verb in ("test", f"deliveries/{delivery}/redeliver", "recover")
    ]

    for answer in answers:
        assert problem(answer)["type"] == "https://petstoreapi.com/errors/conflict"
        assert "enable it first" in answer.get_json()["detail"]


def test_rotating_answers_with_the_new_secret(client: FlaskClient) -> None:
    made = registered(client, secret=SECRET)

    answer = client.post(f"{BASE}/{made['id']}/rotate-secret", json={"overlapSeconds": 60})

    assert answer.status_code == 200
    assert answer.get_json() == made | {"secret": answer.get_json()["secret"]}
    assert answer.get_json()["secret"] not in (SECRET, "whsec_…LaSw")
    assert answer.get_json()["secret"].startswith("whsec_")


@pytest.mark.parametrize("overlap", [-1, "60", True, 1e300, [60]])
def test_an_overlap_that_is_no_time_is_refused(client: FlaskClient, overlap: object) -> None:
    made = registered(client, secret=SECRET)

    found = problem(client.post(f"{BASE}/{made['id']}/rotate-secret", json={"overlapSeconds": overlap}))

    assert [error["field"] for error in found["errors"]] == ["overlapSeconds"]


def failed_delivery(client: FlaskClient, url: str) -> tuple[str, str]:
    """Return the ids of a webhook that was disabled and enabled again, and of the delivery that failed."""
    made = registered(client, url=url)
    delivery = client.post(f"{BASE}/{made['id']}/test").get_json()
    client.post("/_mockstore/clock/advance", json={"by": "96m"})
    assert client.get(f"{BASE}/{made['id']}").get_json()["status"] == "disabled"
    client.patch(f"{BASE}/{made['id']}", json={"status": "active"})
    return made["id"], delivery["id"]


def test_the_history_has_every_attempt(client: FlaskClient, nowhere: str) -> None:
    webhook, delivery = failed_delivery(client, nowhere)

    listed = client.get(f"{BASE}/{webhook}/deliveries").get_json()
    read = client.get(f"{BASE}/{webhook}/deliveries/{delivery}").get_json()

    assert listed["data"] == [read]
    assert listed["pagination"]["totalItems"] == 1
    assert (read["state"], read["nextAttemptAt"]) == ("failed", None)
    assert [attempt["offsetSeconds"] for attempt in read["attempts"]] == [0, 60, 360, 2160, 5760]
    assert {attempt["outcome"] for attempt in read["attempts"]} == {"unreachable"}
    assert ["X-Webhook-Attempt", "5"] in read["attempts"][-1]["request"]["headers"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("state=failed", 1), ("state=delivered", 0), ("type=order.created", 1), ("type=pet.adopted", 0)],
)
def test_the_history_can_be_filtered(client: FlaskClient, nowhere: str, query: str, found: int) -> None:
    webhook, _ = failed_delivery(client, nowhere)

    assert client.get(f"{BASE}/{webhook}/deliveries?{query}").get_json()["pagination"]["totalItems"] == found


def test_an_unknown_state_is_refused_with_the_known_ones(client: FlaskClient) -> None:
    found = problem(client.get("/_mockstore/deliveries?state=lost"))

    assert "held, pending, delivered, failed, discarded" in found["errors"][0]["message"]


def test_a_secret_that_makes_no_key_for_standard_webhooks_is_refused(client: FlaskClient) -> None:
    both = {"secret": "whsec_not base64?", "signatures": ["standard-webhooks"]}
    plain = registered(client, secret=both["secret"])["id"]
    standard = registered(client, signatures=both["signatures"])["id"]

    refused = [
        client.post(BASE, json={"url": URL, "events": "*", **both}),
        client.patch(f"{BASE}/{plain}", json={"signatures": both["signatures"]}),
        client.patch(f"{BASE}/{standard}", json={"secret": both["secret"]}),
    ]
    taken = client.patch(f"{BASE}/{plain}", json={"signatures": both["signatures"], "secret": SECRET})

    assert [answer.status_code for answer in refused] == [422, 422, 422]
    assert [problem(answer)["errors"][0]["field"] for answer in refused] == ["secret", "signatures", "secret"]
    assert "what follows whsec_ has to be base64" in problem(refused[0])["detail"]
    assert taken.status_code == 200


def test_a_redelivery_starts_the_ladder_anew(client: FlaskClient, nowhere: str) -> None:
    webhook, delivery = failed_delivery(client, nowhere)

    answer = client.post(f"{BASE}/{webhook}/deliveries/{delivery}/redeliver", data="{", content_type="text/plain")
    client.post("/_mockstore/settle")

    assert (answer.status_code, answer.get_json()["id"]) == (202, delivery)
    read = client.get(f"{BASE}/{webhook}/deliveries/{delivery}").get_json()
    assert (read["state"], len(read["attempts"])) == ("pending", 6)


@pytest.mark.parametrize(
    ("since", "recovered"),
    [
        pytest.param({}, 1, id="ever"),
        pytest.param({"since": "2025-01-06T12:00:00Z"}, 1, id="since it was made"),
        pytest.param({"since": "2025-01-06T13:00:00+01:00"}, 1, id="since then in another zone"),
        pytest.param({"since": "2025-01-06T12:00:01Z"}, 0, id="since later"),
    ],
)
def test_a_recovery_starts_anew_what_failed_since_then(
    client: FlaskClient, nowhere: str, since: dict[str, str], recovered: int
) -> None:
    webhook, delivery = failed_delivery(client, nowhere)

    answer = client.post(f"{BASE}/{webhook}/recover", json=since)

    assert (answer.status_code, answer.get_json()["count"]) == (202, recovered)
    assert [one["id"] for one in answer.get_json()["data"]] == [delivery] * recovered


@pytest.mark.parametrize("since", ["yesterday", "2025-01-06T12:00:00", "", 7])
def test_a_recovery_since_no_time_is_refused(client: FlaskClient, since: object) -> None:
    made = registered(client)

    found = problem(client.post(f"{BASE}/{made['id']}/recover", json={"since": since}))

    assert [error["field"] for error in found["errors"]] == ["since"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", UNKNOWN),
        ("PUT", UNKNOWN),
        ("PATCH", UNKNOWN),
        ("DELETE", UNKNOWN),
        ("POST", f"{UNKNOWN}/test"),
        ("POST", f"{UNKNOWN}/rotate-secret"),
        ("GET", f"{UNKNOWN}/deliveries"),
        ("GET", f"{UNKNOWN}/deliveries/x"),
        ("POST", f"{UNKNOWN}/deliveries/x/redeliver"),
        ("POST", f"{UNKNOWN}/recover"),
    ],
)
def test_an_unknown_webhook_is_not_found(client: FlaskClient, method: str, path: str) -> None:
    found = problem(client.open(path, method=method, json={}))

    assert (found["status"], found["type"]) == (404, "https://petstoreapi.com/errors/not-found")
    assert found["instance"] == path


def test_a_delivery_to_another_webhook_is_not_found(client: FlaskClient, nowhere: str) -> None:
    made, other = registered(client, url=nowhere), registered(client, url=nowhere)
    delivery = client.post(f"{BASE}/{made['id']}/test").get_json()["id"]

    answers = [
        client.get(f"{BASE}/{other['id']}/deliveries/{delivery}"),
        client.post(f"{BASE}/{other['id']}/deliveries/{delivery}/redeliver"),
    ]

    assert [problem(answer)["status"] for answer in answers] == [404, 404]
