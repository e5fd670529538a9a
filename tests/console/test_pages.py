"""The HTML of the pages: each answers 200, sets a Content-Security-Policy, and escapes texts and secrets."""

import re
from html import escape

import pytest
from flask.testing import FlaskClient

from mockstore.model import Outgoing, Reply
from mockstore.service import Mockstore
from mockstore.web.console.paths import POLICY

ADA = "019b4132-70aa-764f-b315-e2803d882a24"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
CONSOLE = "/_mockstore/console"


@pytest.fixture
def delivery(mockstore: Mockstore) -> str:
    """The id of a delivery with hostile text in its type, body, description, response and response headers."""

    def receive(_request: Outgoing) -> Reply:
        return Reply(400, (("X-Answer", HOSTILE),), HOSTILE.encode())

    mockstore.subscribe(receive, description=HOSTILE)
    event = mockstore.emit(HOSTILE, body=HOSTILE, invalid=True)
    mockstore.settle()
    return event.delivery.id


def pages(mockstore: Mockstore, delivery: str) -> list[str]:
    webhook, event = next(iter(mockstore.webhooks)).id, mockstore.delivery(delivery).event.id
    return [
        "/_mockstore/",
        f"{CONSOLE}/emit",
        f"{CONSOLE}/webhooks",
        f"{CONSOLE}/webhooks/{webhook}",
        f"{CONSOLE}/events/{event}",
        f"{CONSOLE}/deliveries/{delivery}",
        f"{CONSOLE}/scenarios",
        f"{CONSOLE}/scenarios/ack-lost",
    ]


def test_every_page_answers_under_the_policy_with_nothing_inline(
    client: FlaskClient, mockstore: Mockstore, delivery: str
) -> None:
    for path in pages(mockstore, delivery):
        answer = client.get(path)

        assert (answer.status_code, answer.mimetype) == (200, "text/html"), path
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.findall(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son\w+=\"", answer.text) == []


def test_hostile_text_is_escaped_wherever_it_shows(client: FlaskClient, mockstore: Mockstore, delivery: str) -> None:
    texts = [client.get(path).text for path in pages(mockstore, delivery)]

    assert all("<script>alert" not in text and "<img src=x" not in text for text in texts)
    assert (
        sum(str(escape(HOSTILE)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text for text in texts) >= 5
    )


def test_a_secret_is_masked_on_every_page(client: FlaskClient, mockstore: Mockstore, delivery: str) -> None:
    secret = next(iter(mockstore.webhooks)).secret

    assert not any(secret in client.get(path).text for path in pages(mockstore, delivery))


def test_the_files_of_a_page_are_kept_for_ever_under_an_address_that_changes_with_them(client: FlaskClient) -> None:
    found = re.findall(r'(?:href|src)="(/_mockstore/console/static/[^"]+)"', client.get("/_mockstore/").text)

    answers = [client.get(path) for path in found]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["Cache-Control"] for answer in answers} == {"private, max-age=31536000, immutable"}
    assert {answer.mimetype for answer in answers} == {"text/css", "text/javascript", "image/svg+xml"}


@pytest.mark.parametrize(
    "path",
    ["/deliveries/none", "/events/none", "/webhooks/none", "/scenarios/none", "/static/1/none.css", "/static/1/..css"],
)
def test_what_does_not_exist_is_answered_by_a_page(client: FlaskClient, path: str) -> None:
    answer = client.get(CONSOLE + path)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert 'id="problem"' in answer.text


def test_the_json_routes_stay_as_they_are(client: FlaskClient) -> None:
    assert client.get("/_mockstore/clock").json == {"now": "2025-01-06T12:00:00Z", "frozen": True}


def test_a_tenant_is_chosen_by_id_and_has_a_list_of_its_own(client: FlaskClient) -> None:
    client.post(f"{CONSOLE}/emit", data={"type": "pet.adopted", "tenant": ADA})

    own, shared = client.get("/_mockstore/", query_string={"tenant": ADA}).text, client.get("/_mockstore/").text

    assert (own.count('<span class="type">pet.adopted'), shared.count('<span class="type">pet.adopted')) == (1, 0)
    assert f"<option>{ADA}</option>" in shared
    assert f'name="tenant" value="{ADA}"' in own


def test_an_invalid_tenant_is_refused_with_a_message(client: FlaskClient) -> None:
    answer = client.get("/_mockstore/?tenant=<b>")

    assert (answer.status_code, answer.mimetype) == (422, "text/plain")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param("", ["pet.adopted", "order.created"], id="all, newest first"),
        pytest.param("?type=order.created", ["order.created"], id="type"),
        pytest.param("?state=delivered", [], id="state"),
        pytest.param("?rows=1", ["pet.adopted"], id="number of lines"),
        pytest.param("?rows=x", ["pet.adopted", "order.created"], id="no number of lines"),
    ],
)
def test_the_list_is_filtered(client: FlaskClient, mockstore: Mockstore, query: str, shown: list[str]) -> None:
    mockstore.emit("order.created")
    mockstore.emit("pet.adopted")

    found = re.findall(r'<span class="type">([^<]+)', client.get(f"/_mockstore/{query}").text)

    assert found == shown
