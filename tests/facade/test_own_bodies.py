"""An event whose body is the caller's own, and the id by which it is known."""

import json
from collections.abc import Iterator

import pytest

from mockstore import Mockstore
from mockstore.publishing import LONGEST_ID


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as opened:
        yield opened


def emit(store: Mockstore, its_id: object) -> str:
    return store.emit("pet.adopted", body=json.dumps({"id": its_id}), invalid=True).id


@pytest.mark.parametrize("its_id", ["e-1", "é🐾", "x" * LONGEST_ID])
def test_it_is_known_by_the_id_in_its_body(store: Mockstore, its_id: str) -> None:
    assert emit(store, its_id) == its_id


@pytest.mark.parametrize(
    "its_id", [7, None, ["e-1"], "x" * (LONGEST_ID + 1)], ids=["a number", "null", "a list", "long"]
)
def test_it_gets_an_id_where_that_cannot_be_one(store: Mockstore, its_id: object) -> None:
    made = emit(store, its_id)

    assert (made != its_id, len(made)) == (True, 36)
    assert json.loads(store.event(made).body) == {"id": its_id}


def test_it_gets_an_id_where_another_event_has_that_one(store: Mockstore) -> None:
    first, second = emit(store, "e-1"), emit(store, "e-1")

    assert (first, second != "e-1", len(store.events)) == ("e-1", True, 2)
