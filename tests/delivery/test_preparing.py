"""The next request is made while a receiver works on the last one; it is not sent too late or blocked by a stall."""

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
"""How many seconds a test waits at most; it normally takes much less."""


class Network:
    """A transport whose first request takes long enough to make the next one; a test can act before and after that."""

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []
        self.before: Callable[[], object] | None = None
        """Called once, when the first request was sent and before the next one is made."""
        self.after: Callable[[], object] | None = None
        """Called once, when the next request has been made."""
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

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.seen) >= count, PATIENCE)


class Thinking:
    """A request that was sent; `finish` is called after the sender has made the next request."""

    def __init__(self, after: Callable[[], object] | None) -> None:
        self._after = after

    def look(self, _patience: timedelta) -> None:
        raise AssertionError("a thread with time has no need to look")

    def finish(self) -> Reply:
        if self._after is not None:
            self._after()
        return Reply(204)


def _nothing() -> None:
    """Do nothing."""


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def threads() -> int:
    return 8


alone = pytest.mark.parametrize("threads", [1])
"""Uses one thread, so that no other thread takes a prepared request."""


@pytest.fixture
def parts(network: Network, threads: int) -> Parts:
    return standalone_parts(Settings(threads=threads), network=lambda: network)


@pytest.fixture
def mock(parts: Parts) -> Iterator[Mockstore]:
    with Mockstore(parts) as made:
        yield made


def emit_burst(mock: Mockstore, network: Network, then: Callable[[], object]) -> None:
    """Emit an event, then three more while its receiver works, and call `then` when the next request has been made."""
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


def test_a_burst_is_delivered_once_and_in_order(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")

    emit_burst(mock, network, _nothing)

    assert [outgoing.body for outgoing in network.seen] == [event.body for event in mock.events]
    assert len(network.seen) == 4


def test_what_was_prepared_does_not_wait_for_a_receiver_that_stalls(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")
    came: list[bool] = []

    emit_burst(mock, network, lambda: came.append(network.wait_for(4)))  # the first answer comes after that

    assert came == [True]
    assert [delivery.state for delivery in mock.deliveries] == [DeliveryState.DELIVERED] * 4


def test_a_due_delivery_does_not_wait_for_the_stalled_thread_that_prepared_it(
    parts: Parts, mock: Mockstore, network: Network
) -> None:
    mock.subscribe("http://shop.test/")
    came, done = list[bool](), threading.Event()

    def before() -> None:
        mock.hold()
        mock.emit("pet.adopted")
        parts.engine.release()  # it is due now, and no thread was woken

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

    emit_burst(mock, network, lambda: mock.rotate_secret(webhook))

    found = [verify(one.body, one.headers, webhook.secret) for one in network.seen]
    assert [one.ok for one in found] == [False, True, True, True]


@alone
def test_a_webhook_that_was_removed_meanwhile_gets_nothing_that_was_prepared(mock: Mockstore, network: Network) -> None:
    webhook = mock.subscribe("http://shop.test/")

    emit_burst(mock, network, lambda: mock.webhooks.remove(webhook.id))

    assert len(network.seen) == 1
    assert [delivery.state for delivery in mock.deliveries][1:] == [DeliveryState.DISCARDED] * 3


@alone
def test_a_reset_forgets_what_was_prepared(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")

    emit_burst(mock, network, mock.reset)

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
