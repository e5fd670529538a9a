"""Hostile receivers do not delay deliveries to others, and no delivery is sent twice at the same time."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from socket import create_server, socket
from threading import Lock

import pytest

from mockstore import Mockstore
from mockstore.delivery.schedule import policy
from mockstore.errors import MockstoreError
from mockstore.model import DeliveryState, Outcome
from tests.hostile.conftest import TIME_LIMIT, CountingReceiver, Make, dripping, endless
from tests.transports.conftest import Handler, Serve

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = timedelta(seconds=50)
"""A timeout that no request of these tests reaches."""


def silent(_: socket, requests_: Iterator[bytes]) -> None:
    list(requests_)


@pytest.fixture
def quick(make: Make, start_receiver: Serve) -> tuple[Mockstore, CountingReceiver]:
    """A Mockstore that has measured its receiver of `pet.adopted` to be quick, and that receiver."""
    mock, quick = make(timeout=LONG), CountingReceiver()
    mock.subscribe(f"http://127.0.0.1:{start_receiver(quick.handle)}/", events="pet.adopted")
    mock.emit("pet.adopted")
    assert quick.got(1)
    mock.settle(TIME_LIMIT)
    return mock, quick


def test_receivers_that_never_end_hold_up_nobody(
    quick: tuple[Mockstore, CountingReceiver], start_receiver: Serve, never_reading: Handler
) -> None:
    mock, receiver = quick
    handlers = [
        silent,
        never_reading,
        dripping(HEAD + b"X: ", b"a"),
        dripping(HEAD + b"\r\n", b"a"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ]
    for handle in handlers * 2:
        mock.subscribe(f"http://127.0.0.1:{start_receiver(handle)}/", events="order.created")
    pending = [mock.emit("order.created") for _ in range(5)]

    for _ in range(30):
        mock.emit("pet.adopted")

    assert receiver.got(31)
    assert {one.record.state for event in pending for one in event.deliveries} == {DeliveryState.PENDING}


def test_ten_thousand_closed_ports_hold_up_nobody(quick: tuple[Mockstore, CountingReceiver]) -> None:
    mock, receiver = quick
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for number in range(10_000):
        mock.subscribe(f"http://127.0.0.1:{port}/{number}", events="order.created")

    pending = mock.emit("order.created")
    for _ in range(30):
        mock.emit("pet.adopted")
    assert receiver.got(31)
    untried = sum(not one.record.attempts for one in pending.deliveries)
    mock.settle(TIME_LIMIT)

    assert untried
    assert Counter(one.record.attempts[0].outcome for one in pending.deliveries) == {Outcome.UNREACHABLE: 10_000}


def test_a_new_receiver_does_not_wait_for_a_hundred_webhooks_at_a_silent_one(make: Make, start_receiver: Serve) -> None:
    mock, receiver = make(timeout=LONG), CountingReceiver()
    port = start_receiver(silent)
    for number in range(100):
        mock.subscribe(f"http://127.0.0.1:{port}/{number}", events="order.created")
    pending = mock.emit("order.created")
    mock.subscribe(f"http://127.0.0.1:{start_receiver(receiver.handle)}/", events="pet.adopted")

    mock.emit("pet.adopted")

    assert receiver.got(1)
    assert {one.record.state for one in pending.deliveries} == {DeliveryState.PENDING}


def test_hundreds_of_silent_endpoints_are_all_given_their_time_and_hold_up_nobody(
    make: Make, start_receiver: Serve
) -> None:
    mock, receiver = make(timeout=timedelta(seconds=0.05), threads=16), CountingReceiver()
    mock.subscribe(f"http://127.0.0.1:{start_receiver(receiver.handle)}/", events="pet.adopted")
    mock.emit("pet.adopted")
    assert receiver.got(1)
    mock.settle(TIME_LIMIT)
    port = start_receiver(silent)
    for number in range(200):
        mock.subscribe(f"http://127.0.0.1:{port}/{number}", events="order.created")

    pending = mock.emit("order.created")
    for _ in range(30):
        mock.emit("pet.adopted")
    assert receiver.got(31)
    untried = sum(not one.record.attempts for one in pending.deliveries)
    mock.settle(TIME_LIMIT)

    assert untried
    assert Counter(one.record.attempts[0].outcome for one in pending.deliveries) == {Outcome.TIMEOUT: 200}


class OverlapRecorder:
    """A receiver that answers 503 and records each delivery that it gets twice at the same time."""

    def __init__(self) -> None:
        self.seen = 0
        self.overlapping: list[bytes] = []
        self._current: set[bytes] = set()
        self._lock = Lock()

    def handle(self, connection: socket, requests_: Iterator[bytes]) -> None:
        for request in requests_:
            body = request.partition(b"\r\n\r\n")[2]
            with self._lock:
                self.seen += 1
                if body in self._current:
                    self.overlapping.append(body)
                self._current.add(body)
            connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n")
            with self._lock:
                self._current.discard(body)
            connection.sendall(b"\r\n")


def test_no_delivery_is_on_its_way_twice_however_often_it_is_asked_for(make: Make, start_receiver: Serve) -> None:
    mock, receiver = make(clock="system", schedule=policy([0.001] * 30)), OverlapRecorder()
    mock.subscribe(f"http://127.0.0.1:{start_receiver(receiver.handle)}/")
    events = [mock.emit("pet.adopted") for _ in range(5)]

    def ask(number: int) -> None:
        with suppress(MockstoreError):  # the webhook is disabled by now
            mock.redeliver(events[number % 5].delivery)

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(ask, range(100)))
    mock.settle(TIME_LIMIT)

    assert receiver.overlapping == []
    numbers = [[attempt.number for attempt in event.delivery.record.attempts] for event in events]
    assert numbers == [list(range(1, len(made) + 1)) for made in numbers]
    assert receiver.seen == sum(map(len, numbers))
