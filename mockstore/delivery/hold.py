"""Whether new deliveries are kept back: noted among the records, so that every server over them knows."""

from collections.abc import Container

from mockstore.world.notes import Note
from mockstore.world.seams import Store


class Hold:
    """The hold of one tenant."""

    def __init__(self, store: Store) -> None:
        self._note = Note(store, "hold")

    def is_on_in(self, notes: Container[str]) -> bool:
        """Whether it is on by all the notes that have been read."""
        return self._note.id in notes

    @property
    def is_on(self) -> bool:
        """Whether deliveries that are made now are kept back."""
        return self._note.read() is not None

    def turn(self, *, on: bool) -> None:
        """Begin, or end; those that are kept back stay so until they are released."""
        if on is not self.is_on:
            self._note.write({} if on else None)
