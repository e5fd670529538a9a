"""Fixtures that parse a scenario, and play it on a new Mockstore."""

from collections.abc import Callable, Mapping
from textwrap import dedent

import pytest

from mockstore.events import petstore_catalogue
from mockstore.model import Json
from mockstore.scenario import Result, Scenario, playing, read

Played = Callable[..., Result]
Reading = Callable[..., Scenario]


@pytest.fixture
def reading() -> Reading:
    """Return a function that parses a text as the scenario file `shop.yaml`."""

    def reading(text: str, variables: Mapping[str, Json] | None = None) -> Scenario:
        return read(dedent(text).lstrip(), "shop.yaml", petstore_catalogue(), variables=variables)

    return reading


@pytest.fixture
def played(reading: Reading) -> Played:
    """Return a function that plays steps; by default with one receiver called `shop`."""

    def played(steps: str, head: str = "webhooks: {shop: {}}", to: Mapping[str, object] | None = None) -> Result:
        scenario = reading(f"name: test\n{dedent(head).strip()}\nsteps:\n{dedent(steps).strip()}\n")
        with playing(scenario, to=to) as play:
            return play.run()

    return played
