"""The pump of the server: its threads deliver while callers continue. Receivers are functions that can be blocked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.delivery.engine import Engine, Started
from mockstore.delivery.schedule import policy
from mockstore.delivery.workers import REMEMBERED, WorkerPump
from mockstore.errors import ConsumerError, NotFoundError, StoppingError
from mockstore.events import EventFactory
from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, WebhookRecord
from mockstore.news import News
from mockstore.provider import petstore
from mockstore.settings import Settings
from mockstore.world.clock import EPOCH, Chance, RunningClock
from mockstore.world.store_memory import MemoryStore

PATIENCE = 20
"""How many seconds a test waits at most; it normally takes much less."""

Receive: TypeAlias = Callable[[Outgoing], int]


class Network:
    """A transport with a function for each host; it records the requests in their order."""

    def __init__(self) -> None:
        self.receivers: dict[str, Receive] = {}
        self.seen: list[str] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert timeout
        host = str(urlsplit(outgoing.url).hostname)
        with self._changed:
            self.seen.append(host)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()
        return Reply(self.receivers.get(host, _accept)(outgoing))

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def wait_for(self, host: str, count: int = 1) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.seen.count(host) >= count, PATIENCE)


def _accept(_: Outgoing) -> int:
    return 204


class Gate:
    """A receiver that answers once the gate is open."""

    def __init__(self, status: int = 204) -> None:
        self.open = threading.Event()
        self._status = status

    def __call__(self, _: Outgoing) -> int:
        assert self.open.wait(PATIENCE)
        return self._status


class Answers:
    """A receiver that gives the answers in turn; the last answer repeats."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)

    def __call__(self, _: Outgoing) -> int:
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]


@pytest.fixture
def network() -> Network:
    return Network()


Make: TypeAlias = Callable[[Settings], Mockstore]


@pytest.fixture
def make(network: Network) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(Mockstore.standalone(settings, network=lambda: network))
        for gate in network.receivers.values():
            if isinstance(gate, Gate):
                gate.open.set()


@pytest.fixture
def mock(make: Make) -> Mockstore:
    return make(Settings(clock="virtual", threads=4))


def test_deliveries_run_on_threads_of_their_own(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")

    event = mock.emit("pet.adopted")
    event.assert_acknowledged()

    assert network.threads
    assert threading.current_thread().name not in network.threads


def test_an_emit_does_not_wait_for_its_delivery(mock: Mockstore, network: Network) -> None:
    network.receivers["slow.test"] = Gate()
    mock.subscribe("http://slow.test/")

    event = mock.emit("pet.adopted")

    assert event.delivery.record.state is DeliveryState.PENDING
    assert network.wait_for("slow.test")


def test_an_event_that_nobody_wants_starts_no_thread(mock: Mockstore) -> None:
    before = threading.active_count()

    mock.emit("pet.adopted")

    assert threading.active_count() == before


@pytest.mark.parametrize("count", [1, 50], ids=["with one delivery", "with a storm of deliveries"])
def test_a_dead_consumer_does_not_hold_up_the_others(mock: Mockstore, network: Network, count: int) -> None:
    network.receivers["dead.test"] = Gate()
    mock.subscribe("http://dead.test/", events="order.created")
    mock.subscribe("http://shop.test/", events="pet.adopted")
    for _ in range(count):
        mock.emit("order.created")
    assert network.wait_for("dead.test")

    for _ in range(20):
        mock.emit("pet.adopted")

    assert network.wait_for("shop.test", 20)


def test_many_dead_consumers_do_not_hold_up_a_healthy_one(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/", events="pet.adopted")
    mock.emit("pet.adopted").assert_acknowledged()
    for number in range(20):
        network.receivers[f"dead-{number}.test"] = Gate()
        mock.subscribe(f"http://dead-{number}.test/", events="order.created")
    mock.emit("order.created")

    mock.emit("pet.adopted")

    assert network.wait_for("shop.test", 2)


def test_a_retry_is_on_time_while_another_receiver_takes_long(make: Make, network: Network) -> None:
    mock = make(Settings(threads=4, schedule=policy([0.02])))
    network.receivers |= {"slow.test": Gate(), "shop.test": Answers(503, 204)}
    mock.subscribe("http://shop.test/", events="pet.adopted")
    mock.subscribe("http://slow.test/", events="order.created")
    mock.emit("order.created")
    assert network.wait_for("slow.test")

    mock.emit("pet.adopted")

    assert network.wait_for("shop.test", 2)


def test_an_advance_shortens_the_wait_of_a_thread_that_waits_already(make: Make, network: Network) -> None:
    mock = make(Settings(threads=4, schedule=policy([3600])))
    network.receivers["shop.test"] = Answers(503, 204)
    mock.subscribe("http://shop.test/")
    event = mock.emit("pet.adopted")
    assert network.wait_for("shop.test")
    mock.settle(timedelta(seconds=PATIENCE))

    mock.advance(timedelta(seconds=3599.9))
    event.deliveries.wait_for(1)

    assert network.wait_for("shop.test", 2)


def test_an_earlier_retry_is_not_held_up_by_a_thread_that_waits_for_a_later_one(make: Make, network: Network) -> None:
    mock = make(Settings(threads=4, schedule=policy([0.02, 3600])))
    network.receivers |= {"late.test": Answers(503), "soon.test": Answers(503, 204)}
    mock.subscribe("http://late.test/", events="order.created")
    mock.subscribe("http://soon.test/", events="pet.adopted")
    mock.emit("order.created")
    assert network.wait_for("late.test", 2)  # the next is due in an hour

    mock.emit("pet.adopted")

    assert network.wait_for("soon.test", 2)


def test_the_ladder_is_climbed_in_order_by_an_advance(mock: Mockstore, network: Network) -> None:
    network.receivers |= {"shop.test": Answers(503), "other.test": Answers(503)}
    mock.subscribe("http://shop.test/", events="pet.adopted")
    first = mock.emit("pet.adopted").delivery
    mock.advance(minutes=3)
    mock.subscribe("http://other.test/", events="order.created")
    mock.emit("order.created")

    mock.clock.advance(minutes=3)

    assert network.seen == ["shop.test", "shop.test", "other.test", "other.test", "shop.test"]
    assert [attempt.offset.total_seconds() for attempt in first.attempts] == [0, 60, 360]


def test_the_whole_ladder_is_climbed_by_its_length_though_time_runs_and_the_first_attempt_is_to_come(
    make: Make, network: Network
) -> None:
    mock = make(Settings(threads=4))
    network.receivers["shop.test"] = Answers(503)
    mock.subscribe("http://shop.test/")
    delivery = mock.emit("pet.adopted").delivery

    mock.advance(minutes=96)

    assert [attempt.number for attempt in delivery.attempts] == [1, 2, 3, 4, 5]


def test_settling_waits_for_what_is_under_way(mock: Mockstore, network: Network) -> None:
    gate = network.receivers["shop.test"] = Gate()
    mock.subscribe("http://shop.test/")
    event = mock.emit("pet.adopted")
    with pytest.raises(TimeoutError, match="still under way"):
        mock.settle(timedelta())

    gate.open.set()
    mock.settle(timedelta(seconds=PATIENCE))

    assert event.delivery.record.state is DeliveryState.DELIVERED


def test_closing_lets_an_attempt_under_way_end_and_takes_nothing_new_up(make: Make, network: Network) -> None:
    mock = make(Settings(clock="virtual", threads=1))
    gate = network.receivers["shop.test"] = Gate()
    mock.subscribe("http://shop.test/")
    first, second = mock.emit("pet.adopted"), mock.emit("pet.adopted")
    assert network.wait_for("shop.test")

    closer = threading.Thread(target=mock.close)
    closer.start()
    with pytest.raises(StoppingError):  # at once: a closing pump does not wait
        mock.settle()
    with pytest.raises(StoppingError):
        mock.advance(minutes=5)
    gate.open.set()
    closer.join(PATIENCE)

    assert first.delivery.record.state is DeliveryState.DELIVERED
    assert second.delivery.record.state is DeliveryState.PENDING
    assert network.seen == ["shop.test"]
    assert mock.clock.now() == EPOCH


def test_a_closed_pump_starts_no_thread(mock: Mockstore, network: Network) -> None:
    mock.subscribe("http://shop.test/")
    mock.close()
    before = threading.active_count()

    mock.emit("pet.adopted")

    assert (network.seen, threading.active_count()) == ([], before)


def test_what_a_reset_forgot_does_not_come_back(make: Make, network: Network) -> None:
    mock = make(Settings(clock="virtual", threads=1))
    gate = network.receivers["shop.test"] = Gate()
    mock.subscribe("http://shop.test/")
    for _ in range(5):
        mock.emit("pet.adopted")
    assert network.wait_for("shop.test")

    mock.reset()
    gate.open.set()
    mock.settle(timedelta(seconds=PATIENCE))

    assert network.seen == ["shop.test"]
    assert not mock.deliveries


def test_what_was_queued_for_a_deleted_webhook_is_not_sent(make: Make, network: Network) -> None:
    mock = make(Settings(clock="virtual", threads=1))
    gate = network.receivers["shop.test"] = Gate()
    webhook = mock.subscribe("http://shop.test/")
    mock.emit("pet.adopted")
    assert network.wait_for("shop.test")
    queued = mock.emit("pet.adopted").deliveries[0]

    mock.webhooks.remove(webhook.id)
    gate.open.set()
    mock.settle(timedelta(seconds=PATIENCE))

    assert network.seen == ["shop.test"]
    assert (queued.record.state, queued.record.reason) == (DeliveryState.DISCARDED, "the webhook was deleted")


def test_an_error_that_is_no_delivery_error_fails_the_attempt_and_the_ladder_goes_on(
    mock: Mockstore, network: Network
) -> None:
    def broken(_: Outgoing) -> int:
        raise ZeroDivisionError("by nothing")

    network.receivers["shop.test"] = broken
    mock.subscribe("http://shop.test/")

    delivery = mock.emit("pet.adopted").delivery
    mock.advance(minutes=1)

    assert [attempt.error for attempt in delivery.record.attempts] == [
        "it could not be sent: ZeroDivisionError: by nothing"
    ] * 2
    assert "ZeroDivisionError" in "".join(mock.complaints())


def test_an_exception_of_the_consumers_code_is_recorded_and_complained_of(mock: Mockstore, network: Network) -> None:
    def raising(_: Outgoing) -> int:
        raise ConsumerError("the consumer raised") from KeyError("petId")

    network.receivers["shop.test"] = raising
    mock.subscribe("http://shop.test/")

    delivery = mock.emit("pet.adopted").delivery
    mock.settle(timedelta(seconds=PATIENCE))

    assert isinstance(delivery.record.attempts[0].exception, KeyError)
    assert "petId" in "".join(mock.complaints())


class BrokenEngine(Engine):
    """An engine that cannot start an attempt."""

    def start(self, delivery: DeliveryRecord) -> Started | None:
        raise LookupError(delivery.webhook_id)


def test_what_cannot_even_be_tried_is_discarded_and_the_threads_live_on(network: Network) -> None:
    store, clock, rules, count = MemoryStore(), RunningClock(EPOCH), petstore(), REMEMBERED + 1
    engine = BrokenEngine(rules, store, clock, Chance(0), tell=News().tell)
    pump = WorkerPump(engine, network, threads=2)
    webhook = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_", EPOCH, EPOCH)
    store.save_webhook(webhook)
    for number in range(count):
        engine.publish(EventRecord(f"e{number}", "pet.adopted", EPOCH, b"{}"), [webhook])

    settled = pump.settle(timedelta(seconds=PATIENCE))
    pump.close()

    assert settled
    assert {(one.state, one.reason) for one in store.deliveries()} == {
        (DeliveryState.DISCARDED, "it could not be tried: LookupError: w")
    }
    assert [type(error) for error in pump.raised] == [LookupError] * REMEMBERED


def test_no_delivery_has_two_attempts_at_the_same_time(make: Make, network: Network) -> None:
    mock = make(Settings(clock="virtual", threads=8))
    gate = network.receivers["shop.test"] = Gate(503)
    mock.subscribe("http://shop.test/")
    event = mock.emit("pet.adopted")
    assert network.wait_for("shop.test")

    mock.redeliver(event.delivery)
    mock.redeliver(event.delivery)
    under_way = list(network.seen)
    gate.open.set()
    mock.settle(timedelta(seconds=PATIENCE))

    assert under_way == ["shop.test"]
    assert [attempt.number for attempt in event.delivery.attempts] == list(range(1, len(network.seen) + 1))


def test_many_callers_at_once_lose_nothing(make: Make, network: Network) -> None:
    mock = make(Settings(threads=8))
    mock.subscribe("http://shop.test/")
    mock.subscribe("http://other.test/")

    def call() -> None:
        for _ in range(50):
            mock.emit("pet.adopted")

    callers = [threading.Thread(target=call) for _ in range(4)]

    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE)
    mock.settle(timedelta(seconds=PATIENCE))

    assert {delivery.record.state for delivery in mock.deliveries} == {DeliveryState.DELIVERED}
    assert (network.seen.count("shop.test"), network.seen.count("other.test")) == (200, 200)
    assert len({event.id for event in mock.events}) == 200


def test_unknown_ids_are_not_found(mock: Mockstore) -> None:
    with pytest.raises(NotFoundError, match="no event 'nothing'"):
        mock.event("nothing")
    with pytest.raises(NotFoundError, match="no delivery 'nothing'"):
        mock.delivery("nothing")


def test_the_factory_may_be_shared() -> None:
    factory = EventFactory(petstore().catalogue)
    with Mockstore.standalone(Settings(clock="virtual"), factory=factory) as mock:
        assert mock.factory is factory
