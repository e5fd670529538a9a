"""Clients that play scenarios in one tenant at the same time do not get each other's results."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import MakeClient

CLIENTS, PLAYS = 4, 15


@pytest.fixture
def hurried() -> Iterator[None]:
    """Make threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def played(client: FlaskClient, number: int) -> dict[str, str]:
    """Play scenarios that fail; return the name in each result, by the name that was sent."""
    found = {}
    for name in (f"play-{number}-{turn}" for turn in range(PLAYS)):
        text = f"name: {name}\nwebhooks: {{shop-{number}: {{}}}}\nsteps:\n  - expect: {{attempts: 9}}\n"
        answer = client.post("/_mockstore/records/play", json={"text": text, "source": name})
        found[name] = answer.get_json()["name"]
    return found


@pytest.mark.usefixtures("hurried")
def test_each_client_gets_the_result_of_its_own_play(make_client: MakeClient) -> None:
    app = make_client().application

    with ThreadPoolExecutor(CLIENTS) as pool:
        results = list(pool.map(lambda number: played(app.test_client(), number), range(CLIENTS)))

    assert [sent for result in results for sent, got in result.items() if got != sent] == []
