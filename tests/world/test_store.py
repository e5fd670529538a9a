"""What every kind of store guarantees: webhooks, events, deliveries, claims, transactions and resources."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, ResourceRecord, WebhookRecord
from mockstore.world.seams import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def webhook(id_: str) -> WebhookRecord:
    return WebhookRecord(id_, "http://shop.test/", ("*",), "whsec_x", NOON, NOON)


def delivery(id_: str, due: datetime | None = NOON, *, to: str = "w", of: str = "e") -> DeliveryRecord:
    return DeliveryRecord(id_, of, to, NOON, due)


def claimed(store: Store, now: datetime = NOON, limit: int = 10) -> list[str]:
    return [record.id for record in store.claim(now, limit)]


def test_what_is_saved_is_found_as_it_was(store: Store) -> None:
    store.save_webhook(webhook("w"))
    store.add_event(EventRecord("e", "pet.adopted", NOON, b"{}"))
    store.save_delivery(delivery("d"))

    assert store.webhook("w") == webhook("w")
    assert store.event("e") == EventRecord("e", "pet.adopted", NOON, b"{}")
    assert store.delivery("d") == delivery("d")


def test_what_was_never_saved_is_none(store: Store) -> None:
    assert (store.webhook("x"), store.event("x"), store.delivery("x"), store.resource("pet", "x")) == (None,) * 4


def test_saving_again_replaces_and_keeps_the_order(store: Store) -> None:
    store.save_webhook(webhook("a"))
    store.save_webhook(webhook("b"))
    store.save_webhook(replace(webhook("a"), url="http://new.test/"))

    assert [(record.id, record.url) for record in store.webhooks()] == [
        ("a", "http://new.test/"),
        ("b", "http://shop.test/"),
    ]


def test_a_removed_webhook_leaves_its_deliveries(store: Store) -> None:
    store.save_webhook(webhook("w"))
    store.save_delivery(delivery("d"))
    store.remove_webhook("w")
    store.remove_webhook("w")

    assert store.webhook("w") is None
    assert [record.id for record in store.deliveries(webhook_id="w")] == ["d"]


def test_deliveries_are_found_by_webhook_and_by_event(store: Store) -> None:
    store.save_delivery(delivery("1", to="w1", of="e1"))
    store.save_delivery(delivery("2", to="w2", of="e1"))
    store.save_delivery(delivery("3", to="w1", of="e2"))

    assert [record.id for record in store.deliveries()] == ["1", "2", "3"]
    assert [record.id for record in store.deliveries(webhook_id="w1")] == ["1", "3"]
    assert [record.id for record in store.deliveries(event_id="e1")] == ["1", "2"]
    assert [record.id for record in store.deliveries(webhook_id="w1", event_id="e2")] == ["3"]


@pytest.mark.parametrize(
    ("latest", "found"),
    [
        pytest.param(None, "abcd", id="all"),
        pytest.param(2, "cd", id="some"),
        pytest.param(9, "abcd", id="more than there are"),
        pytest.param(0, "", id="none"),
    ],
)
def test_so_many_of_the_latest_are_found_oldest_first(store: Store, latest: int | None, found: str) -> None:
    for number, name in enumerate("abcd"):
        store.add_event(EventRecord(name, "pet.adopted", NOON, b"{}"))
        store.save_delivery(DeliveryRecord(name, name, "w1" if number % 2 else "w2", NOON, NOON))

    assert "".join(event.id for event in store.events(latest=latest)) == found
    assert "".join(delivery.id for delivery in store.deliveries(latest=latest)) == found
    assert [one.id for one in store.deliveries(webhook_id="w1", latest=1)] == ["d"]


def test_a_claim_takes_what_is_due_earliest_first(store: Store) -> None:
    store.save_delivery(delivery("later", NOON))
    store.save_delivery(delivery("first", NOON - MINUTE))
    store.save_delivery(delivery("future", NOON + MINUTE))

    assert claimed(store) == ["first", "later"]


def test_deliveries_due_at_the_same_moment_are_claimed_in_the_order_of_saving(store: Store) -> None:
    for name in "abc":
        store.save_delivery(delivery(name))

    assert claimed(store, limit=2) == ["a", "b"]
    assert claimed(store, limit=2) == ["c"]


def test_deliveries_made_due_at_the_same_moment_are_claimed_in_that_order(store: Store) -> None:
    for name in "abc":
        store.save_delivery(replace(delivery(name, None), state=DeliveryState.HELD))
    for name in "cab":
        store.save_delivery(delivery(name))
    store.save_delivery(replace(delivery("c"), reason="told later"))

    assert claimed(store) == ["c", "a", "b"]


def test_a_delivery_that_was_put_off_and_back_has_lost_its_place(store: Store) -> None:
    store.save_delivery(delivery("a"))
    store.save_delivery(delivery("b"))
    store.save_delivery(delivery("a", NOON + MINUTE))
    store.save_delivery(delivery("a"))

    assert claimed(store) == ["b", "a"]


def test_a_claimed_delivery_is_handed_out_once_until_it_is_released(store: Store) -> None:
    store.save_delivery(delivery("d"))

    assert claimed(store) == ["d"]
    assert claimed(store) == []
    assert store.next_due() is None

    store.release("d")
    assert store.next_due() == NOON
    assert claimed(store) == ["d"]


def test_saving_a_claimed_delivery_does_not_release_it(store: Store) -> None:
    store.save_delivery(delivery("d"))
    claimed(store)
    store.save_delivery(delivery("d", NOON - MINUTE))

    assert claimed(store) == []


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(delivery("d"), state=DeliveryState.DISCARDED), id="discarded"),
        pytest.param(replace(delivery("d"), state=DeliveryState.HELD), id="held"),
        pytest.param(delivery("d", None), id="never due"),
        pytest.param(delivery("d", NOON + MINUTE), id="put off"),
    ],
)
def test_what_is_no_longer_due_is_not_claimed(store: Store, changed: DeliveryRecord) -> None:
    store.save_delivery(delivery("d"))
    store.save_delivery(changed)

    assert claimed(store) == []


def test_next_due_is_the_earliest_moment(store: Store) -> None:
    assert store.next_due() is None

    store.save_delivery(delivery("b", NOON + MINUTE))
    store.save_delivery(delivery("a", NOON + 2 * MINUTE))

    assert store.next_due() == NOON + MINUTE


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.save_webhook(webhook("kept"))

    def fail() -> None:
        with store.transaction():
            store.save_webhook(replace(webhook("kept"), url="http://changed.test/"))
            store.save_webhook(webhook("new"))
            store.add_event(EventRecord("e", "pet.adopted", NOON, b"{}"))
            store.save_delivery(delivery("d"))
            store.save_resource(ResourceRecord("pet", "p", {"name": "Rex"}))
            store.remove_webhook("kept")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [record.url for record in store.webhooks()] == ["http://shop.test/"]
    assert (store.event("e"), store.delivery("d"), store.resource("pet", "p")) == (None, None, None)
    assert store.deliveries(event_id="e") == []
    assert claimed(store) == []


def test_an_inner_transaction_is_undone_with_the_outer(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            with store.transaction():
                store.save_webhook(webhook("w"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert store.webhooks() == []


def test_resources_are_kept_by_kind_and_removed_ones_are_marked(store: Store) -> None:
    store.save_resource(ResourceRecord("pet", "1", {"name": "Rex"}))
    store.save_resource(ResourceRecord("user", "1", {"username": "ada"}, hidden={"hash": "h"}))
    store.save_resource(ResourceRecord("pet", "2", {}, removed=True))

    assert store.resource("pet", "1") == ResourceRecord("pet", "1", {"name": "Rex"})
    assert store.resource("user", "1") == ResourceRecord("user", "1", {"username": "ada"}, hidden={"hash": "h"})
    assert [(record.id, record.removed) for record in store.resources("pet")] == [("1", False), ("2", True)]


def test_clear_forgets_everything(store: Store) -> None:
    store.save_webhook(webhook("w"))
    store.add_event(EventRecord("e", "pet.adopted", NOON, b"{}"))
    store.save_delivery(delivery("d"))
    store.save_resource(ResourceRecord("pet", "1", {"name": "Rex"}))
    claimed(store)
    store.clear()

    assert (store.webhooks(), store.events(), store.deliveries(), store.resources("pet")) == ([], [], [], [])
    assert store.next_due() is None
    store.save_delivery(delivery("d"))
    assert claimed(store) == ["d"]


def test_the_store_knows_what_it_holds(store: Store) -> None:
    store.save_delivery(delivery("d"))
    assert not store.holds("d")

    claimed(store)
    assert store.holds("d")
    assert not store.holds("another")

    store.release("d")
    assert not store.holds("d")


def test_a_transaction_that_fails_does_not_change_the_order(store: Store) -> None:
    store.save_webhook(webhook("a"))
    store.save_webhook(webhook("b"))

    def fail() -> None:
        with store.transaction():
            store.remove_webhook("a")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [record.id for record in store.webhooks()] == ["a", "b"]


def test_many_threads_write_and_nothing_is_lost(store: Store) -> None:
    def work(number: int) -> None:
        for count in range(10):
            with store.transaction():
                counted = store.resource("counter", "1")
                total = 0 if counted is None else counted.document["total"]
                store.save_resource(ResourceRecord("counter", "1", {"total": total + 1}))
            store.save_delivery(delivery(f"{number}-{count}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))

    assert store.resource("counter", "1") == ResourceRecord("counter", "1", {"total": 80})
    assert len(store.deliveries()) == 80


def test_many_threads_claim_and_none_gets_what_another_has(store: Store) -> None:
    for number in range(100):
        store.save_delivery(delivery(str(number)))

    with ThreadPoolExecutor(8) as threads:
        taken = [id_ for ids in threads.map(lambda _: claimed(store, limit=3), range(60)) for id_ in ids]

    assert sorted(taken) == sorted(map(str, range(100)))


def test_a_callback_is_called_at_once_outside_a_transaction(store: Store) -> None:
    called: list[int] = []

    store.when_kept(lambda: called.append(1))

    assert called == [1]


def test_callbacks_are_called_in_order_after_the_outermost_transaction(store: Store) -> None:
    called: list[int] = []

    with store.transaction():
        with store.transaction():
            store.when_kept(lambda: called.append(1))
        store.when_kept(lambda: called.append(2))
        before = list(called)

    assert (before, called) == ([], [1, 2])


def test_no_callback_is_called_after_a_transaction_that_fails(store: Store) -> None:
    called: list[int] = []

    def fail() -> None:
        with store.transaction():
            store.when_kept(lambda: called.append(1))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with store.transaction():
        store.save_webhook(webhook("w"))
    assert called == []


def test_others_can_write_while_a_callback_runs(store: Store) -> None:
    def write() -> None:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(store.save_webhook, webhook("other")).result(timeout=20)

    with store.transaction():
        store.save_webhook(webhook("w"))
        store.when_kept(write)

    assert [one.id for one in store.webhooks()] == ["w", "other"]
