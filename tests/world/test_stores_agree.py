"""Whatever is done to a store in memory and to one in a database, in whatever order, they say the same."""

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

MANY = 20
"""So many deliveries must there be before a store is cleared: most of what may go wrong needs some."""
DEEP = 2
"""So many transactions are within each other at most."""


class Both:
    """A store in memory and another: does everything to both, and compares what they say."""

    def __init__(self, other: Store) -> None:
        self.memory = MemoryStore()
        self.stores: tuple[Store, Store] = (self.memory, other)
        self.numbers = count(1)
        self.made: dict[str, DeliveryRecord] = {}
        """Every delivery that was not forgotten, as it was made; its transaction may have failed."""
        self.under_way: list[list[Generator[None]]] = []

    def both(self, ask: Callable[[Store], Any]) -> Any:  # noqa: ANN401 - whatever a store returns
        """Ask both, and return what they agree on."""
        first, second = (_answer(ask, store) for store in self.stores)
        assert first == second
        return first

    def save_webhook(self, id_: str, url: str, status: WebhookStatus, once: bool) -> None:  # noqa: FBT001 - drawn
        webhook = WebhookRecord(id_, url, ("*",), "whsec_x", NOON, NOON, status)
        if once:
            webhook = replace(webhook, events=(), signatures=())
        self.both(lambda store: store.save_webhook(webhook))

    def remove_webhook(self, id_: str) -> None:
        self.both(lambda store: store.remove_webhook(id_))

    def add_event(self, place: int) -> None:
        self.add(self.an_event(place))

    def publish(self, to: str, due: datetime, state: DeliveryState, place: int) -> None:
        made = DeliveryRecord(f"d{next(self.numbers)}", self.an_event(place), to, NOON, due, state)
        self.made[made.id] = made
        self.save(made)

    def change(self, place: int, due: datetime | None, state: DeliveryState, reason: str | None) -> None:
        self.save(replace(self.current(place), due=due, state=state, reason=reason))

    def end_some(self, to: str, states: frozenset[DeliveryState]) -> None:
        self.both(lambda store: store.end(DeliveryState.DISCARDED, "all at once", webhook_id=to, states=states))

    def restart_some(self, to: str, due: datetime, states: frozenset[DeliveryState]) -> None:
        self.both(lambda store: store.restart(due, webhook_id=to, states=states))

    def attempt(self, place: int, due: datetime, outcome: Outcome) -> None:
        current = self.current(place)
        made = _attempt(len(current.attempts) + 1, outcome)
        self.save(replace(current, attempts=(*current.attempts, made), due=due))

    def attempt_from_an_old_record(self, place: int, keep: int, outcome: Outcome) -> None:
        current = self.current(place)
        stale = current.attempts[:keep]
        self.save(replace(current, attempts=(*stale, _attempt(len(stale) + 1, outcome))))

    def claim(self, now: datetime, limit: int) -> None:
        self.both(lambda store: store.claim(now, limit))

    def release(self, place: int) -> None:
        id_ = self.current(place).id
        self.both(lambda store: store.release(id_))

    def save_resource(self, kind: str, id_: str, name: str) -> None:
        resource = ResourceRecord(kind, id_, {"name": name}, removed=not name)
        self.both(lambda store: store.save_resource(resource))

    def begin(self) -> None:
        if len(self.under_way) < DEEP:
            self.under_way.append([_under_way(store) for store in self.stores])

    def succeed(self) -> None:
        for transaction in self.under_way.pop() if self.under_way else ():
            transaction.close()

    def fail(self) -> None:
        for transaction in [one for both in reversed(self.under_way) for one in both]:
            with pytest.raises(LookupError):
                transaction.throw(LookupError)
        self.under_way = []

    def trim(self, keep: int) -> None:
        if not self.under_way:
            self.both(lambda store: store.trim(keep))
            self.made = {one.id: one for one in self.memory.deliveries()}

    def clear(self) -> None:
        if not self.under_way and len(self.made) > MANY:
            self.both(lambda store: store.clear())
            self.made = {}

    def read_some(self, to: str | None, place: int | None, latest: int | None) -> None:
        events = self.both(lambda store: store.events(latest=latest))
        of = events[place % len(events)].id if events and place is not None else None
        found = self.both(lambda store: store.deliveries(webhook_id=to, event_id=of, latest=latest))
        self.both(lambda store: [store.delivery(one.id) for one in found])

    def read_part(self, sought: Sought, first: int, limit: int) -> None:
        type_ = sought.get("event_type")
        self.both(lambda store: store.events_from(first, limit, event_type=type_))
        self.both(lambda store: store.count_events(event_type=type_))
        self.both(lambda store: (store.deliveries_from(first, limit, **sought), store.count(**sought)))

    def read_all(self) -> None:
        self.both(lambda store: store.webhooks())
        self.both(lambda store: store.events())
        self.both(lambda store: store.deliveries())
        self.both(lambda store: [store.count(states=[state]) for state in DeliveryState])
        self.both(lambda store: [store.count_events(), store.count()])
        self.both(lambda store: [id_ for id_ in self.made if store.holds(id_)])
        self.both(lambda store: store.next_due())
        self.both(lambda store: [store.resources(kind) for kind in KINDS])

    def end(self) -> None:
        """Bring to light what is in which order."""
        self.fail()
        self.read_all()
        for place in range(len(self.made)):
            self.release(place)
        self.both(lambda store: store.claim(NOON + timedelta(hours=1), 1000))
        for keep in (7, 5, 3, 2, 1, 0):
            self.trim(keep)
            self.read_all()

    def an_event(self, place: int) -> str:
        """Return the id of an event that is there, or a new one."""
        ids = [event.id for event in self.memory.events()] + [f"e{next(self.numbers)}"]
        return ids[place % len(ids)]

    def current(self, place: int) -> DeliveryRecord:
        """Return a delivery as it stands, or as it was made when that was undone."""
        if not self.made:
            self.publish("w1", NOON, DeliveryState.PENDING, place)
        made = list(self.made.values())[place % len(self.made)]
        return self.memory.delivery(made.id) or made

    def save(self, delivery: DeliveryRecord) -> None:
        if self.memory.event(delivery.event_id) is None:
            self.add(delivery.event_id)
        self.both(lambda store: store.save_delivery(delivery))

    def add(self, event_id: str) -> None:
        type_ = TYPES[int(event_id[1:]) % len(TYPES)]
        self.both(lambda store: store.add_event(EventRecord(event_id, type_, NOON, b"{}")))


def _answer(ask: Callable[[Store], Any], store: Store) -> Any:  # noqa: ANN401 - whatever a store returns
    try:
        return ask(store)
    except AttemptExistsError as error:
        return str(error)


def _under_way(store: Store) -> Generator[None]:
    """Return a transaction that has begun: closed it succeeds, and fails by what is thrown into it."""

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
PLACE = st.integers(0, 99)
"""Which of those that there are, counted round and round."""
STATES = st.none() | st.frozensets(st.sampled_from(DeliveryState))
SOUGHT = st.fixed_dictionaries(
    {}, optional={"webhook_id": WEBHOOK | st.none(), "event_type": st.sampled_from(TYPES), "states": STATES}
)

CHANGES = (
    st.tuples(st.just(Both.publish), WEBHOOK, MOMENT, STATE, PLACE),
    st.tuples(st.just(Both.change), PLACE, MOMENT | st.none(), STATE, st.sampled_from([None, "told later"])),
    st.tuples(st.just(Both.release), PLACE),
)
"""What most of what may go wrong begins with."""

STEPS = st.one_of(
    *CHANGES,
    *CHANGES,
    *CHANGES,
    st.tuples(
        st.just(Both.save_webhook), WEBHOOK, st.sampled_from("ab"), st.sampled_from(WebhookStatus), st.booleans()
    ),
    st.tuples(st.just(Both.remove_webhook), WEBHOOK),
    st.tuples(st.just(Both.add_event), PLACE),
    st.tuples(st.just(Both.attempt), PLACE, MOMENT, st.sampled_from(Outcome)),
    st.tuples(st.just(Both.attempt_from_an_old_record), PLACE, st.integers(0, 3), st.sampled_from(Outcome)),
    st.tuples(st.just(Both.end_some), WEBHOOK, st.frozensets(st.sampled_from(DeliveryState))),
    st.tuples(st.just(Both.restart_some), WEBHOOK, MOMENT, st.frozensets(st.sampled_from(DeliveryState))),
    st.tuples(st.just(Both.claim), MOMENT, st.integers(0, 3)),
    st.tuples(st.just(Both.save_resource), st.sampled_from(KINDS), st.sampled_from("12"), st.text(max_size=3)),
    st.tuples(st.just(Both.begin)),
    st.tuples(st.just(Both.begin)),
    st.tuples(st.just(Both.succeed)),
    st.tuples(st.just(Both.fail)),
    st.tuples(st.just(Both.trim), st.integers(2, 6)),
    st.tuples(st.just(Both.clear)),
    st.tuples(st.just(Both.read_some), WEBHOOK | st.none(), PLACE | st.none(), st.integers(0, 3) | st.none()),
    st.tuples(st.just(Both.read_part), SOUGHT, st.integers(0, 5), st.integers(1, 5)),
    st.tuples(st.just(Both.read_all)),
)


def test_stores_agree(database: Database, new_tenant: Callable[[], str]) -> None:
    @settings(max_examples=10 if database.shared else 40, deadline=None)
    @given(st.lists(STEPS, min_size=80, max_size=80))
    def whatever_is_done(steps: list[tuple[Any, ...]]) -> None:
        both = Both(database.store(new_tenant()))
        try:
            for step, *drawn in steps:
                note(f"{step.__name__}{drawn}")
                step(both, *drawn)
            both.end()
        finally:
            both.fail()

    whatever_is_done()
