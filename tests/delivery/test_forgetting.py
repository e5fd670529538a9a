"""A reset while attempts are in progress; with the same seed and a virtual clock, the same ids are made again."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.handles import Event
from mockstore.model import DeliveryState
from mockstore.settings import Settings

PATIENCE = timedelta(seconds=20)
"""How long a test waits at most; it normally takes much less."""


class Network:
    """A receiver that answers 503 to the first request and 204 to the others; each of `gates` delays one until set."""

    def __init__(self) -> None:
        self.gates: list[threading.Event] = []
        self.seen: list[str] = []
        """The ids of the events received."""
        self._changed = threading.Condition()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert timeout
        with self._changed:
            number = len(self.seen)
            self.seen.append(dict(outgoing.headers)["X-Webhook-Id"])
            self._changed.notify_all()
        assert number >= len(self.gates) or self.gates[number].wait(PATIENCE.total_seconds())
        return Reply(204 if number else 503)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.seen) >= count, PATIENCE.total_seconds())


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    for gate in made.gates:
        gate.set()


def emit(mock: Mockstore, count: int) -> list[Event]:
    mock.subscribe("http://shop.test/")
    return [mock.emit("pet.adopted") for _ in range(count)]


def test_what_is_out_at_a_reset_is_not_recorded_of_a_delivery_of_the_same_id(network: Network) -> None:
    network.gates = [threading.Event(), threading.Event()]
    with Mockstore.standalone(Settings(clock="virtual"), network=lambda: network) as mock:
        (before,) = emit(mock, 1)
        assert network.wait_for(1)

        mock.reset()
        (event,) = emit(mock, 1)
        assert network.wait_for(2)
        told = mock.news.count
        network.gates[0].set()
        assert mock.news.wait_for(lambda: mock.news.count > told, PATIENCE.total_seconds())
        network.gates[1].set()
        mock.settle(PATIENCE)

        assert event.id == before.id
        assert event.delivery.state is DeliveryState.DELIVERED
        assert [attempt.status for attempt in event.delivery.record.attempts] == [204]


def test_what_is_queued_at_a_reset_is_not_sent_for_a_delivery_of_the_same_id(network: Network) -> None:
    network.gates = [threading.Event()]
    with Mockstore.standalone(Settings(clock="virtual", threads=1), network=lambda: network) as mock:
        before = [event.id for event in emit(mock, 3)]
        assert network.wait_for(1)

        mock.reset()
        events = emit(mock, 3)
        network.gates[0].set()
        mock.settle(PATIENCE)

        assert [event.id for event in events] == before
        assert network.seen == [before[0], *before]
        assert [len(event.delivery.record.attempts) for event in events] == [1, 1, 1]
