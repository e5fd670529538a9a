"""What the threads of the pump wait for: no due time is missed, and no thread waits while there is work."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.delivery.engine import Engine
from mockstore.delivery.schedule import policy
from mockstore.delivery.workers import WorkerPump
from mockstore.model import EventRecord, WebhookRecord
from mockstore.news import News
from mockstore.provider import petstore
from mockstore.settings import Settings
from mockstore.world.clock import EPOCH, Chance, RunningClock
from mockstore.world.store_memory import MemoryStore

SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0"
PATIENCE = 20
"""How many seconds a test waits at most; it normally takes much less."""
SOON = 8
"""How many seconds to wait for what must happen at once; less than the time that an idle thread waits."""


class Network:
    """Receivers that answer 503 first and then 204; one whose gate is closed answers when it is opened."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = {}
        self.seen: list[str] = []
        self.threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def close_gate(self, host: str) -> None:
        self.gates[host] = threading.Event()

    def open_gates(self) -> None:
        for gate in self.gates.values():
            gate.set()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert timeout
        host = str(urlsplit(outgoing.url).hostname)
        with self._changed:
            self.seen.append(host)
            self.threads.append(threading.current_thread())
            status = 204 if self.seen.count(host) > 1 else 503
            self._changed.notify_all()
        assert host not in self.gates or self.gates[host].wait(PATIENCE)
        return Reply(status)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def wait_for(self, host: str, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.seen.count(host) >= count, SOON)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.open_gates()


def make_idle_threads(mock: Mockstore, network: Network) -> None:
    """Make the pump have three idle threads."""
    mock.subscribe("http://several.test/", events="payment.failed")
    network.close_gate("several.test")
    for _ in range(3):
        mock.emit("payment.failed")
    assert network.wait_for("several.test", 3)
    network.open_gates()
    mock.settle(timedelta(seconds=PATIENCE))


@pytest.mark.parametrize("kicks", [0, 1, 2])
def test_a_retry_that_an_advance_brings_near_is_on_time_while_the_one_before_takes_long(
    network: Network, kicks: int
) -> None:
    with Mockstore.standalone(Settings(threads=8, schedule=policy([3600])), network=lambda: network) as mock:
        mock.subscribe("http://slow.test/", events="order.created")
        mock.subscribe("http://shop.test/", events="pet.adopted")
        for event in ("order.created", "pet.adopted"):
            mock.emit(event)
            mock.settle(timedelta(seconds=PATIENCE))
        make_idle_threads(mock, network)
        for _ in range(kicks):  # each kick wakes the thread that has waited longest, which then waits behind the others
            mock.settle(timedelta(seconds=PATIENCE))
        due = mock.deliveries[0].record.due
        assert due is not None
        network.close_gate("slow.test")

        advancing = threading.Thread(target=mock.advance, args=(due - mock.clock.now(),))
        advancing.start()
        on_time = network.wait_for("slow.test", 2) and network.wait_for("shop.test", 2)
        network.open_gates()
        advancing.join(PATIENCE)

    assert on_time


def test_a_retry_is_on_time_once_a_clock_that_stood_still_runs_on(network: Network) -> None:
    settings = Settings(clock="virtual", threads=4, schedule=policy([0.02]))
    with Mockstore.standalone(settings, network=lambda: network) as mock:
        mock.subscribe("http://shop.test/")
        mock.emit("pet.adopted")
        mock.settle(timedelta(seconds=PATIENCE))

        mock.clock.run()
        on_time = network.wait_for("shop.test", 2)

    assert on_time


class Stopping(RunningClock):
    """A clock that is stopped right after a thread has asked how long to wait."""

    def seconds_until(self, moment: datetime | None) -> float | None:
        seconds = super().seconds_until(moment)
        self.freeze()
        return seconds


class Store(MemoryStore):
    """A store that counts the calls of `next_due`, and can delay them."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = threading.local()
        self._asked = threading.Condition()
        self.asked = 0

    def next_due(self) -> datetime | None:
        seconds: float = getattr(self.slow, "seconds", 0.0)
        if seconds:
            threading.Event().wait(seconds)
        due = super().next_due()
        with self._asked:
            self.asked += 1
            self._asked.notify_all()
        return due

    def is_asked_again(self, before: int) -> bool:
        with self._asked:
            return self._asked.wait_for(lambda: self.asked > before, PATIENCE)


def publish(engine: Engine, its_id: str, host: str) -> None:
    webhook = WebhookRecord(host, f"http://{host}/", ("*",), SECRET, EPOCH, EPOCH)
    engine.store.save_webhook(webhook)
    engine.publish(EventRecord(its_id, "pet.adopted", engine.clock.now(), b"{}"), [webhook])


def test_a_thread_does_not_wait_for_ever_when_the_clock_is_stopped_as_it_begins_to_wait(network: Network) -> None:
    store = MemoryStore()
    engine = Engine(petstore(), store, Stopping(), Chance(0), tell=News().tell)
    pump = WorkerPump(engine, network, rest=timedelta(milliseconds=1))
    publish(engine, "1", "shop.test")
    pump.kick()
    assert network.wait_for("shop.test", 1)

    (thread,) = network.threads
    thread.join(SOON)
    ended = not thread.is_alive()
    pump.close()

    assert store.next_due() is not None
    assert ended


def test_a_thread_that_is_woken_just_when_its_rest_is_over_takes_what_it_was_woken_for(network: Network) -> None:
    store, rest = Store(), timedelta(seconds=0.1)
    engine = Engine(petstore(), store, RunningClock(EPOCH), Chance(0), tell=News().tell)
    pump = WorkerPump(engine, network, threads=4, rest=rest)
    network.close_gate("slow.test")
    publish(engine, "1", "slow.test")
    pump.kick()
    assert network.wait_for("slow.test", 1)
    network.close_gate("shop.test")
    publish(engine, "2", "shop.test")
    pump.kick()
    assert network.wait_for("shop.test", 1)
    asked = store.asked
    network.gates["shop.test"].set()
    assert store.is_asked_again(asked)  # by the thread that is idle now

    publish(engine, "3", "shop.test")
    store.slow.seconds = 2 * rest.total_seconds()
    pump.kick()
    store.slow.seconds = 0
    is_taken = network.wait_for("shop.test", 2)
    network.open_gates()
    pump.close()

    assert is_taken
