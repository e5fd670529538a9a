"""The routes for `mockstore.remote` refuse invalid requests."""

from typing import TYPE_CHECKING

import pytest

from mockstore.model import Json
from tests.web.conftest import detail

if TYPE_CHECKING:
    from flask.testing import FlaskClient

RECORDS = "/_mockstore/records"
SCENARIO = "scenario: empty\nsteps: []\n"


@pytest.mark.parametrize(
    "answer",
    [
        1,
        "503",
        None,
        [],
        {"status": 200, "headers": 1},
        {"body": "text"},
        {"body": {"text": 1}},
        {"after": {}},
        {"outcome": "sleeps"},
    ],
    ids=str,
)
def test_what_is_no_answer_of_an_inbox_is_refused(client: "FlaskClient", answer: Json) -> None:
    inbox = client.post(f"{RECORDS}/inboxes", json={"events": "*"}).get_json()["id"]

    refused = client.put(f"{RECORDS}/inboxes/{inbox}/answers", json={"answers": [answer]})

    assert "answers are those of mockstore.Answer" in detail(refused, 422)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("process", []),
        ("process", ["id"]),
        ("process", ["id", {}, 3]),
        ("process", [1, {}]),
        ("pets.add", []),
        ("pets.add", [1]),
        ("pets.add", [None]),
        ("pets.find", [[]]),
        ("pets.find", ["cats"]),
        ("pets.get", [{}]),
        ("pets.update", ["id", 1]),
        ("pets.adopt", [[], {}]),
        ("orders.place", ["id"]),
        ("payments.pay", ["id", []]),
        ("users.create", ["ada"]),
    ],
    ids=str,
)
def test_a_verb_of_the_shop_refuses_arguments_that_it_does_not_take(
    client: "FlaskClient", verb: str, arguments: list[Json]
) -> None:
    refused = client.post(f"{RECORDS}/shop", json={"verb": verb, "arguments": arguments})

    assert refused.status_code in (404, 422), refused.text


def test_who_stands_behind_the_webhooks_of_a_play_is_told_as_texts(client: "FlaskClient") -> None:
    refused = client.post(f"{RECORDS}/play", json={"text": SCENARIO, "source": "here", "to": {"x": {}}})

    assert "must be an object of texts" in refused.text
    assert refused.status_code == 422
