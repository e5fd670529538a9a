"""The pet adviser over HTTP: one JSON document, or server-sent events (contract 2)."""

import json
from typing import Any

import pytest
from werkzeug.test import Client

from mockstore.petstore.documents import check

ASKED = {"messages": [{"role": "USER", "content": "Which small dog is good with children?"}]}


def _pieces(text: str) -> list[dict[str, Any]]:
    """Return the chunks of a stream; assert that it ends with `[DONE]`."""
    *events, last, rest = text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


@pytest.mark.parametrize("options", [{}, {"stream": True}], ids=["by default", "when it is asked for"])
def test_an_answer_comes_in_pieces(client: Client, options: dict[str, bool]) -> None:
    answer = client.post("/v1/chat/completions", json={**ASKED, **options})

    pieces = _pieces(answer.text)
    assert (answer.status_code, answer.mimetype) == (201, "text/event-stream")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert [mistake for piece in pieces for mistake in check("chat-chunk", piece)] == []
    assert pieces[-1]["choices"][0]["finishReason"] == "stop"


def test_the_pieces_make_up_the_answer_that_comes_whole(client: Client) -> None:
    streamed = _pieces(client.post("/v1/chat/completions", json=ASKED).text)
    whole = client.post("/v1/chat/completions", json={**ASKED, "stream": False}).get_json()

    text = "".join(piece["choices"][0]["delta"].get("content", "") for piece in streamed)
    assert text == whole["choices"][0]["message"]["content"]
    assert streamed[-1]["usage"] == whole["usage"]


def test_an_answer_ends_where_it_may_get_no_longer(client: Client) -> None:
    whole = client.post("/v1/chat/completions", json={**ASKED, "stream": False, "maxTokens": 3}).get_json()

    assert whole["choices"][0]["finishReason"] == "length"
    assert whole["usage"]["completionTokens"] == 3


def test_a_bad_question_is_a_problem_and_no_stream(client: Client) -> None:
    answer = client.post("/v1/chat/completions", json={**ASKED, "temperature": 3})

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
