"""How the pump grows: further threads come for what a slow receiver leaves waiting, though nobody is woken for each."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.settings import Settings

PATIENCE = 20
"""Seconds until a test gives up; none comes near."""
THREADS = 16
UNPROVEN = THREADS // 2 - 1
"""The places of a receiver that has never answered."""


class Slow:
    """A transport to a receiver that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.out = threading.Semaphore(0)

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.body
        assert timeout
        self.out.release()
        assert self.may_answer.wait(PATIENCE)
        return Reply(204)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Nothing to give back."""

    def has_out(self, count: int) -> bool:
        """Wait until so many more are being sent."""
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
            mock.emit("pet.adopted")  # most of these find a thread standing by, and leave it to that

        assert slow.has_out(UNPROVEN - 1)
        slow.may_answer.set()


def test_a_storm_at_a_slow_receiver_leaves_nothing_behind(slow: Slow) -> None:
    with Mockstore.standalone(Settings(threads=THREADS), network=lambda: slow) as mock:
        mock.subscribe("http://slow.test/")
        events = [mock.emit("pet.adopted") for _ in range(200)]
        assert slow.has_out(UNPROVEN)

        slow.may_answer.set()

        mock.settle(timedelta(seconds=PATIENCE))
        for event in events:
            event.assert_acknowledged()
