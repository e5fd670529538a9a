"""A reset forgets everything but mounted apps, and objects from before it raise an error that says so."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import Client

from mockstore import Inbox, Mockstore
from mockstore.errors import InvalidInputError, NotFoundError, NotMountedError
from mockstore.scenario import read

SCENARIO = "name: short\nwebhooks: {shop: {}}\nsteps:\n  - emit: pet.adopted\n"


def inbox_url(mockstore: Mockstore) -> str:
    """Open an inbox and return its URL."""
    return mockstore.open_inbox().webhook.url


def receiver_url(mockstore: Mockstore) -> str:
    """Play a scenario and return the URL of its receiver."""
    mockstore.play(read(SCENARIO, "line", mockstore.provider.catalogue))
    (webhook,) = mockstore.webhooks
    return webhook.url


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process() as made:
        yield made


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(len, id="its length"),
        pytest.param(list, id="its members"),
        pytest.param(Inbox.none, id="that there is none"),
        pytest.param(Inbox.clear, id="to clear"),
        pytest.param(lambda inbox: inbox.of("pet.adopted").none(), id="that there is none of a type"),
        pytest.param(lambda inbox: inbox.will_answer(503), id="to answer"),
    ],
)
def test_an_inbox_of_before_is_known_no_more(mockstore: Mockstore, call: Callable[[Inbox], object]) -> None:
    inbox = mockstore.open_inbox()
    mockstore.emit("pet.adopted")

    mockstore.reset()

    with pytest.raises(NotFoundError) as caught:
        call(inbox)
    assert caught.value.id == inbox.webhook.id


def test_an_inbox_of_before_says_what_to_do(mockstore: Mockstore) -> None:
    inbox = mockstore.open_inbox()

    mockstore.reset()

    with pytest.raises(NotFoundError, match="no inbox") as caught:
        inbox.one()
    assert caught.value.__notes__ == ["It was forgotten by mockstore.reset(); open another one: mockstore.open_inbox()"]


def test_an_inbox_that_is_opened_afterwards_is_fresh(mockstore: Mockstore) -> None:
    mockstore.open_inbox().will_answer(503)
    mockstore.emit("pet.adopted")

    mockstore.reset()
    inbox = mockstore.open_inbox()
    mockstore.emit("pet.adopted").assert_acknowledged()

    assert [one.answer for one in inbox] == ["200"]


@pytest.mark.parametrize(
    "open_receiver",
    [
        pytest.param(inbox_url, id="an inbox"),
        pytest.param(receiver_url, id="the receiver of a scenario"),
    ],
)
def test_nothing_of_ours_stays_mounted(mockstore: Mockstore, open_receiver: Callable[[Mockstore], str]) -> None:
    url = open_receiver(mockstore)

    mockstore.reset()
    mockstore.subscribe(url)
    event = mockstore.emit("pet.adopted")

    assert str(event.deliveries[0].attempts[0].error) == str(NotMountedError(url.split("/")[2], []))


def test_an_app_stays_mounted(mockstore: Mockstore) -> None:
    app = Flask("consumer")
    app.post("/webhooks/petstore")(lambda: ("", 204))
    before = mockstore.subscribe(app).url

    mockstore.reset()

    assert mockstore.subscribe(app).url == before
    mockstore.emit("pet.adopted").assert_acknowledged()


def test_the_result_of_a_scenario_is_forgotten(mockstore: Mockstore) -> None:
    mockstore.play(read(SCENARIO, "line", mockstore.provider.catalogue))

    mockstore.reset()

    with pytest.raises(InvalidInputError, match="no scenario was played"):
        _ = mockstore.play.result


def test_the_inbox_behind_the_app_in_process_is_cleared() -> None:
    with Mockstore.in_process(strict=False) as mockstore:
        client = Client(mockstore.wsgi_app)
        client.put("/_mockstore/inbox/answers", json={"answers": [503]})
        client.post("/_mockstore/inbox", data=b"{}")

        mockstore.reset()

        assert client.get("/_mockstore/inbox").get_json()["data"] == []
        assert client.post("/_mockstore/inbox", data=b"{}").status_code == 200
