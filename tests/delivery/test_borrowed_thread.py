"""A thread that has other work delivers as well, but only to quick receivers and never for long."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from mockstore import Mockstore
from mockstore.delivery.attempt_runner import AttemptRunner, Job
from mockstore.delivery.borrowed_thread import BorrowedThread
from mockstore.delivery.work_queue import BATCH, WorkQueue
from mockstore.delivery.workers import WorkerPump
from mockstore.model import DeliveryRecord, DeliveryState, Outgoing, Reply
from mockstore.parts import Parts, standalone_parts
from mockstore.settings import Settings
from tests.delivery.parts import still_parts

PATIENCE = timedelta(seconds=20)
"""How long a test waits at most; it normally takes much less."""
TRIES = 200
"""How often a worker thread may take the delivery first before the test fails."""


class Network:
    """A transport that records how each request was sent: only begun, or waited for."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.connected = True
        """Whether a request can be begun."""
        self.answered = threading.Event()
        self.answered.set()
        self.meanwhile: Callable[[], object] | None = None
        """Called once, while a request that was begun is in progress."""

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert timeout
        self.sent.append("waited for")
        return Reply(200, body=outgoing.body)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> "Begun | None":
        assert timeout
        if not self.connected:
            return None
        self.sent.append("begun")
        return Begun(self, outgoing)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class Begun:
    """A request that was sent and not answered yet."""

    def __init__(self, network: Network, outgoing: Outgoing) -> None:
        self._network = network
        self._outgoing = outgoing

    def look(self, patience: timedelta) -> Reply | None:
        meanwhile, self._network.meanwhile = self._network.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return self.finish() if self._network.answered.wait(patience.total_seconds()) else None

    def finish(self) -> Reply:
        assert self._network.answered.wait(PATIENCE.total_seconds())
        return Reply(200, body=self._outgoing.body)


class BorrowedSetup:
    """A `BorrowedThread` for the deliveries of a Mockstore without worker threads."""

    def __init__(self, network: Network) -> None:
        self.parts = still_parts()
        self.mockstore = Mockstore(self.parts)
        self.queue = WorkQueue(self.parts.engine, 4)
        self.handed: list[Job] = []
        self._runner = AttemptRunner(self.parts.engine, network, network.begin, wait=_fail, remember=_fail)
        borrowed = BorrowedThread(self._runner, take=self.queue.next_quick, hand_over=self.handed.append, end=self.end)
        self.deliver_briefly, self.close = borrowed.deliver_briefly, borrowed.close
        self.subscribe()

    def subscribe(self) -> None:
        self.mockstore.subscribe("http://shop.test/")

    def emit(self, count: int = 1) -> None:
        with self.parts.pump.deferred():
            for _ in range(count):
                self.mockstore.emit("pet.adopted")

    def prove_quick(self) -> None:
        """Deliver an event as a worker thread does, so that the receiver is known to be quick."""
        self.emit()
        job = self.queue.next()
        assert job is not None
        self.end(job)

    def end(self, job: Job, answer: Reply | None = None) -> None:
        self.queue.give_back(job.delivery, self._runner.attempt(job, None, answer))

    def states(self) -> list[DeliveryState]:
        return [delivery.state for delivery in self.mockstore.deliveries]


def _fail(error: BaseException) -> None:
    raise AssertionError(error)


PENDING, DELIVERED = DeliveryState.PENDING, DeliveryState.DELIVERED


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def borrowed(network: Network) -> Iterator[BorrowedSetup]:
    """Yield a setup whose receiver is known to be quick."""
    made = BorrowedSetup(network)
    with made.mockstore:
        made.prove_quick()
        network.sent.clear()
        yield made


def test_a_delivery_is_begun_by_one_call_and_ended_by_the_next(borrowed: BorrowedSetup, network: Network) -> None:
    borrowed.emit()

    assert borrowed.deliver_briefly() is True
    assert (network.sent, borrowed.states()) == (["begun"], [DELIVERED, PENDING])
    assert borrowed.deliver_briefly() is False
    assert borrowed.states() == [DELIVERED, DELIVERED]


def test_several_are_delivered_one_after_the_other(borrowed: BorrowedSetup, network: Network) -> None:
    borrowed.emit(3)

    assert [borrowed.deliver_briefly() for _ in range(4)] == [True, True, True, False]

    replies = [delivery.record.attempts[0].reply for delivery in borrowed.mockstore.deliveries]
    assert [reply and reply.body for reply in replies] == [event.body for event in borrowed.mockstore.events]
    assert network.sent == ["begun"] * 3


def test_waiting_for_a_receiver_that_takes_longer_is_left_to_a_thread(
    borrowed: BorrowedSetup, network: Network
) -> None:
    network.answered.clear()
    borrowed.emit(2)

    assert [borrowed.deliver_briefly(), borrowed.deliver_briefly()] == [True, False]

    (job,) = borrowed.handed
    assert job.underway is not None
    assert (network.sent, borrowed.states()) == (["begun"], [DELIVERED, PENDING, PENDING])


def test_a_request_that_was_sent_is_not_sent_again_however_late_a_thread_finishes_it(
    borrowed: BorrowedSetup, network: Network
) -> None:
    network.answered.clear()
    borrowed.emit()
    borrowed.deliver_briefly()
    borrowed.deliver_briefly()
    (job,) = borrowed.handed
    borrowed.parts.clock.jump_to(borrowed.parts.clock.now() + timedelta(seconds=1))
    network.answered.set()

    borrowed.end(job)

    assert (network.sent, borrowed.states()) == (["begun"], [DELIVERED, DELIVERED])
    assert job.started is not None
    assert borrowed.mockstore.deliveries[-1].record.attempts[0].sent is job.started.sent


def test_without_a_connection_a_thread_is_to_make_one(borrowed: BorrowedSetup, network: Network) -> None:
    network.connected = False
    borrowed.emit()

    assert borrowed.deliver_briefly() is False

    (job,) = borrowed.handed
    assert (job.started is not None, job.underway, network.sent) == (True, None, [])


def test_what_was_forgotten_while_it_was_out_is_not_recorded(borrowed: BorrowedSetup, network: Network) -> None:
    network.meanwhile = borrowed.mockstore.reset
    borrowed.emit()

    assert [borrowed.deliver_briefly(), borrowed.deliver_briefly()] == [True, False]

    assert borrowed.states() == []


def test_closing_ends_what_was_begun(borrowed: BorrowedSetup, network: Network) -> None:
    borrowed.emit()
    borrowed.deliver_briefly()

    borrowed.close()

    assert (network.sent, borrowed.states()) == (["begun"], [DELIVERED, DELIVERED])


def unknown(borrowed: BorrowedSetup) -> None:
    borrowed.mockstore.webhooks.remove(borrowed.mockstore.deliveries[0].record.webhook_id)
    borrowed.subscribe()
    borrowed.emit()


def many(borrowed: BorrowedSetup) -> None:
    borrowed.emit(BATCH)


def one_is_out(borrowed: BorrowedSetup) -> None:
    borrowed.emit(2)
    assert borrowed.queue.next() is not None


@pytest.mark.parametrize("change", [unknown, many, one_is_out])
def test_only_few_deliveries_to_quick_receivers_while_none_is_out_are_taken(
    borrowed: BorrowedSetup, network: Network, change: Callable[[BorrowedSetup], None]
) -> None:
    change(borrowed)

    assert borrowed.deliver_briefly() is False

    assert (network.sent, borrowed.handed) == ([], [])
    assert borrowed.queue.are_more()


def test_a_job_that_was_handed_over_is_the_next_one(borrowed: BorrowedSetup) -> None:
    borrowed.emit(2)
    job = Job(borrowed.parts.engine.claim()[0])

    borrowed.queue.hand_over(job)

    assert borrowed.queue.urgent
    assert borrowed.queue.next() is job
    assert not borrowed.queue.urgent


def test_draining_leaves_the_requests_that_were_begun(borrowed: BorrowedSetup, network: Network) -> None:
    borrowed.emit(3)
    first, second, third = borrowed.parts.engine.claim(3)
    begun = Job(first, None, network.begin(Outgoing("http://shop.test/", (), b""), PATIENCE))
    borrowed.queue.hand_over(begun)
    borrowed.queue.hand_over(Job(second))

    assert borrowed.queue.drain() == [second]
    assert borrowed.queue.begun() == [begun]
    assert borrowed.queue.begun() == []
    assert third.id in {delivery.id for delivery in borrowed.mockstore.deliveries}


# ---- together with the threads of a server -----------------------------------------------------------------------


@pytest.fixture
def parts(network: Network) -> Parts:
    return standalone_parts(Settings(threads=4), network=lambda: network)


@pytest.fixture
def mock(parts: Parts) -> Iterator[Mockstore]:
    with Mockstore(parts) as made:
        made.subscribe("http://shop.test/")
        made.emit("pet.adopted")
        made.settle(PATIENCE)
        yield made


def begin(parts: Parts, mock: Mockstore) -> DeliveryRecord:
    """Return a delivery whose request was begun on this thread."""
    for _ in range(TRIES):
        with parts.pump.deferred():
            event = mock.emit("pet.adopted")
        if parts.pump.deliver_briefly():
            return event.deliveries[0].record
        mock.settle(PATIENCE)  # a worker thread took it first
    raise AssertionError("no request was begun on this thread")


def attempts(mock: Mockstore, delivery: DeliveryRecord) -> int:
    return len(mock.delivery(delivery.id).attempts)


def test_what_is_deferred_waits_for_a_kick(parts: Parts, network: Network) -> None:
    with Mockstore(parts) as mock:
        mock.subscribe("http://shop.test/")
        threads = set(threading.enumerate())
        with parts.pump.deferred():
            mock.emit("pet.adopted")
        assert set(threading.enumerate()) <= threads
        parts.pump.kick()
        mock.settle(PATIENCE)

    assert len(network.sent) == 1


def test_a_borrowed_thread_does_not_use_a_slow_store(borrowed: BorrowedSetup, network: Network) -> None:
    pump = WorkerPump(borrowed.parts.engine, network)
    borrowed.emit()

    assert pump.deliver_briefly() is False
    unclaimed = borrowed.parts.store.next_due()
    pump.close()

    assert unclaimed is not None
    assert network.sent == []


def test_settling_waits_for_what_was_begun(parts: Parts, mock: Mockstore) -> None:
    delivery = begin(parts, mock)

    assert parts.pump.pulse.out == 1
    assert parts.pump.settle(timedelta(milliseconds=1)) is False
    parts.pump.deliver_briefly()
    mock.settle(PATIENCE)

    assert attempts(mock, delivery) == 1


def test_a_thread_ends_what_takes_longer(parts: Parts, mock: Mockstore, network: Network) -> None:
    network.answered.clear()
    threading.Timer(0.01, network.answered.set).start()
    delivery = begin(parts, mock)

    parts.pump.deliver_briefly()
    mock.settle(PATIENCE)

    assert attempts(mock, delivery) == 1
    assert mock.delivery(delivery.id).state is DELIVERED


def test_closing_waits_for_what_was_begun_and_begins_nothing(parts: Parts, mock: Mockstore) -> None:
    delivery = begin(parts, mock)
    with parts.pump.deferred():
        mock.emit("pet.adopted")

    mock.close()

    assert attempts(mock, delivery) == 1
    assert parts.pump.deliver_briefly() is False
    assert mock.deliveries[-1].state is PENDING
    assert not any(parts.store.holds(one.id) for one in mock.deliveries)


def test_closing_ends_what_is_handed_over_meanwhile(parts: Parts, mock: Mockstore, network: Network) -> None:
    delivery = begin(parts, mock)
    network.answered.clear()
    closing = threading.Thread(target=mock.close)
    network.meanwhile = closing.start

    parts.pump.deliver_briefly()
    network.answered.set()
    closing.join(PATIENCE.total_seconds())

    assert attempts(mock, delivery) == 1
    assert not any(parts.store.holds(one.id) for one in mock.deliveries)
