"""Which id an event gets whose body is given by the caller."""

import json
from collections.abc import Iterator

import pytest

from mockstore import Mockstore
from mockstore.publishing import LONGEST_ID


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as opened:
        yield opened


def emit(mockstore: Mockstore, body_id: object) -> str:
    return mockstore.emit("pet.adopted", body=json.dumps({"id": body_id}), invalid=True).id


@pytest.mark.parametrize("body_id", ["e-1", "é🐾", "x" * LONGEST_ID])
def test_it_is_known_by_the_id_in_its_body(mockstore: Mockstore, body_id: str) -> None:
    assert emit(mockstore, body_id) == body_id


@pytest.mark.parametrize(
    "body_id", [7, None, ["e-1"], "x" * (LONGEST_ID + 1)], ids=["a number", "null", "a list", "long"]
)
def test_it_gets_an_id_where_that_cannot_be_one(mockstore: Mockstore, body_id: object) -> None:
    made = emit(mockstore, body_id)

    assert (made != body_id, len(made)) == (True, 36)
    assert json.loads(mockstore.event(made).body) == {"id": body_id}


def test_it_gets_an_id_where_another_event_has_that_one(mockstore: Mockstore) -> None:
    first, second = emit(mockstore, "e-1"), emit(mockstore, "e-1")

    assert (first, second != "e-1", len(mockstore.events)) == ("e-1", True, 2)
