"""A store caches when the next delivery is due: never too late for its own changes; `look` reads those of others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, WebhookRecord, WebhookStatus
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database, SqlStore
from mockstore.world.store_sql.nextdue import NextDue
from tests.postgres import PostgresServer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
MUCH_LATER = NOON + timedelta(hours=1)
DELIVERY = DeliveryRecord("d", "e", "w", NOON, NOON)
EVENT = EventRecord("e", "pet.adopted", NOON, b"{}")
WEBHOOK = WebhookRecord("w", "http://shop.test/", ("*",), "secret", NOON, NOON)


@pytest.fixture
def stores(postgres: PostgresServer) -> Iterator[tuple[SqlStore, SqlStore]]:
    """The stores of one tenant in two servers; both have cached that nothing is due."""
    url = postgres.new_database()
    first, second = Database.open(url, now=wall_time), Database.open(url, now=wall_time)
    assert first.store(None).next_due() is None
    assert second.store(None).next_due() is None
    yield first.store(None), second.store(None)
    first.close()
    second.close()


@pytest.fixture
def store(stores: tuple[SqlStore, SqlStore]) -> SqlStore:
    return stores[0]


def test_what_another_server_adds_is_noticed_at_the_next_look(stores: tuple[SqlStore, SqlStore]) -> None:
    here, elsewhere = stores
    elsewhere.save_delivery(DELIVERY)

    here.look()

    assert here.next_due() == NOON
    assert [delivery.id for delivery in here.claim(NOON, 1)] == ["d"]


def test_what_another_server_has_taken_is_forgotten_by_a_claim_that_finds_nothing(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    here, elsewhere = stores
    here.save_delivery(DELIVERY)
    elsewhere.look()
    elsewhere.claim(NOON, 1)
    assert here.next_due() == NOON

    assert here.claim(NOON, 1) == []
    assert here.next_due() is None


def test_what_is_added_here_is_due_at_once(store: SqlStore) -> None:
    for id_, due in (("b", LATER), ("a", NOON), ("c", MUCH_LATER)):
        store.save_delivery(replace(DELIVERY, id=id_, due=due))

    assert store.next_due() == NOON


def test_what_is_added_in_a_transaction_is_due_when_that_is_kept(store: SqlStore) -> None:
    with store.transaction():
        store.save_delivery(DELIVERY)
        assert store.next_due() == NOON

    assert store.next_due() == NOON
    assert [delivery.id for delivery in store.claim(NOON, 1)] == ["d"]


def test_what_is_added_in_a_transaction_that_fails_is_not_due(store: SqlStore) -> None:
    def fail() -> None:
        with store.transaction():
            store.save_delivery(DELIVERY)
            assert store.next_due() == NOON
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert store.next_due() is None


def test_a_claim_leaves_what_is_due_later(store: SqlStore) -> None:
    store.save_delivery(DELIVERY)
    store.save_delivery(replace(DELIVERY, id="later", due=LATER))

    assert [delivery.id for delivery in store.claim(NOON, 10)] == ["d"]
    assert store.next_due() == LATER
    assert store.claim(NOON, 10) == []
    assert [delivery.id for delivery in store.claim(LATER, 10)] == ["later"]
    assert store.next_due() is None


def test_a_claim_that_was_limited_leaves_what_is_due_now(store: SqlStore) -> None:
    for id_ in "ab":
        store.save_delivery(replace(DELIVERY, id=id_))

    assert [delivery.id for delivery in store.claim(NOON, 1)] == ["a"]
    assert store.next_due() == NOON


def test_a_retry_is_due_when_its_claim_is_given_back(store: SqlStore) -> None:
    store.save_delivery(DELIVERY)
    store.claim(NOON, 1)
    assert store.next_due() is None

    store.save_delivery(replace(DELIVERY, due=LATER))
    assert store.next_due() is None
    store.release("d")
    assert store.next_due() == LATER


@pytest.mark.parametrize(
    ("after", "due"),
    [
        pytest.param(replace(DELIVERY, due=LATER), LATER, id="put off"),
        pytest.param(replace(DELIVERY, due=NOON - timedelta(days=1)), NOON - timedelta(days=1), id="brought forward"),
        pytest.param(replace(DELIVERY, due=None, state=DeliveryState.DISCARDED), None, id="discarded"),
    ],
)
def test_what_is_changed_is_due_as_it_is_now(store: SqlStore, after: DeliveryRecord, due: datetime | None) -> None:
    store.save_delivery(DELIVERY)
    assert store.next_due() == NOON

    store.save_delivery(after)

    assert store.next_due() == due


def test_nothing_is_due_after_everything_was_forgotten(store: SqlStore) -> None:
    store.save_delivery(DELIVERY)

    store.clear()

    assert store.next_due() is None


def test_however_many_add_and_claim_at_once_nothing_stays_behind(store: SqlStore) -> None:
    def add(number: int) -> None:
        store.save_delivery(replace(DELIVERY, id=str(number)))

    def claim_all(_: int) -> list[str]:
        claimed_ids = []
        while store.next_due() is not None:
            claimed_ids += [delivery.id for delivery in store.claim(NOON, 3)]
        return claimed_ids

    with ThreadPoolExecutor(8) as threads:
        adding = threads.map(add, range(100))
        claimed_ids = [id_ for ids in threads.map(claim_all, range(20)) for id_ in ids]
    list(adding)
    claimed_ids += claim_all(0)

    assert sorted(claimed_ids) == sorted(map(str, range(100)))


def test_what_was_read_before_a_change_is_not_remembered_after_it() -> None:
    next_due = NextDue()
    version = next_due.version
    next_due.add(7)

    next_due.note(None, version)

    assert next_due.known is None
    assert not next_due.is_after(0)


def test_what_a_claim_found_before_a_change_is_not_remembered_after_it() -> None:
    next_due = NextDue()
    next_due.note(9, next_due.version)
    version = next_due.version
    next_due.add(7)

    next_due.took(None, version)

    assert next_due.known is None


def test_a_transaction_finds_what_it_has_changed_itself(store: SqlStore) -> None:
    disabled = replace(WEBHOOK, status=WebhookStatus.DISABLED)
    stopped = replace(DELIVERY, state=DeliveryState.DISCARDED, due=None)
    other = replace(EVENT, body=b"[]")
    store.save_webhook(WEBHOOK)
    store.add_event(EVENT)
    store.save_delivery(DELIVERY)
    store.claim(NOON, 1)

    with store.transaction():
        assert store.holds("d")
        assert (store.delivery("d"), store.event("e"), store.webhook("w")) == (DELIVERY, EVENT, WEBHOOK)
        store.save_webhook(disabled)
        store.add_event(other)
        store.save_delivery(stopped)
        assert (store.delivery("d"), store.event("e"), store.webhook("w")) == (stopped, other, disabled)

    assert (store.delivery("d"), store.event("e"), store.webhook("w")) == (stopped, other, disabled)


def test_a_claimed_delivery_without_a_webhook_and_an_event_is_read_as_such(store: SqlStore) -> None:
    store.save_delivery(DELIVERY)
    store.claim(NOON, 1)

    with store.transaction():
        assert store.holds("d")
        assert (store.delivery("d"), store.event("e"), store.webhook("w")) == (DELIVERY, None, None)
