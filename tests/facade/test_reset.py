"""After a reset nothing is left of what a world was told, and what a test still holds of it says so."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import Client

from mockstore import Inbox, Mockstore
from mockstore.errors import InvalidInputError, NotFoundError, NotMountedError
from mockstore.scenario import read

SCENARIO = "name: short\nwebhooks: {shop: {}}\nsteps:\n  - emit: pet.adopted\n"


def inbox_url(mock: Mockstore) -> str:
    """Return where an inbox is mounted."""
    return mock.open_inbox().webhook.url


def receiver_url(mock: Mockstore) -> str:
    """Return where the receiver of a scenario is mounted."""
    mock.play(read(SCENARIO, "line", mock.provider.catalogue))
    (webhook,) = mock.webhooks
    return webhook.url


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process() as made:
        yield made


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(len, id="its length"),
        pytest.param(list, id="its members"),
        pytest.param(Inbox.none, id="that there is none"),
        pytest.param(Inbox.clear, id="to clear"),
        pytest.param(lambda inbox: inbox.of("pet.adopted").none(), id="that there is none of a type"),
        pytest.param(lambda inbox: inbox.will_answer(503), id="to answer"),
    ],
)
def test_an_inbox_of_before_is_known_no_more(store: Mockstore, ask: Callable[[Inbox], object]) -> None:
    inbox = store.open_inbox()
    store.emit("pet.adopted")

    store.reset()

    with pytest.raises(NotFoundError) as caught:
        ask(inbox)
    assert caught.value.id == inbox.webhook.id


def test_an_inbox_of_before_says_what_to_do(store: Mockstore) -> None:
    inbox = store.open_inbox()

    store.reset()

    with pytest.raises(NotFoundError, match="no inbox") as caught:
        inbox.one()
    assert caught.value.__notes__ == ["It was forgotten by mockstore.reset(); open another one: mockstore.open_inbox()"]


def test_an_inbox_that_is_opened_afterwards_is_fresh(store: Mockstore) -> None:
    store.open_inbox().will_answer(503)
    store.emit("pet.adopted")

    store.reset()
    inbox = store.open_inbox()
    store.emit("pet.adopted").assert_acknowledged()

    assert [one.answer for one in inbox] == ["200"]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(inbox_url, id="an inbox"),
        pytest.param(receiver_url, id="the receiver of a scenario"),
    ],
)
def test_nothing_of_ours_stays_mounted(store: Mockstore, use: Callable[[Mockstore], str]) -> None:
    url = use(store)

    store.reset()
    store.subscribe(url)
    event = store.emit("pet.adopted")

    assert str(event.deliveries[0].attempts[0].error) == str(NotMountedError(url.split("/")[2], []))


def test_an_app_stays_mounted(store: Mockstore) -> None:
    app = Flask("consumer")
    app.post("/webhooks/petstore")(lambda: ("", 204))
    before = store.subscribe(app).url

    store.reset()

    assert store.subscribe(app).url == before
    store.emit("pet.adopted").assert_acknowledged()


def test_the_result_of_a_scenario_is_forgotten(store: Mockstore) -> None:
    store.play(read(SCENARIO, "line", store.provider.catalogue))

    store.reset()

    with pytest.raises(InvalidInputError, match="no scenario was played"):
        _ = store.play.result


def test_the_inbox_behind_the_app_in_process_is_cleared() -> None:
    with Mockstore.in_process(strict=False) as mock:
        client = Client(mock.wsgi_app)
        client.put("/_mockstore/inbox/answers", json={"answers": [503]})
        client.post("/_mockstore/inbox", data=b"{}")

        mock.reset()

        assert client.get("/_mockstore/inbox").get_json()["data"] == []
        assert client.post("/_mockstore/inbox", data=b"{}").status_code == 200
