"""The threads of a pump: when the system cannot start one, and what is logged while the store is unavailable."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.delivery.engine import Engine
from mockstore.delivery.threads import Outage, WorkerThreads
from mockstore.delivery.workers import WorkerPump
from mockstore.errors import StoreUnavailableError
from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, WebhookRecord
from mockstore.provider import petstore
from mockstore.settings import Settings
from mockstore.world.clock import EPOCH, Chance, RunningClock
from mockstore.world.store_memory import MemoryStore
from tests.threads import no_more_threads

PATIENCE = timedelta(seconds=20)
"""How long a test waits at most; it normally takes much less."""
GONE = StoreUnavailableError("the database is gone")


class Network:
    """A transport whose receivers answer once the gate is open."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.url
        assert timeout
        self.reached.set()
        assert self.open.wait(PATIENCE.total_seconds())
        return Reply(204)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def mock(network: Network) -> Iterator[Mockstore]:
    with ExitStack() as stack:
        made = Mockstore.standalone(Settings(clock="virtual", threads=4), network=lambda: network)
        stack.enter_context(made)
        stack.callback(network.open.set)
        made.subscribe("http://shop.test/")
        yield made


def states(mock: Mockstore) -> list[DeliveryState]:
    return [delivery.record.state for delivery in mock.deliveries]


def test_an_emit_without_a_thread_is_delivered_with_the_next_one(
    mock: Mockstore, caplog: pytest.LogCaptureFixture
) -> None:
    with no_more_threads():
        for _ in range(3):
            mock.emit("pet.adopted")
        before = states(mock)

    mock.emit("pet.adopted")
    mock.settle(PATIENCE)

    assert before == [DeliveryState.PENDING] * 3
    assert states(mock) == [DeliveryState.DELIVERED] * 4
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "deliveries have to do with 0 threads for now: can't start new thread"
    ]


def test_an_idle_thread_takes_everything_when_no_other_can_be_started(mock: Mockstore) -> None:
    mock.emit("pet.adopted")
    mock.settle(PATIENCE)

    with no_more_threads():
        for _ in range(20):
            mock.emit("pet.adopted")
        mock.settle(PATIENCE)

    assert states(mock) == [DeliveryState.DELIVERED] * 21


def test_a_busy_thread_takes_the_rest_when_no_other_can_be_started(mock: Mockstore, network: Network) -> None:
    network.open.clear()
    mock.emit("pet.adopted")
    assert network.reached.wait(PATIENCE.total_seconds())

    with no_more_threads():
        for _ in range(5):
            mock.emit("pet.adopted")
        network.open.set()
        mock.settle(PATIENCE)

    assert states(mock) == [DeliveryState.DELIVERED] * 6


def test_a_pump_that_never_had_a_thread_can_be_closed(mock: Mockstore) -> None:
    with no_more_threads():
        mock.emit("pet.adopted")

    mock.close()

    assert states(mock) == [DeliveryState.PENDING]


def test_no_more_threads_than_the_limit_are_started() -> None:
    end = threading.Event()
    workers = WorkerThreads(lambda: _wait_for(end), 2)

    grown = [workers.grow() for _ in range(3)]
    threads = workers.others
    end.set()
    for thread in threads:
        thread.join(PATIENCE.total_seconds())

    assert (grown, len(threads), workers.dead) == ([True, True, False], 2, 2)


def _wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE.total_seconds())


class Unsteady(MemoryStore):
    """A store whose first `failures` claims fail because it is unavailable."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        if self.failures:
            self.failures -= 1
            raise GONE
        return super().claim(now, limit)


def test_an_outage_and_its_end_are_logged_once(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    store = Unsteady(failures=2)
    engine = Engine(petstore(), store, RunningClock(), Chance(0), tell=lambda: None)
    pump = WorkerPump(engine, network, threads=1)
    webhook = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_", EPOCH, EPOCH)
    store.save_webhook(webhook)
    engine.publish(EventRecord("e", "pet.adopted", EPOCH, b"{}"), [webhook])

    settled = pump.settle(PATIENCE)
    pump.close()

    assert (settled, store.failures) == (True, 0)
    assert [record.getMessage() for record in caplog.records] == [
        "deliveries wait for the store: the database is gone",
        "the store is available again: deliveries go on",
    ]


def test_an_advance_fails_while_the_store_is_away_and_works_once_it_is_back(network: Network) -> None:
    store = Unsteady(failures=1_000_000)
    clock = RunningClock(EPOCH)
    engine = Engine(petstore(), store, clock, Chance(0), tell=lambda: None)
    pump = WorkerPump(engine, network, threads=1)
    webhook = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_", EPOCH, EPOCH)
    store.save_webhook(webhook)
    engine.publish(EventRecord("e", "pet.adopted", EPOCH, b"{}"), [webhook])

    with pytest.raises(StoreUnavailableError, match="deliveries wait for the store: the database is gone"):
        pump.advance(timedelta(minutes=5))
    stood_at, store.failures = clock.now(), 0
    settled = pump.settle(PATIENCE)
    pump.advance(timedelta(minutes=5))
    pump.close()

    assert (stood_at, settled, clock.now()) == (EPOCH, True, EPOCH + timedelta(minutes=5))
    assert store.count(states=[DeliveryState.DELIVERED]) == 1


def test_an_outage_is_over_when_the_last_thread_that_failed_has_succeeded(caplog: pytest.LogCaptureFixture) -> None:
    outage, began, end = Outage(), threading.Event(), threading.Event()

    def other() -> None:
        outage.begin(GONE)
        began.set()
        _wait_for(end)
        outage.end()

    thread = threading.Thread(target=other)
    thread.start()
    assert began.wait(PATIENCE.total_seconds())
    outage.begin(GONE)
    outage.end()
    told_before = len(caplog.records)
    end.set()
    thread.join(PATIENCE.total_seconds())

    assert (told_before, len(caplog.records)) == (1, 2)
