"""Whether new deliveries are kept back: among the records, so that every server over them knows, and the next one."""

from typing import Final

from msgspec.structs import replace

from mockstore.model import ResourceRecord
from mockstore.world.seams import Store

_RECORD: Final = ResourceRecord("mockstore", "hold", {})
"""Of no kind that a shop has; it is removed while nothing is kept back."""


class Hold:
    """The hold of one tenant."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_on(self) -> bool:
        """Whether deliveries that are made now are kept back."""
        kept = self._store.resource(_RECORD.kind, _RECORD.id)
        return kept is not None and not kept.removed

    def turn(self, *, on: bool) -> None:
        """Begin, or end; those that are kept back stay so until they are released."""
        if on is not self.is_on:
            self._store.save_resource(replace(_RECORD, removed=not on))
