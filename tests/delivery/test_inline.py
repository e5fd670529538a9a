"""The inline pump, when a consumer calls the mock from inside a delivery or from a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore import Mockstore, Outgoing
from mockstore.delivery.engine import Engine
from mockstore.delivery.pump import InlinePump
from mockstore.errors import EndlessChainError
from mockstore.model import DeliveryRecord, DeliveryState
from mockstore.parts import Parts
from mockstore.world.store_memory import MemoryStore
from tests.delivery.parts import still_parts

PATIENCE = 20
"""How many seconds a test waits at most; it normally takes much less."""


class Interrupted(MemoryStore):
    """A store that runs another caller's work once, right after a `claim` that found nothing due."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupt: Callable[[], object] | None = None

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        found = super().claim(now, limit)
        if not found and self.interrupt is not None:
            interrupt, self.interrupt = self.interrupt, None
            on_other_thread(interrupt)
        return found


def on_other_thread(work: Callable[[], object]) -> None:
    """Do `work` on another thread and wait for its end."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)


@pytest.fixture
def records() -> Interrupted:
    return Interrupted()


@pytest.fixture
def parts(records: Interrupted) -> Parts:
    parts = still_parts()
    engine = Engine(parts.provider, records, parts.clock, parts.chance, tell=parts.news.tell)
    return replace(parts, store=records, engine=engine, pump=InlinePump(engine, parts.router))


@pytest.fixture
def store(parts: Parts) -> Iterator[Mockstore]:
    with Mockstore(parts) as made:
        yield made


def states(store: Mockstore) -> list[DeliveryState]:
    return [delivery.state for delivery in store.deliveries]


def test_what_another_thread_makes_due_is_delivered_though_the_run_is_just_ending(
    store: Mockstore, records: Interrupted
) -> None:
    store.subscribe(lambda _outgoing: 204)
    records.interrupt = lambda: store.emit("order.created")

    store.emit("pet.adopted")

    assert states(store) == [DeliveryState.DELIVERED] * 2


def test_a_thread_that_defers_its_deliveries_does_not_keep_others_from_delivering(
    parts: Parts, store: Mockstore
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def leaves_for_later() -> None:
        with parts.pump.deferred():
            begun.set()
            may_end.wait(PATIENCE)

    thread = threading.Thread(target=leaves_for_later)

    def consumer(_: Outgoing) -> int:
        if not begun.is_set():
            thread.start()
            begun.wait(PATIENCE)
        return 204

    store.subscribe(consumer)
    store.emit("pet.adopted")
    may_end.set()
    thread.join(PATIENCE)

    store.emit("order.created")

    assert states(store) == [DeliveryState.DELIVERED] * 2


def test_a_consumer_may_move_the_clock_and_what_falls_due_follows(store: Mockstore) -> None:
    hurried = [True]

    def hurries(_: Outgoing) -> int:
        if hurried:
            hurried.pop()
            store.clock.advance(minutes=2)
        return 204

    store.subscribe(hurries, "pet.adopted")
    failing = store.subscribe(lambda _outgoing: 503)
    start = store.clock.now()

    store.emit("pet.adopted")

    assert store.clock.now() - start == timedelta(minutes=2)
    assert [delivery.state for delivery in failing.deliveries] == [DeliveryState.PENDING]


def test_a_consumer_may_move_the_clock_on_an_event_loop(store: Mockstore) -> None:
    hurried = [True]

    async def hurries(_: Outgoing) -> int:
        if hurried:
            hurried.pop()
            await store.aadvance(minutes=2)
        return 204

    store.subscribe(hurries)
    store.subscribe(lambda _outgoing: 204)

    asyncio.run(store.aemit("pet.adopted"))

    assert states(store) == [DeliveryState.DELIVERED] * 2


def test_the_clock_may_be_moved_while_deliveries_are_deferred(store: Mockstore) -> None:
    store.subscribe(lambda _outgoing: 503)
    store.emit("pet.adopted")

    asyncio.run(store.aserve(lambda: store.advance(minutes=1)))

    assert [attempt.number for attempt in store.deliveries.last.attempts] == [1, 2]


def test_deliveries_that_send_each_other_again_for_ever_end_in_an_error(store: Mockstore) -> None:
    def resends(outgoing: Outgoing) -> int:
        others = [one for one in store.deliveries if one.event.body != outgoing.body and one.attempts]
        if others:
            store.redeliver(others[0])
        return 204

    store.subscribe(resends)
    store.emit("pet.adopted")

    with pytest.raises(EndlessChainError, match="more than 10000 further deliveries"):
        store.emit("order.created")
