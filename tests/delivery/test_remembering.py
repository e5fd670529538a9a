"""The request stored with an attempt equals the request that the receiver got."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from math import floor
from time import time
from typing import Literal

import pytest

from mockstore import Mockstore, Outgoing, Webhook

BOTH = ["petstore", "standard-webhooks"]


class Receiver:
    """Keeps the requests, and refuses them."""

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []

    def __call__(self, outgoing: Outgoing) -> int:
        self.seen.append(outgoing)
        return 503


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(params=["wall", "virtual"])
def mock(request: pytest.FixtureRequest) -> Iterator[Mockstore]:
    signature_time: Literal["wall", "virtual"] = request.param
    with Mockstore.in_process(strict=False, signatures=BOTH, signature_time=signature_time) as made:
        yield made


def remembered(mock: Mockstore) -> list[Outgoing]:
    attempts = [attempt for delivery in mock.deliveries for attempt in delivery.record.attempts]
    return [attempt.request for attempt in sorted(attempts, key=lambda attempt: attempt.at)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _mock, _hook: None, id="nothing"),
        pytest.param(lambda mock, hook: mock.rotate_secret(hook, overlap=timedelta(minutes=5)), id="a second secret"),
        pytest.param(lambda mock, hook: mock.rotate_secret(hook, overlap=timedelta()), id="another secret"),
        pytest.param(lambda mock, hook: mock.webhooks.update(hook.id, {"url": "http://else.test/"}), id="another URL"),
        pytest.param(lambda mock, hook: mock.webhooks.update(hook.id, {"events": ["order.*"]}), id="other events"),
        pytest.param(lambda mock, hook: mock.webhooks.remove(hook.id), id="the webhook is gone"),
    ],
)
def test_a_request_is_remembered_as_it_was_sent_whatever_is_changed_later(
    mock: Mockstore, receiver: Receiver, change: Callable[[Mockstore, Webhook], None]
) -> None:
    webhook = mock.subscribe(receiver)
    mock.rotate_secret(webhook, overlap=timedelta(minutes=30))
    mock.emit("pet.adopted")
    mock.advance(minutes=1)
    sent = list(receiver.seen)

    change(mock, webhook)
    mock.advance(hours=2)

    assert [len(one.headers) for one in sent] == [9, 9]
    assert remembered(mock)[:2] == sent


def test_each_attempt_remembers_its_own_number_secrets_and_moment(mock: Mockstore, receiver: Receiver) -> None:
    webhook = mock.subscribe(receiver)
    mock.rotate_secret(webhook, overlap=timedelta(minutes=3))
    mock.emit("pet.adopted")
    mock.advance(hours=2)

    numbers = [dict(sent.headers)["X-Webhook-Attempt"] for sent in receiver.seen]
    secrets = [dict(sent.headers)["X-Webhook-Signature"].count("sha256=") for sent in receiver.seen]
    assert (numbers, secrets) == (["1", "2", "3", "4", "5"], [2, 2, 1, 1, 1])
    assert remembered(mock) == receiver.seen


@pytest.mark.parametrize("body", [b"{ }", b"\xff\x00", b""], ids=["JSON", "no text", "nothing"])
def test_a_body_of_ones_own_is_remembered_to_the_byte(mock: Mockstore, receiver: Receiver, body: bytes) -> None:
    mock.subscribe(receiver)
    mock.emit("pet.adopted", body=body, content_type="text/plain", invalid=True)

    assert (receiver.seen[0].body, dict(receiver.seen[0].headers)["Content-Type"]) == (body, "text/plain")
    assert remembered(mock) == receiver.seen


@pytest.mark.parametrize("fault", ["wrong_secret", "stale_timestamp", "tampered_body", "absent_headers"])
def test_a_faulty_request_is_remembered_as_it_was_sent(mock: Mockstore, receiver: Receiver, fault: str) -> None:
    mock.subscribe(receiver)
    mock.emit("pet.adopted", fault=fault)
    mock.advance(minutes=1)

    assert remembered(mock) == receiver.seen


def test_a_virtual_signature_time_is_the_whole_second_of_the_attempt(receiver: Receiver) -> None:
    with Mockstore.in_process(strict=False, signatures=BOTH, signature_time="virtual") as mock:
        mock.subscribe(receiver)
        mock.advance(seconds=0.999)
        event = mock.emit("pet.adopted")

        assert dict(receiver.seen[0].headers)["webhook-timestamp"] == str(floor(event.timestamp.timestamp()))
        assert remembered(mock) == receiver.seen


def test_a_real_signature_time_is_the_whole_second_of_the_process_time(receiver: Receiver) -> None:
    with Mockstore.in_process(strict=False, signatures=BOTH) as mock:
        mock.subscribe(receiver)
        before = floor(time())
        mock.emit("pet.adopted")

        assert before <= int(dict(receiver.seen[0].headers)["webhook-timestamp"]) <= floor(time())
        assert remembered(mock) == receiver.seen


def test_the_schemes_of_a_webhook_go_before_those_of_the_provider(mock: Mockstore, receiver: Receiver) -> None:
    mock.subscribe(receiver, signatures=["petstore"])
    mock.emit("pet.adopted")

    assert "webhook-signature" not in dict(receiver.seen[0].headers)
    assert remembered(mock) == receiver.seen
