"""Addresses that no delivery goes to are refused when a webhook names one, and when something would be sent."""

from collections.abc import Iterator
from socket import create_server, socket

import pytest
from flask.testing import FlaskClient

from mockstore.model import Json
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
    """A socket that listens on loopback; nobody is to knock."""
    with create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


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
