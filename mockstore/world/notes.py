"""Documents among a tenant's records that are none of a shop: every server over them knows them, and the next one."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

from mockstore.model import Payload, ResourceRecord
from mockstore.world.seams import Store

_KIND: Final = "mockstore"
"""No shop has things of this kind."""


def read_notes(store: Store) -> Mapping[str, Payload]:
    """Return all that are written, by id, in one reading."""
    return {kept.id: kept.document for kept in store.resources(_KIND) if not kept.removed}


class Note:
    """One such document; it is removed rather than forgotten, for a store forgets nothing alone."""

    def __init__(self, store: Store, its_id: str) -> None:
        self._store = store
        self.id = its_id

    def read(self) -> Payload | None:
        """Return it, or None."""
        kept = self._store.resource(_KIND, self.id)
        return None if kept is None or kept.removed else kept.document

    def write(self, document: Payload | None) -> None:
        """Replace it, or with None remove it."""
        self._store.save_resource(ResourceRecord(_KIND, self.id, document or {}, removed=document is None))

    def in_turn(self) -> AbstractContextManager[None]:
        """Let nobody else write between what is read and what is written inside."""
        return self._store.transaction()
