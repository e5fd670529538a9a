"""What all parts of the shop need: the store, the seeded catalogue, time, new ids and a function that emits events."""

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
"""The seeded documents by kind and id; shared between shops, so never changed."""


class ShopContext(Struct, frozen=True):
    """What the parts of one tenant's shop need."""

    store: Store
    """The tenant's own store."""
    catalogue: Catalogue
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    announce: Callable[[str, Payload], None]
    """Emits an event with this type and data; it is called inside the transaction of the change."""
    tenant: str | None
    """The tenant's id; None for the shop that callers without `X-Tenant-ID` share."""
    base_url: str
    """The URL of the API, under which images are found."""

    def moment(self) -> str:
        """Return the present time as text (RFC 3339), for documents."""
        return rfc3339(self.now())

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context manager: all changes inside are stored, or none when an exception leaves it."""
        return self.store.transaction()

    def resources(self, kind: str) -> "Resources":
        """Return the resources of a kind, such as `pet`."""
        return Resources(kind, self.store, self.catalogue.get(kind, {}))


class Resources(Struct, frozen=True):
    """The resources of one kind: those in the store, and those of the catalogue that the store does not override."""

    kind: str
    store: Store
    seeded: Mapping[str, Payload]

    def get(self, id_: str) -> dict[str, Json]:
        """Return a copy of the document; raise `NotFoundError` for an unknown id."""
        document: dict[str, Json] = copied(self.record(id_).document)
        return document

    def record(self, id_: str) -> ResourceRecord:
        """Return the record, including its hidden part; raise `NotFoundError` for an unknown id."""
        record = self.store.resource(self.kind, id_)
        if record is None and id_ in self.seeded:
            return ResourceRecord(self.kind, id_, self.seeded[id_])
        if record is None or record.removed:
            raise NotFoundError(self.kind, id_)
        return record

    def everything(self) -> list[Payload]:
        """Return all documents, seeded ones first, then oldest first. They are not copies: do not change them."""
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
        """Add or replace a resource; `hidden` is stored with it, but is not part of the document."""
        self.store.save_resource(ResourceRecord(self.kind, document["id"], document, hidden or {}))

    def remove(self, id_: str) -> None:
        """Mark the resource as removed, which also hides a seeded one; raise `NotFoundError` for an unknown id."""
        record = self.record(id_)
        self.store.save_resource(ResourceRecord(self.kind, id_, record.document, removed=True))
