"""A store in memory and one in a database return the same after any sequence of calls."""

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mockstore.errors import AttemptExistsError
from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Outcome,
    Outgoing,
    ResourceRecord,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.world.clock import wall_time
from mockstore.world.seams import Sought, Store
from mockstore.world.store_memory import MemoryStore
from mockstore.world.store_sql import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REQUEST = Outgoing("http://shop.test/", (("X-Number", "1"),), b"{}")
KINDS = ["pet", "order"]
TYPES = ["pet.adopted", "order.created"]

CLEAR_ABOVE = 20
"""The stores are cleared only when they hold more deliveries than this: most defects show only with some."""
MAX_NESTING = 2
"""How many transactions may be nested."""


class TwoStores:
    """A store in memory and another store: calls both and compares what they return."""

    def __init__(self, other: Store) -> None:
        self.memory = MemoryStore()
        self.stores: tuple[Store, Store] = (self.memory, other)
        self.numbers = count(1)
        self.created: dict[str, DeliveryRecord] = {}
        """By id, every delivery that was not forgotten, as first saved; its transaction may have failed."""
        self.transactions: list[list[Generator[None]]] = []

    def ask_both(self, ask: Callable[[Store], Any]) -> Any:  # noqa: ANN401 - whatever a store returns
        """Call `ask` with each store, check that the results are equal, and return one."""
        first, second = (_answer(ask, store) for store in self.stores)
        assert first == second
        return first

    def save_webhook(self, id_: str, url: str, status: WebhookStatus, once: bool) -> None:  # noqa: FBT001 - drawn
        webhook = WebhookRecord(id_, url, ("*",), "whsec_x", NOON, NOON, status)
        if once:
            webhook = replace(webhook, events=(), signatures=())
        self.ask_both(lambda store: store.save_webhook(webhook))

    def remove_webhook(self, id_: str) -> None:
        self.ask_both(lambda store: store.remove_webhook(id_))

    def add_event(self, index: int) -> None:
        self.add(self.choose_event(index))

    def publish(self, to: str, due: datetime, state: DeliveryState, index: int) -> None:
        made = DeliveryRecord(f"d{next(self.numbers)}", self.choose_event(index), to, NOON, due, state)
        self.created[made.id] = made
        self.save(made)

    def change(self, index: int, due: datetime | None, state: DeliveryState, reason: str | None) -> None:
        self.save(replace(self.choose_delivery(index), due=due, state=state, reason=reason))

    def end_some(self, to: str, states: frozenset[DeliveryState]) -> None:
        self.ask_both(lambda store: store.end(DeliveryState.DISCARDED, "all at once", webhook_id=to, states=states))

    def restart_some(self, to: str, due: datetime, states: frozenset[DeliveryState]) -> None:
        self.ask_both(lambda store: store.restart(due, webhook_id=to, states=states))

    def attempt(self, index: int, due: datetime, outcome: Outcome) -> None:
        current = self.choose_delivery(index)
        made = _attempt(len(current.attempts) + 1, outcome)
        self.save(replace(current, attempts=(*current.attempts, made), due=due))

    def attempt_from_an_old_record(self, index: int, keep: int, outcome: Outcome) -> None:
        current = self.choose_delivery(index)
        stale = current.attempts[:keep]
        self.save(replace(current, attempts=(*stale, _attempt(len(stale) + 1, outcome))))

    def claim(self, now: datetime, limit: int) -> None:
        self.ask_both(lambda store: store.claim(now, limit))

    def release(self, index: int) -> None:
        id_ = self.choose_delivery(index).id
        self.ask_both(lambda store: store.release(id_))

    def save_resource(self, kind: str, id_: str, name: str) -> None:
        resource = ResourceRecord(kind, id_, {"name": name}, removed=not name)
        self.ask_both(lambda store: store.save_resource(resource))

    def begin(self) -> None:
        if len(self.transactions) < MAX_NESTING:
            self.transactions.append([_begin_transaction(store) for store in self.stores])

    def succeed(self) -> None:
        for transaction in self.transactions.pop() if self.transactions else ():
            transaction.close()

    def fail(self) -> None:
        for transaction in [one for stores in reversed(self.transactions) for one in stores]:
            with pytest.raises(LookupError):
                transaction.throw(LookupError)
        self.transactions = []

    def trim(self, keep: int) -> None:
        if not self.transactions:
            self.ask_both(lambda store: store.trim(keep))
            self.created = {one.id: one for one in self.memory.deliveries()}

    def clear(self) -> None:
        if not self.transactions and len(self.created) > CLEAR_ABOVE:
            self.ask_both(lambda store: store.clear())
            self.created = {}

    def read_some(self, to: str | None, index: int | None, latest: int | None) -> None:
        events = self.ask_both(lambda store: store.events(latest=latest))
        of = events[index % len(events)].id if events and index is not None else None
        found = self.ask_both(lambda store: store.deliveries(webhook_id=to, event_id=of, latest=latest))
        self.ask_both(lambda store: [store.delivery(one.id) for one in found])

    def read_part(self, sought: Sought, first: int, limit: int) -> None:
        type_ = sought.get("event_type")
        self.ask_both(lambda store: store.events_from(first, limit, event_type=type_))
        self.ask_both(lambda store: store.count_events(event_type=type_))
        self.ask_both(lambda store: (store.deliveries_from(first, limit, **sought), store.count(**sought)))

    def read_all(self) -> None:
        self.ask_both(lambda store: store.webhooks())
        self.ask_both(lambda store: store.events())
        self.ask_both(lambda store: store.deliveries())
        self.ask_both(lambda store: [store.count(states=[state]) for state in DeliveryState])
        self.ask_both(lambda store: [store.count_events(), store.count()])
        self.ask_both(lambda store: [id_ for id_ in self.created if store.holds(id_)])
        self.ask_both(lambda store: store.next_due())
        self.ask_both(lambda store: [store.resources(kind) for kind in KINDS])

    def end(self) -> None:
        """Fail open transactions, then release, claim and trim everything, which shows in which order records are."""
        self.fail()
        self.read_all()
        for index in range(len(self.created)):
            self.release(index)
        self.ask_both(lambda store: store.claim(NOON + timedelta(hours=1), 1000))
        for keep in (7, 5, 3, 2, 1, 0):
            self.trim(keep)
            self.read_all()

    def choose_event(self, index: int) -> str:
        """Return the id of an existing event, or a new id."""
        ids = [event.id for event in self.memory.events()] + [f"e{next(self.numbers)}"]
        return ids[index % len(ids)]

    def choose_delivery(self, index: int) -> DeliveryRecord:
        """Return a delivery as it is stored; as it was first saved, if that was undone."""
        if not self.created:
            self.publish("w1", NOON, DeliveryState.PENDING, index)
        made = list(self.created.values())[index % len(self.created)]
        return self.memory.delivery(made.id) or made

    def save(self, delivery: DeliveryRecord) -> None:
        if self.memory.event(delivery.event_id) is None:
            self.add(delivery.event_id)
        self.ask_both(lambda store: store.save_delivery(delivery))

    def add(self, event_id: str) -> None:
        type_ = TYPES[int(event_id[1:]) % len(TYPES)]
        self.ask_both(lambda store: store.add_event(EventRecord(event_id, type_, NOON, b"{}")))


def _answer(ask: Callable[[Store], Any], store: Store) -> Any:  # noqa: ANN401 - whatever a store returns
    try:
        return ask(store)
    except AttemptExistsError as error:
        return str(error)


def _begin_transaction(store: Store) -> Generator[None]:
    """Begin a transaction and return a generator: `close` commits it, and `throw` makes it fail."""

    def run() -> Generator[None]:
        with store.transaction():
            try:
                yield
            except GeneratorExit:
                return

    transaction = run()
    next(transaction)
    return transaction


def _attempt(number: int, outcome: Outcome) -> Attempt:
    return Attempt(number, NOON, NOON, outcome, 200, timedelta(), None, REQUEST, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        yield request.getfixturevalue("shared_database")
        return
    opened = Database.open(f"sqlite:///{tmp_path}/store.db", now=wall_time)
    yield opened
    opened.close()


MOMENT = st.integers(0, 2).map(lambda minutes: NOON + timedelta(minutes=minutes))
STATE = st.sampled_from([*DeliveryState, DeliveryState.PENDING, DeliveryState.PENDING, DeliveryState.DELIVERED])
WEBHOOK = st.sampled_from(["w1", "w2", "w3"])
INDEX = st.integers(0, 99)
"""Chooses among the existing records, modulo their number."""
STATES = st.none() | st.frozensets(st.sampled_from(DeliveryState))
SOUGHT = st.fixed_dictionaries(
    {}, optional={"webhook_id": WEBHOOK | st.none(), "event_type": st.sampled_from(TYPES), "states": STATES}
)

CHANGES = (
    st.tuples(st.just(TwoStores.publish), WEBHOOK, MOMENT, STATE, INDEX),
    st.tuples(st.just(TwoStores.change), INDEX, MOMENT | st.none(), STATE, st.sampled_from([None, "told later"])),
    st.tuples(st.just(TwoStores.release), INDEX),
)
"""The calls that most defects need; they are drawn more often."""

STEPS = st.one_of(
    *CHANGES,
    *CHANGES,
    *CHANGES,
    st.tuples(
        st.just(TwoStores.save_webhook), WEBHOOK, st.sampled_from("ab"), st.sampled_from(WebhookStatus), st.booleans()
    ),
    st.tuples(st.just(TwoStores.remove_webhook), WEBHOOK),
    st.tuples(st.just(TwoStores.add_event), INDEX),
    st.tuples(st.just(TwoStores.attempt), INDEX, MOMENT, st.sampled_from(Outcome)),
    st.tuples(st.just(TwoStores.attempt_from_an_old_record), INDEX, st.integers(0, 3), st.sampled_from(Outcome)),
    st.tuples(st.just(TwoStores.end_some), WEBHOOK, st.frozensets(st.sampled_from(DeliveryState))),
    st.tuples(st.just(TwoStores.restart_some), WEBHOOK, MOMENT, st.frozensets(st.sampled_from(DeliveryState))),
    st.tuples(st.just(TwoStores.claim), MOMENT, st.integers(0, 3)),
    st.tuples(st.just(TwoStores.save_resource), st.sampled_from(KINDS), st.sampled_from("12"), st.text(max_size=3)),
    st.tuples(st.just(TwoStores.begin)),
    st.tuples(st.just(TwoStores.begin)),
    st.tuples(st.just(TwoStores.succeed)),
    st.tuples(st.just(TwoStores.fail)),
    st.tuples(st.just(TwoStores.trim), st.integers(2, 6)),
    st.tuples(st.just(TwoStores.clear)),
    st.tuples(st.just(TwoStores.read_some), WEBHOOK | st.none(), INDEX | st.none(), st.integers(0, 3) | st.none()),
    st.tuples(st.just(TwoStores.read_part), SOUGHT, st.integers(0, 5), st.integers(1, 5)),
    st.tuples(st.just(TwoStores.read_all)),
)


def test_stores_agree(database: Database, new_tenant: Callable[[], str]) -> None:
    @settings(max_examples=10 if database.shared else 40, deadline=None)
    @given(st.lists(STEPS, min_size=80, max_size=80))
    def whatever_is_done(steps: list[tuple[Any, ...]]) -> None:
        stores = TwoStores(database.store(new_tenant()))
        try:
            for step, *drawn in steps:
                note(f"{step.__name__}{drawn}")
                step(stores, *drawn)
            stores.end()
        finally:
            stores.fail()

    whatever_is_done()
