"""Scenarios play in the background: they start at once, are limited in number, and end with the server."""

from threading import BoundedSemaphore, Event

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable

from mockstore.events import petstore_catalogue
from mockstore.news import News
from mockstore.provider import petstore
from mockstore.scenario import Scenario, read
from mockstore.tenants import Tenants
from mockstore.web.console.plays import AT_ONCE, KEPT, Performance, Plays
from mockstore.world.transports.address_policy import anywhere

SCENARIOS = "/_mockstore/console/scenarios"
TIMEOUT_SECONDS = 20

SHORT = "name: short\ndescription: Nothing much.\nwebhooks: {shop: {}}\nsteps:\n  - emit: pet.adopted\n"
LONG = (
    SHORT.replace("short", "long").replace("steps:", "clock: system\nsteps:")
    + "  - expect: {attempts: 5, within: 1h}\n"
)
BROKEN = SHORT + "  - redeliver: none\n"
FAILING = SHORT + "  - expect: {attempts: 2}\n"


def read_scenario(text: str) -> Scenario:
    return read(text, "line", petstore_catalogue())


def begin_play(plays: Plays, text: str) -> Performance:
    return plays.begin(read_scenario(text), text, {}, petstore(), is_ready=False)


def test_a_long_play_is_watched_while_it_goes_on(client: FlaskClient, tenants: Tenants) -> None:
    address = client.post(SCENARIOS, data={"text": LONG}).headers["Location"]
    news = tenants.of(None).news

    assert news.wait_for(lambda: "attempt 1: 200, acknowledged" in client.get(address).text, TIMEOUT_SECONDS)
    assert ">playing</span>" in client.get(address).text
    assert ">playing</span>" in client.get(SCENARIOS).text


def test_a_play_is_stopped_by_hand(client: FlaskClient, tenants: Tenants) -> None:
    address = client.post(SCENARIOS, data={"text": LONG}).headers["Location"]

    assert client.post(f"{address}/stop").headers["Location"] == f"{address}?notice=stopped"

    assert tenants.of(None).news.wait_for(
        lambda: "the play was stopped here" in client.get(address).text, TIMEOUT_SECONDS
    )


def test_a_server_that_closes_ends_its_plays() -> None:
    closing = Event()
    play = begin_play(Plays(News(), BoundedSemaphore(1), closing, anywhere), LONG)

    closing.set()

    assert play.ended.wait(TIMEOUT_SECONDS)
    assert play.state == "stopped"


def test_a_reset_stops_and_forgets_the_plays(client: FlaskClient, tenants: Tenants) -> None:
    address = client.post(SCENARIOS, data={"text": LONG}).headers["Location"]

    tenants.of(None).reset()

    assert client.get(address).status_code == 404
    assert '<a id="play-' not in client.get(SCENARIOS).text


def test_plays_that_are_forgotten_come_to_an_end() -> None:
    plays = Plays(News(), BoundedSemaphore(1), Event(), anywhere)
    play = begin_play(plays, LONG)

    plays.forget()

    assert play.ended.wait(TIMEOUT_SECONDS)
    assert play.state == "stopped"


def test_a_few_run_at_once_and_a_place_is_free_again_at_the_end() -> None:
    places = BoundedSemaphore(AT_ONCE)
    plays = Plays(News(), places, Event(), anywhere)
    running = [begin_play(plays, LONG) for _ in range(AT_ONCE)]

    with pytest.raises(ServiceUnavailable, match="4 scenarios are being played, which is as many as may"):
        begin_play(plays, SHORT)
    for play in running:
        play.stop()

    assert all(places.acquire(timeout=TIMEOUT_SECONDS) for _ in running)


def test_the_latest_are_kept(client: FlaskClient) -> None:
    for _ in range(KEPT + 2):
        client.post(SCENARIOS, data={"text": SHORT})

    page = client.get(SCENARIOS).text

    assert page.count('<a id="play-') == KEPT
    assert page.index("play 12: short") < page.index("play 3: short")
    assert client.get("/_mockstore/console/plays/2").status_code == 404


@pytest.mark.parametrize(
    ("text", "state", "message"),
    [
        pytest.param(FAILING, "failed", "broken</span>", id="an expectation"),
        pytest.param(BROKEN, "stopped", "line 6: ", id="a step that cannot be done"),
    ],
)
def test_what_went_wrong_is_shown(client: FlaskClient, text: str, state: str, message: str) -> None:
    page = client.get(client.post(SCENARIOS, data={"text": text}).headers["Location"]).text

    assert f">{state}</span></h1>" in page
    assert message in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "there is no text; enter a scenario in YAML or JSON", id="nothing"),
        pytest.param(SHORT.replace("emit", "emitt"), "line:5: steps[0].emitt: unknown verb", id="a mistake"),
        pytest.param("{", "line:1:", id="no YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_mistakes(client: FlaskClient, text: str, message: str) -> None:
    answer = client.post(SCENARIOS, data={"text": text})

    assert (answer.status_code, message in answer.text) == (422, True)
    assert "Nothing was played yet." in client.get(SCENARIOS).text


def test_an_unexpected_error_is_shown_and_ends_the_play() -> None:
    class Broken(News):
        def tell(self) -> None:
            if self.count < 1:
                super().tell()
                raise RuntimeError("no room")

    play = begin_play(Plays(Broken(), BoundedSemaphore(1), Event(), anywhere), SHORT)

    assert play.ended.wait(TIMEOUT_SECONDS)
    assert (play.state, play.error) == ("stopped", "RuntimeError: no room")
