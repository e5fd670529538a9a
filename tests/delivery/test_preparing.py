"""The next request is made while a receiver thinks. Nothing stale goes out, nothing waits behind who stalls."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from mockstore import Mockstore
from mockstore.model import DeliveryState, Outgoing, Reply
from mockstore.parts import Parts, standalone_parts
from mockstore.settings import Settings
from mockstore.signing import verify

PATIENCE = 20
"""Seconds until a test gives up; none comes near."""


class Network:
    """A transport whose receivers think once; what a test does in that time comes after the next request was made."""

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []
        self.before: Callable[[], object] | None = None
        """Done once, when the first request is out and before the next one is made."""
        self.after: Callable[[], object] | None = None
        """Done once, when the next request has been made."""
        self._changed = threading.Condition()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        return self.begin(outgoing, timeout).finish()

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> "Thinking":
        assert timeout
        before, self.before = self.before, None
        after, self.after = self.after, None
        with self._changed:
            self.seen.append(outgoing)
            self._changed.notify_all()
        if before is not None:
            before()
        return Thinking(after)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Nothing to give back."""

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.seen) >= count, PATIENCE)


class Thinking:
    """A request that is out; its sender comes for the answer when it has made the next one."""

    def __init__(self, after: Callable[[], object] | None) -> None:
        self._after = after

    def look(self, _patience: timedelta) -> None:
        raise AssertionError("a thread with time has no need to look")

    def finish(self) -> Reply:
        if self._after is not None:
            self._after()
        return Reply(204)


def _nothing() -> None:
    """Do nothing meanwhile."""


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def threads() -> int:
    return 8


alone = pytest.mark.parametrize("threads", [1])
"""No other thread takes what was prepared, however long the test takes."""


@pytest.fixture
def parts(network: Network, threads: int) -> Parts:
    return standalone_parts(Settings(threads=threads), network=lambda: network)


@pytest.fixture
def mock(parts: Parts) -> Iterator[Mockstore]:
    with Mockstore(parts) as made:
        yield made


def storm(mock: Mockstore, network: Network, then: Callable[[], object]) -> None:
    """Emit an event, three more while its receiver thinks, and do `then` when the next request has been made."""
    done = threading.Event()

    def more() -> None:
        for _ in range(3):
            mock.emit("pet.adopted")

    def finish() -> None:
        then()
        done.set()

    network.before, network.after = more, finish
    mock.emit("pet.adopted")
    assert done.wait(PATIENCE)
    mock.settle(timedelta(seconds=PATIENCE))


def test_a_storm_is_delivered_once_and_in_order(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")

    storm(mock, network, _nothing)

    assert [outgoing.body for outgoing in network.seen] == [event.body for event in mock.events]
    assert len(network.seen) == 4


def test_what_was_prepared_does_not_wait_for_a_receiver_that_stalls(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")
    came: list[bool] = []

    storm(mock, network, lambda: came.append(network.wait_for(4)))  # the first answer comes after that

    assert came == [True]
    assert [delivery.state for delivery in mock.deliveries] == [DeliveryState.DELIVERED] * 4


def test_what_only_the_stalled_thread_knows_of_does_not_wait_for_it(
    parts: Parts, mock: Mockstore, network: Network
) -> None:
    mock.subscribe("http://shop.test/")
    came, done = list[bool](), threading.Event()

    def before() -> None:
        mock.hold()
        mock.emit("pet.adopted")
        parts.engine.release()  # it is due now, and nobody has been told

    def after() -> None:
        came.append(network.wait_for(2))
        done.set()

    network.before, network.after = before, after
    mock.emit("pet.adopted")
    assert done.wait(PATIENCE)

    assert came == [True]


@alone
def test_a_secret_that_changed_meanwhile_signs_what_was_prepared(mock: Mockstore, network: Network) -> None:
    webhook = mock.subscribe("http://shop.test/")

    storm(mock, network, lambda: mock.rotate_secret(webhook))

    found = [verify(one.body, one.headers, webhook.secret) for one in network.seen]
    assert [one.ok for one in found] == [False, True, True, True]


@alone
def test_a_webhook_that_was_removed_meanwhile_gets_nothing_that_was_prepared(mock: Mockstore, network: Network) -> None:
    webhook = mock.subscribe("http://shop.test/")

    storm(mock, network, lambda: mock.webhooks.remove(webhook.id))

    assert len(network.seen) == 1
    assert [delivery.state for delivery in mock.deliveries][1:] == [DeliveryState.DISCARDED] * 3


@alone
def test_a_reset_forgets_what_was_prepared(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")

    storm(mock, network, mock.reset)

    assert len(network.seen) == 1


@alone
def test_a_close_gives_back_what_was_prepared(parts: Parts, mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")
    threads = set(threading.enumerate())
    closed = threading.Event()

    def close() -> None:
        mock.close()
        closed.set()

    network.before, network.after = lambda: mock.emit("pet.adopted"), close
    mock.emit("pet.adopted")
    assert closed.wait(PATIENCE)
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE)

    assert len(network.seen) == 1
    assert not any(parts.store.holds(delivery.id) for delivery in mock.deliveries)
