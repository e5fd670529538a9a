"""What every part of the shop shares: the store, the seeded catalogue, time, ids, and how events are announced."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.events.encode import rfc3339
from mockstore.model import Json, Payload, ResourceRecord
from mockstore.petstore.documents import copied
from mockstore.world.seams import Store

Catalogue = Mapping[str, Mapping[str, Payload]]
"""Documents by kind and id; shared between shops and never changed."""


class ShopContext(Struct, frozen=True):
    """What the parts of one tenant's shop need; `store` is that tenant's own."""

    store: Store
    catalogue: Catalogue
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    announce: Callable[[str, Payload], None]
    """Emits an event of this type and data, inside the transaction of the change."""
    tenant: str | None
    base_url: str

    def moment(self) -> str:
        """Return the present time as documents write it."""
        return rfc3339(self.now())

    def transaction(self) -> AbstractContextManager[None]:
        """Make what happens inside all or nothing."""
        return self.store.transaction()

    def shelf(self, kind: str) -> "Shelf":
        """Return the things of this `kind`."""
        return Shelf(kind, self.store, self.catalogue.get(kind, {}))


class Shelf(Struct, frozen=True):
    """The things of one kind: what the store has, laid over the seeded catalogue."""

    kind: str
    store: Store
    seeded: Mapping[str, Payload]

    def get(self, id_: str) -> dict[str, Json]:
        """Return a copy of the document; raise `NotFoundError` when there is none."""
        document: dict[str, Json] = copied(self.record(id_).document)
        return document

    def record(self, id_: str) -> ResourceRecord:
        """Return the record, hidden part included; raise `NotFoundError` when there is none."""
        record = self.store.resource(self.kind, id_)
        if record is None and id_ in self.seeded:
            return ResourceRecord(self.kind, id_, self.seeded[id_])
        if record is None or record.removed:
            raise NotFoundError(self.kind, id_)
        return record

    def everything(self) -> list[Payload]:
        """Return all documents, those of the catalogue first, then oldest first. Shared: copy before giving out."""
        records = {record.id: record for record in self.store.resources(self.kind)}
        if not records:
            return list(self.seeded.values())
        ids = dict.fromkeys([*self.seeded, *records])
        return [
            records[id_].document if id_ in records else self.seeded[id_]
            for id_ in ids
            if id_ not in records or not records[id_].removed
        ]

    def put(self, document: Payload, hidden: Payload | None = None) -> None:
        """Add or replace; `hidden` is kept with it and never shown."""
        self.store.save_resource(ResourceRecord(self.kind, document["id"], document, hidden or {}))

    def remove(self, id_: str) -> None:
        """Leave a tombstone, which covers the catalogue too; raise `NotFoundError` when there is no such thing."""
        record = self.record(id_)
        self.store.save_resource(ResourceRecord(self.kind, id_, record.document, removed=True))
