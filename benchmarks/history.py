"""Many events with a limited history: the memory after half of them and at the end."""

import gc
import tracemalloc

from benchmarks.harness import Goal, Peer, Row, Section
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord, Outcome, Outgoing
from mockstore.world.clock import EPOCH
from mockstore.world.store_memory import MemoryStore

MIB = 1024 * 1024
EVERY = 1_000
"""The number of events after which the history is trimmed."""
HALF = "the same at the middle"


def measure(*, events: int = 200_000, keep: int = 10_000) -> Section:
    """Measure the memory with `events` events, of which the latest `keep` are kept."""
    store = MemoryStore()
    tracemalloc.start()
    half = _stream(store, range(events // 2), keep)
    end = _stream(store, range(events // 2, events), keep)
    tracemalloc.stop()
    return Section(
        f"{events:,} events through a history of {keep:,}",
        (Row("memory at the end", "MiB", end / MIB, None, (Peer(HALF, half / MIB, Goal("≤", 1.05)),)),),
        "each recorded, delivered at the first attempt and forgotten in its turn, in the store of the process",
    )


def _stream(store: MemoryStore, numbers: range, keep: int) -> int:
    """Record and deliver events with these numbers; return the allocated bytes afterwards."""
    for number in numbers:
        _pass(store, number)
        if number % EVERY == 0:
            store.trim(keep)
    store.trim(keep)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _pass(store: MemoryStore, number: int) -> None:
    body = b"%0400d" % number
    event = EventRecord(f"event-{number}", "pet.adopted", EPOCH, body)
    delivery = DeliveryRecord(f"delivery-{number}", event.id, "webhook", EPOCH, EPOCH)
    with store.transaction():
        store.add_event(event)
        store.save_delivery(delivery)
    sent = Outgoing("http://shop.test/hooks", (("X-Webhook-Id", event.id),), body)
    took = EPOCH - EPOCH
    attempt = Attempt(1, EPOCH, EPOCH, Outcome.ACKNOWLEDGED, 204, took, None, sent, None)
    store.claim(EPOCH, 1)
    store.save_delivery(
        DeliveryRecord(
            delivery.id, event.id, "webhook", EPOCH, None, state=DeliveryState.DELIVERED, attempts=(attempt,)
        )
    )
    store.release(delivery.id)
