"""A thread that has other things to do delivers between them: quick receivers only, and never for long."""

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
"""When a test gives up; none comes near."""
TRIES = 200
"""How often a thread that has just delivered may be faster."""


class Network:
    """A transport that notes how each request went out: begun, or waited for."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.connected = True
        """Whether a request can be begun."""
        self.answered = threading.Event()
        self.answered.set()
        self.meanwhile: Callable[[], object] | None = None
        """Done once, while a request is out that was begun."""

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

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Nothing to give back."""


class Begun:
    """A request that is out."""

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


class Post:
    """Deliveries in the order in which they are due, and a borrowed thread for them. No thread waits."""

    def __init__(self, network: Network) -> None:
        self.parts = still_parts()
        self.mockstore = Mockstore(self.parts)
        self.queue = WorkQueue(self.parts.engine, 4)
        self.handed: list[Job] = []
        self._runner = AttemptRunner(self.parts.engine, network, network.begin, wait=_never, remember=_never)
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
        """Deliver an event as a thread does."""
        self.emit()
        job = self.queue.next()
        assert job is not None
        self.end(job)

    def end(self, job: Job, answer: Reply | None = None) -> None:
        self.queue.give_back(job.delivery, self._runner.attempt(job, None, answer))

    def states(self) -> list[DeliveryState]:
        return [delivery.state for delivery in self.mockstore.deliveries]


def _never(error: BaseException) -> None:
    raise AssertionError(error)


PENDING, DELIVERED = DeliveryState.PENDING, DeliveryState.DELIVERED


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def post(network: Network) -> Iterator[Post]:
    """Deliveries to a receiver that has proved to be quick."""
    made = Post(network)
    with made.mockstore:
        made.prove_quick()
        network.sent.clear()
        yield made


def test_a_delivery_is_begun_in_one_moment_and_ended_in_the_next(post: Post, network: Network) -> None:
    post.emit()

    assert post.deliver_briefly() is True
    assert (network.sent, post.states()) == (["begun"], [DELIVERED, PENDING])
    assert post.deliver_briefly() is False
    assert post.states() == [DELIVERED, DELIVERED]


def test_several_are_delivered_one_after_the_other(post: Post, network: Network) -> None:
    post.emit(3)

    assert [post.deliver_briefly() for _ in range(4)] == [True, True, True, False]

    replies = [delivery.record.attempts[0].reply for delivery in post.mockstore.deliveries]
    assert [reply and reply.body for reply in replies] == [event.body for event in post.mockstore.events]
    assert network.sent == ["begun"] * 3


def test_a_receiver_that_takes_longer_is_left_to_a_thread_to_wait_for(post: Post, network: Network) -> None:
    network.answered.clear()
    post.emit(2)

    assert [post.deliver_briefly(), post.deliver_briefly()] == [True, False]

    (job,) = post.handed
    assert job.underway is not None
    assert (network.sent, post.states()) == (["begun"], [DELIVERED, PENDING, PENDING])


def test_what_is_out_is_not_sent_again_however_late_a_thread_goes_on_with_it(post: Post, network: Network) -> None:
    network.answered.clear()
    post.emit()
    post.deliver_briefly()
    post.deliver_briefly()
    (job,) = post.handed
    post.parts.clock.jump_to(post.parts.clock.now() + timedelta(seconds=1))
    network.answered.set()

    post.end(job)

    assert (network.sent, post.states()) == (["begun"], [DELIVERED, DELIVERED])
    assert job.started is not None
    assert post.mockstore.deliveries[-1].record.attempts[0].sent is job.started.sent


def test_without_a_connection_a_thread_is_to_make_one(post: Post, network: Network) -> None:
    network.connected = False
    post.emit()

    assert post.deliver_briefly() is False

    (job,) = post.handed
    assert (job.started is not None, job.underway, network.sent) == (True, None, [])


def test_what_was_forgotten_while_it_was_out_is_not_recorded(post: Post, network: Network) -> None:
    network.meanwhile = post.mockstore.reset
    post.emit()

    assert [post.deliver_briefly(), post.deliver_briefly()] == [True, False]

    assert post.states() == []


def test_closing_ends_what_was_begun(post: Post, network: Network) -> None:
    post.emit()
    post.deliver_briefly()

    post.close()

    assert (network.sent, post.states()) == (["begun"], [DELIVERED, DELIVERED])


def unknown(post: Post) -> None:
    post.mockstore.webhooks.remove(post.mockstore.deliveries[0].record.webhook_id)
    post.subscribe()
    post.emit()


def many(post: Post) -> None:
    post.emit(BATCH)


def one_is_out(post: Post) -> None:
    post.emit(2)
    assert post.queue.next() is not None


@pytest.mark.parametrize("change", [unknown, many, one_is_out])
def test_what_is_not_quick_few_and_alone_is_left_to_the_threads(
    post: Post, network: Network, change: Callable[[Post], None]
) -> None:
    change(post)

    assert post.deliver_briefly() is False

    assert (network.sent, post.handed) == ([], [])
    assert post.queue.are_more()


def test_a_thread_that_asks_goes_on_with_what_was_handed_over_before_all_else(post: Post) -> None:
    post.emit(2)
    job = Job(post.parts.engine.claim()[0])

    post.queue.hand_over(job)

    assert post.queue.urgent
    assert post.queue.next() is job
    assert not post.queue.urgent


def test_what_is_given_up_has_not_begun(post: Post, network: Network) -> None:
    post.emit(3)
    first, second, third = post.parts.engine.claim(3)
    begun = Job(first, None, network.begin(Outgoing("http://shop.test/", (), b""), PATIENCE))
    post.queue.hand_over(begun)
    post.queue.hand_over(Job(second))

    assert post.queue.drain() == [second]
    assert post.queue.begun() == [begun]
    assert post.queue.begun() == []
    assert third.id in {delivery.id for delivery in post.mockstore.deliveries}


# ---- beside the threads of a server ------------------------------------------------------------------------------


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
    """Return a delivery that was begun on this thread."""
    for _ in range(TRIES):
        with parts.pump.deferred():
            event = mock.emit("pet.adopted")
        if parts.pump.deliver_briefly():
            return event.deliveries[0].record
        mock.settle(PATIENCE)  # a thread was faster
    raise AssertionError("nothing is begun on this thread")


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


def test_a_store_that_is_not_quick_is_asked_for_nothing(post: Post, network: Network) -> None:
    pump = WorkerPump(post.parts.engine, network)
    post.emit()

    assert pump.deliver_briefly() is False
    unclaimed = post.parts.store.next_due()
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
