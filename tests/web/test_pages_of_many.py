"""A page of a long history reads only the records on that page."""

from collections.abc import Iterator, Sequence
from typing import Unpack

import pytest
from werkzeug.test import Client

from mockstore.errors import StoreUnavailableError
from mockstore.model import DeliveryRecord, EventRecord, WebhookRecord
from mockstore.parts import Keeping, standalone_parts
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.web.in_process import wsgi_app
from mockstore.world.seams import Sought
from mockstore.world.store_memory import MemoryStore


class Long(MemoryStore):
    """A store that refuses to return all records, and counts the reads of single webhooks."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0
        self.forgotten: str | None = None
        """The event that is deleted with its delivery as soon as the delivery has been read."""

    def event(self, event_id: str) -> EventRecord | None:
        return None if event_id == self.forgotten else super().event(event_id)

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        self.lookups += 1
        return super().webhook(webhook_id)

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        if latest is None:
            raise StoreUnavailableError("all events were asked for")
        return super().events(latest=latest)

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        if latest is None and sought.get("event_id") is None:
            raise StoreUnavailableError("all deliveries were asked for")
        return super().deliveries(latest=latest, **sought)


@pytest.fixture
def store() -> Long:
    return Long()


@pytest.fixture
def shop(store: Long) -> Iterator[Mockstore]:
    """A Mockstore with three events of two types, each with a held delivery to one webhook."""
    with Mockstore(standalone_parts(Settings(clock="virtual"), keeping=Keeping(store))) as shop:
        webhook = shop.subscribe("http://127.0.0.1:1/")
        shop.subscribe("http://127.0.0.1:1/", "payment.*")
        shop.hold()
        for event_type in ("pet.adopted", "order.created", "pet.adopted"):
            shop.emit(event_type, to=webhook)
        yield shop


@pytest.mark.parametrize(
    ("path", "total"),
    [
        ("/_mockstore/deliveries", 3),
        ("/_mockstore/deliveries?state=held", 3),
        ("/_mockstore/deliveries?state=failed", 0),
        ("/_mockstore/deliveries?type=pet.adopted", 2),
        ("/_mockstore/deliveries?type=pet.adopted&state=held&webhook={first}", 2),
        ("/_mockstore/deliveries?webhook={second}", 0),
        ("/v1/webhooks/{first}/deliveries?type=order.created", 1),
        ("/v1/webhooks/{second}/deliveries", 0),
        ("/_mockstore/events", 3),
        ("/_mockstore/events?type=pet.adopted", 2),
        ("/_mockstore/events?type=pet.*", 0),
    ],
)
def test_a_page_holds_what_is_asked_for_and_counts_the_rest(shop: Mockstore, path: str, total: int) -> None:
    first, second = (webhook.id for webhook in shop.webhooks)
    start = path.format(first=first, second=second)
    start += "&" if "?" in path else "?"
    client = Client(wsgi_app(shop))

    pages = [client.get(f"{start}limit=2&page={number}").get_json() for number in (1, 2, 3)]

    assert [len(page["data"]) for page in pages] == [min(total, 2), max(total - 2, 0), 0]
    assert [page["pagination"]["totalItems"] for page in pages] == [total] * 3
    assert [page["pagination"]["totalPages"] for page in pages] == [(total + 1) // 2] * 3
    ids = [one["id"] for page in pages for one in page["data"]]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("path", ["", "?state=held", "?type=pet.adopted", "console/webhooks/{first}", "health?verbose"])
def test_other_pages_read_no_more_than_they_show_either(shop: Mockstore, path: str) -> None:
    webhook, _ = shop.webhooks

    answer = Client(wsgi_app(shop)).get(f"/_mockstore/{path.format(first=webhook.id)}")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/webhooks", "/_mockstore/console/webhooks", "/_mockstore/records/webhooks"])
def test_a_list_of_webhooks_is_read_at_once_and_not_one_by_one(shop: Mockstore, store: Long, path: str) -> None:
    before = store.lookups

    answer = Client(wsgi_app(shop)).get(path)

    assert (answer.status_code, store.lookups) == (200, before)


@pytest.mark.parametrize("path", ["/_mockstore/deliveries", "/v1/webhooks/{first}/deliveries"])
def test_a_page_leaves_out_what_is_forgotten_while_it_is_made(shop: Mockstore, store: Long, path: str) -> None:
    webhook, _ = shop.webhooks
    first, second, third = (one["id"] for one in Client(wsgi_app(shop)).get("/_mockstore/events").get_json()["data"])
    store.forgotten = second

    answer = Client(wsgi_app(shop)).get(path.format(first=webhook.id))

    assert answer.status_code == 200
    assert [one["eventId"] for one in answer.get_json()["data"]] == [first, third]
