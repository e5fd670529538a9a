"""The end of a `with` block of `Mockstore.connect` reports failures that were never looked at."""

import json
from collections.abc import Callable
from urllib.request import urlopen

import pytest

from mockstore import Mockstore
from mockstore.errors import NotFoundError
from mockstore.model import Json
from mockstore.remote import SHARED, RemoteMockstore


def fails(mock: RemoteMockstore) -> None:
    mock.subscribe(lambda _outgoing: 500)
    mock.emit("pet.adopted")


def worlds(server: str) -> int:
    with urlopen(f"{server}/_mockstore/health") as answer:  # noqa: S310 - a server of ours
        return int(json.load(answer)["tenants"])


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda _mock: None, id="it ends"),
        pytest.param(RemoteMockstore.reset, id="a reset"),
        pytest.param(RemoteMockstore.forget, id="everything is taken away"),
        pytest.param(lambda mock: mock.change(clock="virtual"), id="other rules"),
    ],
)
def test_a_failure_that_nobody_looked_at_fails_the_block(server: str, then: Callable[[RemoteMockstore], None]) -> None:
    def block() -> None:
        with Mockstore.connect(server) as mock:
            fails(mock)
            mock.settle()
            then(mock)

    with pytest.raises(AssertionError, match=r"1 thing went wrong(?s:.*)attempt 1: 500") as failure:
        block()

    assert str(failure.value).endswith("To do without this check: Mockstore.connect(…, strict=False)")


def test_the_end_waits_for_what_is_under_way(server: str) -> None:
    with pytest.raises(AssertionError, match="attempt 1: 500"), Mockstore.connect(server) as mock:
        fails(mock)


def test_a_failure_that_was_looked_at_is_none(server: str) -> None:
    with Mockstore.connect(server) as mock:
        fails(mock)
        mock.deliveries.last.assert_rejected(500)
        mock.forget()


def test_the_first_error_wins(server: str) -> None:
    with pytest.raises(NotFoundError), Mockstore.connect(server) as mock:  # noqa: PT012 - the block is what is tried
        fails(mock)
        mock.event("none")


@pytest.mark.parametrize(
    "how",
    [pytest.param({"tenant": SHARED}, id="a tenant that is named"), pytest.param({"strict": False}, id="told so")],
)
def test_others_are_not_judged(server: str, how: dict[str, Json]) -> None:
    with Mockstore.connect(server, **how) as mock:
        fails(mock)
        mock.settle()
        complaints = mock.complaints()
        mock.reset()

    assert complaints


def test_the_judgement_makes_no_world_anew(server: str) -> None:
    before = worlds(server)

    with Mockstore.connect(server) as mock:
        mock.open_inbox()
        mock.emit("pet.adopted").assert_acknowledged()
        mock.forget()

    assert worlds(server) == before
