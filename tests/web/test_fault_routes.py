"""The control routes of faults."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockstore import faults
from mockstore.model import Json

FAULTS = "/_mockstore/faults"
EMIT = "/_mockstore/emit"


def subscribe(client: FlaskClient, url: str) -> str:
    answer = client.post("/v1/webhooks", json={"url": url, "events": ["*"]}, headers={"Authorization": "Bearer x"})
    return str(answer.get_json()["id"])


def planned(client: FlaskClient, **told: Json) -> list[Json]:
    """Emit an event, and return the signature of each delivery's attempt."""
    event = client.post(EMIT, json={"type": "pet.adopted", **told}).get_json()["data"][0]
    client.post("/_mockstore/settle")
    deliveries = client.get(f"/_mockstore/events/{event['id']}").get_json()["deliveries"]
    sent = [dict(one["attempts"][0]["request"]["headers"]) for one in deliveries]
    return [headers.get("X-Webhook-Signature") for headers in sent]


def test_every_fault_is_listed_with_what_there_is_to_know(client: FlaskClient) -> None:
    answer = client.get(FAULTS).get_json()

    assert answer["data"] == []
    assert [one["name"] for one in answer["known"]] == [fault.name for fault in faults.ALL]
    assert answer["known"][0] == {
        "name": "missing_signature",
        "group": "forgery",
        "sentence": "The signature header is absent.",
        "goodConsumer": "Answers 401 before it looks at the body.",
        "expects": "reject",
        "actsOn": ["headers"],
        "needsSocket": False,
        "attempts": [],
    }


def test_an_event_can_be_emitted_with_faults(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)

    assert planned(client, fault="missing_signature") == [None]
    assert planned(client, fault=["duplicate_at_once", "empty_signature"]) == ["", ""]


def test_a_rule_befalls_what_comes_later_until_it_is_cleared(client: FlaskClient, nowhere: str) -> None:
    webhook = subscribe(client, nowhere)
    told = {"fault": ["empty_signature"], "to": webhook, "events": ["pet.*"], "attempts": [1], "times": 2}

    added = client.post(FAULTS, json=told)
    listed = client.get(FAULTS).get_json()["data"]
    befallen = planned(client)
    cleared = client.delete(FAULTS)

    assert (added.status_code, added.get_json(), listed) == (201, told, [told])
    assert befallen == [""]
    assert cleared.status_code == 204
    assert client.get(FAULTS).get_json()["data"] == []
    assert planned(client) != [""]


def test_the_rules_of_a_tenant_are_its_own(client: FlaskClient) -> None:
    client.post(FAULTS, json={"fault": "duplicate"}, headers={"X-Tenant-ID": "019b4132-70aa-764f-b315-e2803d882a24"})

    assert client.get(FAULTS).get_json()["data"] == []


@pytest.mark.parametrize(
    ("told", "status", "text"),
    [
        pytest.param({}, 422, "send a text or a list of texts", id="nothing"),
        pytest.param({"fault": 1}, 422, "must be a text or a list of texts", id="a number"),
        pytest.param({"fault": "duplicat"}, 422, "did you mean 'duplicate'", id="an unknown fault"),
        pytest.param({"fault": "duplicate", "events": "pet.adoptd"}, 422, "did you mean 'pet.adopted'", id="event"),
        pytest.param({"fault": "duplicate", "attempts": [0]}, 422, "are no attempts", id="attempts"),
        pytest.param({"fault": "duplicate", "times": 0}, 422, "must be 1 or more", id="times"),
        pytest.param({"fault": "duplicate", "to": "nobody"}, 404, "no webhook 'nobody'", id="an unknown webhook"),
        pytest.param({"fault": "duplicate", "now": True}, 422, "is unknown; allowed: fault", id="a stranger"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    client: FlaskClient, told: dict[str, Any], status: int, text: str
) -> None:
    answer = client.post(FAULTS, json=told)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert text in answer.get_data(as_text=True)
    assert client.get(FAULTS).get_json()["data"] == []


def test_an_unknown_fault_of_an_emission_is_refused(client: FlaskClient) -> None:
    answer = client.post(EMIT, json={"type": "pet.adopted", "fault": "duplicat"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["fault"]


def test_a_position_that_is_named_twice_is_released_as_two_deliveries(client: FlaskClient, nowhere: str) -> None:
    subscribe(client, nowhere)
    client.post("/_mockstore/hold")
    client.post(EMIT, json={"type": "pet.adopted", "count": 2})

    released = client.post("/_mockstore/release", json={"order": [1, 0, 1]}).get_json()["data"]

    assert len({one["id"] for one in released}) == 3
    assert released[0]["eventId"] == released[2]["eventId"] != released[1]["eventId"]
