"""Small documents among a tenant's records, beside those of the shop: all servers on the same records share them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

from mockstore.model import Payload, ResourceRecord
from mockstore.world.seams import Store

_KIND: Final = "mockstore"
"""The kind of these resources, which the shop does not use."""


def read_notes(store: Store) -> Mapping[str, Payload]:
    """Return all notes by id, read at once."""
    return {kept.id: kept.document for kept in store.resources(_KIND) if not kept.removed}


class Note:
    """One note. Removing it leaves a tombstone, since a store cannot delete a single resource."""

    def __init__(self, store: Store, its_id: str) -> None:
        self._store = store
        self.id = its_id

    def read(self) -> Payload | None:
        """Return the note, or None."""
        kept = self._store.resource(_KIND, self.id)
        return None if kept is None or kept.removed else kept.document

    def write(self, document: Payload | None) -> None:
        """Replace the note; None removes it."""
        self._store.save_resource(ResourceRecord(_KIND, self.id, document or {}, removed=document is None))

    def in_turn(self) -> AbstractContextManager[None]:
        """Make reading and writing inside one transaction."""
        return self._store.transaction()
