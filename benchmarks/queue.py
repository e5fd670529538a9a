"""The time of an `emit` while 100,000 deliveries wait for a retry, and the memory of each of them."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter

from msgspec.structs import replace

from benchmarks.consumer import PATH, TYPE
from benchmarks.harness import MICRO, OURS, Goal, Measure, Peer, Row, Section, race, scaled
from mockstore import Mockstore, Reply
from mockstore.parts import Options, Parts, in_process_parts, provider_with

EMPTY = "nothing pending"
REFUSED = "payment.failed"
KIB = 1024


def measure(*, rounds: int = 60, times: int = 20, pending: int = 100_000, sample: int = 10_000) -> Section:
    """Measure `rounds` of `times` emits with `pending` deliveries, and the memory of `sample` deliveries."""
    with _opened() as (_, empty), _opened() as (parts, full):
        _fill(parts, full, pending)
        found = scaled(race({OURS: _emits(full, times), EMPTY: _emits(empty, times)}, rounds), MICRO)
    what = f"an emit beside {pending:,} pending"
    return Section(
        "The retry queue",
        (
            Row(what, "µs", found[OURS], None, (Peer(EMPTY, found[EMPTY], Goal("≤", 1.1)),)),
            Row("memory of a pending delivery", "KiB", _memory(sample) / KIB, Goal("≤", 1.5)),
        ),
        "delivered to a function; a pending delivery has one refused attempt behind it, which it keeps",
    )


@contextmanager
def _opened() -> Iterator[tuple[Parts, Mockstore]]:
    """Yield a Mockstore with a receiver that acknowledges `TYPE`, and one that refuses `REFUSED`."""
    parts = in_process_parts(
        provider_with(None),
        seed=0,
        clock="virtual",
        start=None,
        factory=None,
        signature_time="wall",
        options=Options(strict=False),
    )
    with Mockstore(parts) as mockstore:
        mockstore.subscribe(lambda _: Reply(204), TYPE, PATH)
        mockstore.subscribe(lambda _: Reply(503), REFUSED, PATH)
        yield parts, mockstore


def _emits(mockstore: Mockstore, times: int) -> Measure:
    """Return a measure of the seconds per emit."""

    def measure() -> float:
        started = perf_counter()
        for _ in range(times):
            mockstore.emit(TYPE)
        return (perf_counter() - started) / times

    return measure


def _fill(parts: Parts, mockstore: Mockstore, pending: int) -> None:
    """Store `pending` copies of a refused delivery and its event, each due at another time."""
    event = mockstore.emit(REFUSED).record
    delivery = mockstore.deliveries.last.record
    for number in range(pending):
        copied = replace(event, id=f"event-{number}")
        later = parts.clock.now() + timedelta(milliseconds=number)
        parts.store.add_event(copied)
        parts.store.save_delivery(replace(delivery, id=f"delivery-{number}", event_id=copied.id, due=later))


def _memory(sample: int) -> float:
    """Return the memory in bytes of one pending delivery, including its event and its attempt."""
    with _opened() as (_, mockstore):
        mockstore.emit(REFUSED)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(sample):
            mockstore.emit(REFUSED)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return (after - before) / sample
