"""Forms of the console without JavaScript: a POST does its work and redirects the browser."""

import pytest
from flask.testing import FlaskClient

from mockstore.handles import Webhook
from mockstore.model import DeliveryState, Outgoing
from mockstore.service import Mockstore

CONSOLE = "/_mockstore/console"


@pytest.fixture
def answers() -> list[int]:
    return [200]


@pytest.fixture
def webhook(mockstore: Mockstore, answers: list[int]) -> Webhook:
    def receive(_request: Outgoing) -> int:
        return answers[0]

    return mockstore.subscribe(receive)


def post(client: FlaskClient, path: str, **form: str) -> str:
    """Post the form and return the URL that it redirects to."""
    answer = client.post(f"{CONSOLE}/{path}", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def refused_status(client: FlaskClient, path: str, **form: str) -> int:
    answer = client.post(f"{CONSOLE}/{path}", data=form)
    assert 'id="problem"' in answer.text
    return answer.status_code


def test_events_are_emitted_with_fields_over_json(client: FlaskClient, mockstore: Mockstore) -> None:
    form = {"type": "pet.adopted", "count": "2", "overrides": '{"pet": {"name": "Ada"}}', "data.pet.species": "CAT"}

    location = post(client, "emit", **form)

    assert location == "/_mockstore/?notice=emitted&n=2"
    assert [event.data["pet"]["name"] for event in mockstore.events] == ["Ada", "Ada"]
    assert {event.data["pet"]["species"] for event in mockstore.events} == {"CAT"}
    assert "Emitted 2." in client.get(location).text


def test_a_fault_is_planned(client: FlaskClient, mockstore: Mockstore, webhook: Webhook) -> None:
    post(client, "emit", type="pet.adopted", fault="duplicate", to=webhook.id)

    assert [fault.name for fault in mockstore.events[0].deliveries[0].record.faults] == ["duplicate"]


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        pytest.param("emit", {"type": "pet.adoptd"}, 422, id="unknown type"),
        pytest.param("emit", {"type": "pet.adopted", "count": "0"}, 422, id="no event"),
        pytest.param("emit", {"type": "pet.adopted", "count": "1e9"}, 422, id="no count"),
        pytest.param("emit", {"type": "pet.adopted", "overrides": "[]"}, 422, id="no object"),
        pytest.param("emit", {"type": "pet.adopted", "overrides": "{"}, 422, id="no JSON"),
        pytest.param("emit", {"type": "pet.adopted", "overrides": '{"pet.name": "\\ud800"}'}, 422, id="half a letter"),
        pytest.param("emit", {"type": "pet.adopted", "data.pet.species": "DRAGON"}, 422, id="breaks the schema"),
        pytest.param("emit", {"type": "pet.adopted", "fault": "none"}, 422, id="unknown fault"),
        pytest.param("emit", {"type": "pet.adopted", "to": "none"}, 404, id="unknown webhook"),
        pytest.param("webhooks", {"url": "ftp://a", "events": "*"}, 422, id="no URL"),
        pytest.param("control/advance", {"by": "soon"}, 422, id="no span"),
        pytest.param("control/advance", {"by": "9999999999999d"}, 422, id="too far"),
        pytest.param("control/jump", {}, 404, id="unknown control"),
        pytest.param("deliveries/none/redeliver", {}, 404, id="unknown delivery"),
        pytest.param("scenarios/ack-lost", {"secret.shop": "s"}, 422, id="a secret without a URL"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_happens(
    client: FlaskClient, mockstore: Mockstore, path: str, form: dict[str, str], status: int
) -> None:
    assert refused_status(client, path, **form) == status
    assert (len(mockstore.events), len(mockstore.webhooks)) == (0, 0)


def test_a_webhook_lives_from_registration_to_deletion(client: FlaskClient, mockstore: Mockstore) -> None:
    page = client.post(f"{CONSOLE}/webhooks", data={"url": "http://127.0.0.1:9/a", "events": "pet.*, order.created"})
    (webhook,) = mockstore.webhooks
    path, first = f"webhooks/{webhook.id}", webhook.secret
    assert first in page.text
    assert webhook.events == ("pet.*", "order.created")

    post(client, path, url="http://127.0.0.1:9/b", events="*", description="b", signatures="standard-webhooks")
    assert (webhook.url, webhook.record.description) == ("http://127.0.0.1:9/b", "b")
    assert webhook.record.signatures == ("standard-webhooks",)
    post(client, f"{path}/disable")
    assert webhook.status == "disabled"
    assert refused_status(client, f"{path}/test", type="pet.adopted") == 409
    post(client, f"{path}/enable")
    assert webhook.status == "active"
    rotated = client.post(f"{CONSOLE}/{path}/rotate", data={"overlap": "10m"})
    assert webhook.secret != first
    assert webhook.secret in rotated.text
    assert first not in rotated.text
    post(client, f"{path}/delete")
    assert len(mockstore.webhooks) == 0


def test_what_failed_is_recovered_and_what_was_delivered_sent_again(
    client: FlaskClient, mockstore: Mockstore, webhook: Webhook, answers: list[int]
) -> None:
    answers[0] = 500
    location = post(client, f"webhooks/{webhook.id}/test", type="pet.adopted")
    (delivery,) = mockstore.deliveries
    assert location.startswith(f"{CONSOLE}/deliveries/{delivery.id}")
    post(client, "control/advance", by="3h")
    assert delivery.state in ("failed", "discarded")
    answers[0] = 200
    post(client, f"webhooks/{webhook.id}/enable")

    assert post(client, f"webhooks/{webhook.id}/recover").endswith("notice=recovered&n=1")
    mockstore.settle()
    assert delivery.state == "delivered"
    post(client, f"deliveries/{delivery.id}/redeliver")
    mockstore.settle()
    assert len(delivery.attempts) == 7


def test_the_flow_is_held_released_and_reset(client: FlaskClient, mockstore: Mockstore, webhook: Webhook) -> None:
    post(client, "control/hold")
    post(client, "emit", type="pet.adopted", to=webhook.id)
    assert mockstore.deliveries[0].state is DeliveryState.HELD
    assert "New deliveries are held back." in client.get(f"{CONSOLE}/webhooks").text

    assert post(client, "control/release").endswith("notice=released&n=1")
    post(client, "control/reset")

    assert (len(mockstore.events), len(mockstore.webhooks)) == (0, 0)


@pytest.mark.parametrize(
    ("back", "location"),
    [
        pytest.param("", "/_mockstore/?notice=frozen", id="the list"),
        pytest.param("console/deliveries/1", "/_mockstore/console/deliveries/1?notice=frozen", id="a page"),
        pytest.param("//evil.test/", "/_mockstore///evil.test/?notice=frozen", id="never another server"),
    ],
)
def test_the_clock_is_stopped_from_any_page_and_leads_back_there(client: FlaskClient, back: str, location: str) -> None:
    assert post(client, "control/freeze", back=back) == location


def test_a_scenario_is_played_in_a_world_of_its_own(client: FlaskClient, mockstore: Mockstore) -> None:
    page = client.get(post(client, "scenarios/ack-lost"))

    assert (page.status_code, ">passed</span>" in page.text) == (200, True)
    assert len(mockstore.events) == 0
