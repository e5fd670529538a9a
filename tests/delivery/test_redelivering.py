"""A redelivery requested while an attempt is in progress is sent after that attempt, whatever its outcome."""

import threading
from datetime import timedelta

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.errors import EndlessChainError
from mockstore.model import DeliveryState
from mockstore.settings import ServerClock, Settings

PATIENCE = timedelta(seconds=20)
"""How long a test waits at most; it normally takes much less."""


class Network:
    """A receiver that answers the first request when the test lets it, and 204 to the others."""

    def __init__(self, first: int) -> None:
        self.may_answer = threading.Event()
        self.reached = threading.Event()
        self._answers = [204, first]

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.url
        assert timeout
        if len(self._answers) == 1:
            return Reply(204)
        self.reached.set()
        assert self.may_answer.wait(PATIENCE.total_seconds())
        return Reply(self._answers.pop())

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


@pytest.mark.parametrize("asked", [1, 2, 3])
@pytest.mark.parametrize("first", [204, 503])
@pytest.mark.parametrize("clock", ["system", "virtual"])
def test_a_redelivery_is_sent_after_the_attempt_in_progress(clock: ServerClock, first: int, asked: int) -> None:
    network = Network(first)
    with Mockstore.standalone(Settings(clock=clock), network=lambda: network) as mock:
        mock.subscribe("http://shop.test/")
        delivery = mock.emit("pet.adopted").delivery
        assert network.reached.wait(PATIENCE.total_seconds())

        for _ in range(asked):
            mock.redeliver(delivery)
        network.may_answer.set()
        mock.settle(PATIENCE)

        assert [attempt.status for attempt in delivery.record.attempts] == [first, 204]
        assert delivery.record.round_start == 1
        assert delivery.state is DeliveryState.DELIVERED


def test_a_consumer_may_ask_for_a_redelivery() -> None:
    with Mockstore.in_process() as mock:

        def receive(outgoing: Outgoing) -> None:
            if dict(outgoing.headers)["X-Webhook-Attempt"] == "1":
                mock.redeliver(mock.deliveries[0])

        mock.subscribe(receive)
        mock.emit("pet.adopted")

        assert [attempt.status for attempt in mock.deliveries[0].record.attempts] == [204, 204]


def test_a_consumer_that_always_asks_for_a_redelivery_ends_in_an_error() -> None:
    with Mockstore.in_process() as mock:

        def receive(outgoing: Outgoing) -> None:
            assert outgoing.url
            mock.redeliver(mock.deliveries[0])

        mock.subscribe(receive)

        with pytest.raises(EndlessChainError):
            mock.emit("pet.adopted")
