"""Whether new deliveries are kept back: noted among the records, so that every server over them knows."""

from collections.abc import Container, Sequence

from mockstore.errors import InvalidInputError
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
        with self._note.in_turn():
            if on is not self.is_on:
                self._note.write({} if on else None)


def checked_order(order: Sequence[int] | None, held: int) -> Sequence[int]:
    """Return the positions to release of so many that are held, all by default; raise `InvalidInputError`."""
    wanted = range(held) if order is None else order
    if not all(0 <= position < held for position in wanted):
        positions = f" (0 to {held - 1})" if held else ""
        raise InvalidInputError(f"{list(wanted)} is no order of the {held} held deliveries{positions}", field="order")
    return wanted
