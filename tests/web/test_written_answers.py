"""An emit that was recorded succeeds, even if the store cannot be read afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Unpack

import pytest

from mockstore.errors import StoreUnavailableError
from mockstore.model import DeliveryRecord
from mockstore.parts import Keeping, standalone_parts
from mockstore.served_inbox import ServedInbox
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenant, Tenants
from mockstore.web.app import create_app
from mockstore.world.seams import Sought
from mockstore.world.store_memory import MemoryStore

SETTINGS = Settings(clock="virtual")


class Fading(MemoryStore):
    """A store whose deliveries can be read inside a transaction only."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = local()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        outer, self._inside.now = getattr(self._inside, "now", False), True
        try:
            with super().transaction():
                yield
        finally:
            self._inside.now = outer

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        if not getattr(self._inside, "now", False):
            raise StoreUnavailableError("the database is gone")
        return super().deliveries(latest=latest, **sought)


class OnlyOne(Tenants):
    """Returns the same tenant for every id."""

    def __init__(self, one: Tenant) -> None:
        super().__init__(SETTINGS)
        self._one = one

    def tenant(self, tenant_id: str | None) -> Tenant:  # noqa: ARG002 - whoever it is
        return self._one


@pytest.mark.parametrize(("asked", "count"), [({}, 1), ({"count": 3}, 3)], ids=["one event", "several"])
def test_an_emit_is_answered_with_what_was_written(asked: dict[str, int], count: int) -> None:
    store = Fading()
    parts = standalone_parts(SETTINGS, keeping=Keeping(store))
    with Mockstore(parts) as mock, OnlyOne(Tenant(mock, ServedInbox(mock), parts.pump, None, store)) as tenants:
        webhook = mock.subscribe("http://127.0.0.1:1/")
        client = create_app(tenants, SETTINGS).test_client()

        answer = client.post("/_mockstore/emit", json={"type": "pet.adopted", **asked})

    assert answer.status_code == 202
    assert answer.json is not None
    assert [[one["webhookId"] for one in event["deliveries"]] for event in answer.json["data"]] == [
        [webhook.id]
    ] * count
