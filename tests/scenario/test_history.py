"""Scenarios on a server that keeps only a short history of deliveries."""

from collections.abc import Iterator

import pytest

from mockstore import Mockstore
from mockstore.model import Json
from mockstore.scenario import read
from mockstore.scenario.mistakes import ScenarioFailedError
from mockstore.scenario.result import Kind, Result
from mockstore.settings import Settings

SCENARIO = """\
name: some
clock: virtual
webhooks: {shop: {}}
steps:
  - emit: {type: pet.adopted, count: ${count}}
  - expect: {webhook: shop, deliveries: ${count}, requests: ${count}}
"""
TWICE = SCENARIO + "  - emit: pet.adopted\n  - expect: {webhook: shop, deliveries: 4}\n"
TOO_MUCH = (
    "more was delivered than is remembered, so this cannot be judged: the history keeps 3 deliveries "
    "(`mockstore serve --history`)"
)


@pytest.fixture
def mock() -> Iterator[Mockstore]:
    with Mockstore.standalone(Settings(history=3, clock="virtual")) as made:
        yield made


def play(mock: Mockstore, text: str = SCENARIO, count: Json = 3) -> Result:
    """Remove all webhooks, then play a scenario."""
    for webhook in mock.webhooks:
        mock.webhooks.remove(webhook.id)
    return mock.play(read(text.replace("${count}", str(count)), "line", mock.provider.catalogue))


def test_what_is_forgotten_of_earlier_scenarios_is_not_missed(mock: Mockstore) -> None:
    results = [play(mock) for _ in range(3)]

    told = [[entry.kind for entry in result.entries].count(Kind.EVENT) for result in results]
    assert told == [3, 3, 3]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(SCENARIO, 4, id="in one step"),
        pytest.param(TWICE, 3, id="in several steps"),
    ],
)
def test_a_scenario_that_is_partly_forgotten_is_not_judged(mock: Mockstore, text: str, count: int) -> None:
    with pytest.raises(ScenarioFailedError) as caught:
        play(mock, text, count)

    assert TOO_MUCH in str(caught.value)
