"""Forbidden addresses are refused at registration and again before sending."""

from collections.abc import Iterator
from datetime import timedelta
from socket import create_server, socket

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from mockstore import Mockstore
from mockstore.model import Json
from mockstore.settings import Settings
from tests.web.conftest import Caller, MakeClient, Serve, detail

BASE = "/v1/webhooks"
USER = {"username": "bob", "email": "bob@example.com", "password": "secret-1", "firstName": "Bob", "lastName": "Lee"}
METADATA = "it is link-local or a cloud's metadata service, where no delivery goes"
PRIVATE = "it is not public, and deny_private keeps deliveries to what is"


def refusal(client: FlaskClient, host: str) -> str:
    return detail(client.post(BASE, json={"url": f"http://{host}/hooks", "events": ["*"]}), 422)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        pytest.param("169.254.169.254", "169.254.169.254", id="link-local"),
        pytest.param("[fe80::1]:8080", "fe80::1", id="link-local of IPv6"),
        pytest.param("[::ffff:169.254.169.254]", "::ffff:169.254.169.254", id="mapped into IPv6"),
    ],
)
def test_a_webhook_at_a_metadata_address_is_not_registered(client: FlaskClient, host: str, named: str) -> None:
    said = refusal(client, host)

    assert f"{named} is refused: {METADATA}" in said
    assert client.get(BASE).get_json()["data"] == []


@pytest.mark.parametrize("host", ["127.0.0.1:9", "10.0.0.7", "[::1]"])
def test_private_addresses_are_refused_only_when_that_is_asked_for(make_client: MakeClient, host: str) -> None:
    document = {"url": f"http://{host}/hooks", "events": ["*"]}

    assert PRIVATE in refusal(make_client(deny_private=True), host)
    assert make_client().post(BASE, json=document).status_code == 201


def test_a_webhook_cannot_be_moved_to_a_refused_address(client: FlaskClient) -> None:
    made = client.post(BASE, json={"url": "http://shop.test/hooks", "events": ["*"]}).get_json()

    answer = client.patch(f"{BASE}/{made['id']}", json={"url": "http://169.254.169.254/"})

    assert answer.status_code == 422
    assert client.get(f"{BASE}/{made['id']}").get_json()["url"] == "http://shop.test/hooks"


@pytest.fixture
def door() -> Iterator[socket]:
    """A socket on loopback that must get no connection."""
    with create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def scenario(url: str, clock: str) -> str:
    """Return a scenario whose webhook is at `url`."""
    return f"name: x\nclock: {clock}\nwebhooks: {{shop: {{to: '{url}'}}}}\nsteps:\n  - emit: pet.adopted\n"


CLOCKS = pytest.mark.parametrize("clock", ["virtual", "system"])
WAYS = pytest.mark.parametrize(
    ("path", "member"),
    [
        pytest.param("/_mockstore/scenarios", "scenario", id="over HTTP"),
        pytest.param("/_mockstore/console/scenarios", "text", id="on the console"),
    ],
)


def played(client: FlaskClient, path: str, member: str, text: str) -> TestResponse:
    document = {member: text}
    return client.post(path, data=document) if member == "text" else client.post(path, json=document)


@WAYS
@CLOCKS
@pytest.mark.parametrize(
    ("host", "deny_private", "why"),
    [
        pytest.param("127.0.0.1:9", True, PRIVATE, id="private"),
        pytest.param("169.254.169.254", False, METADATA, id="link-local"),
    ],
)
def test_a_scenario_may_not_name_what_a_webhook_may_not(  # noqa: PLR0913 - two ways in, two clocks, two addresses
    make_client: MakeClient, path: str, member: str, clock: str, host: str, *, deny_private: bool, why: str
) -> None:
    answer = played(make_client(deny_private=deny_private), path, member, scenario(f"http://{host}/", clock))

    assert answer.status_code == 422
    assert escape(why) in answer.text if member == "text" else why in answer.text


@CLOCKS
def test_a_scenario_sends_nothing_to_a_name_of_a_private_address(
    make_client: MakeClient, door: socket, clock: str
) -> None:
    text = scenario(f"http://localhost:{door.getsockname()[1]}/", clock)

    answer = played(make_client(deny_private=True), "/_mockstore/scenarios", "scenario", text)

    assert f"is refused: {PRIVATE}" in answer.text
    with pytest.raises(BlockingIOError):
        door.accept()


def test_a_mockstore_of_its_own_goes_as_far_as_its_settings_say(door: socket) -> None:
    with Mockstore.standalone(Settings(deny_private=True)) as mockstore:
        mockstore.subscribe(f"http://localhost:{door.getsockname()[1]}/")
        mockstore.emit("pet.adopted")
        mockstore.settle(timedelta(seconds=20))

        (attempt,) = mockstore.deliveries[0].attempts

    assert PRIVATE in str(attempt.error)
    with pytest.raises(BlockingIOError):
        door.accept()


def only_attempt(mock: Caller, event_type: str) -> Json:
    """Return the attempt of the one delivery of that type."""
    assert mock.ok("POST", "/_mockstore/settle", {}) == {"settled": True}
    deliveries = mock.ok("GET", "/_mockstore/deliveries")["data"]
    (attempt,) = [one for delivery in deliveries if delivery["eventType"] == event_type for one in delivery["attempts"]]
    return attempt


def test_a_name_is_judged_by_its_addresses_when_something_is_sent(serve: Serve, door: socket) -> None:
    mock, port = serve(deny_private=True), door.getsockname()[1]
    mock.ok("POST", BASE, {"url": f"http://localhost:{port}/hooks", "events": ["*"]})

    mock.ok("POST", "/_mockstore/emit", {"type": "pet.adopted"})

    attempt = only_attempt(mock, "pet.adopted")
    assert (attempt["outcome"], attempt["status"], attempt["reply"]) == ("unreachable", None, None)
    assert attempt["error"].startswith(f"nothing is sent to localhost:{port}: ")
    assert attempt["error"].endswith(f" is refused: {PRIVATE}")
    with pytest.raises(BlockingIOError):
        door.accept()


def test_a_callback_to_a_metadata_address_is_never_sent(mock: Caller) -> None:
    user = mock.ok("POST", "/v1/users", USER)
    pet = mock.ok("GET", "/v1/pets?status=AVAILABLE")["data"][0]
    order = mock.ok("POST", "/v1/orders", {"petId": pet["id"], "userId": user["id"]})

    mock.ok("POST", f"/v1/orders/{order['id']}", {"callbackUrl": "http://169.254.169.254/latest/meta-data/"})

    attempt = only_attempt(mock, "orderProcessed")
    assert (attempt["outcome"], attempt["reply"]) == ("unreachable", None)
    assert attempt["error"] == f"nothing is sent to 169.254.169.254:80: 169.254.169.254 is refused: {METADATA}"
