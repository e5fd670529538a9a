"""The pump starts more threads when a slow receiver delays deliveries, though not one for each delivery."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.settings import Settings

PATIENCE = 20
"""How many seconds a test waits at most; it normally takes much less."""
THREADS = 16
UNPROVEN = THREADS // 2 - 1
"""How many deliveries may be out to a receiver that has never answered."""


class Slow:
    """A transport to a receiver that answers when the test lets it."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.out = threading.Semaphore(0)

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.body
        assert timeout
        self.out.release()
        assert self.may_answer.wait(PATIENCE)
        return Reply(204)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def has_out(self, count: int) -> bool:
        """Wait until `count` more are being sent; return False after `PATIENCE`."""
        return all(self.out.acquire(timeout=PATIENCE) for _ in range(count))


@pytest.fixture
def slow() -> Iterator[Slow]:
    network = Slow()
    yield network
    network.may_answer.set()


def test_what_is_emitted_while_a_thread_stands_by_is_taken_up_without_a_further_call(slow: Slow) -> None:
    with Mockstore.standalone(Settings(threads=THREADS), network=lambda: slow) as mock:
        mock.subscribe("http://slow.test/")
        mock.emit("pet.adopted")
        assert slow.has_out(1)

        for _ in range(UNPROVEN - 1):
            mock.emit("pet.adopted")  # mostly a thread stands by already, so none is woken

        assert slow.has_out(UNPROVEN - 1)
        slow.may_answer.set()


def test_a_burst_to_a_slow_receiver_is_delivered_completely(slow: Slow) -> None:
    with Mockstore.standalone(Settings(threads=THREADS), network=lambda: slow) as mock:
        mock.subscribe("http://slow.test/")
        events = [mock.emit("pet.adopted") for _ in range(200)]
        assert slow.has_out(UNPROVEN)

        slow.may_answer.set()

        mock.settle(timedelta(seconds=PATIENCE))
        for event in events:
            event.assert_acknowledged()
