"""Whether new deliveries are held, stored as a note in the store, so that all servers on one database know it."""

from collections.abc import Container, Sequence

from mockstore.errors import InvalidInputError
from mockstore.world.notes import Note
from mockstore.world.seams import Store


class Hold:
    """Whether the new deliveries of one tenant are held."""

    def __init__(self, store: Store) -> None:
        self._note = Note(store, "hold")

    def is_on_in(self, notes: Container[str]) -> bool:
        """Tell whether it is on according to `notes`: all stored notes by id."""
        return self._note.id in notes

    @property
    def is_on(self) -> bool:
        """Whether it is on; reads the store."""
        return self._note.read() is not None

    def turn(self, *, on: bool) -> None:
        """Turn it on or off; deliveries that are held stay so until they are released."""
        with self._note.in_turn():
            if on is not self.is_on:
                self._note.write({} if on else None)


def checked_order(order: Sequence[int] | None, held: int) -> Sequence[int]:
    """Return the positions to release, by default all; raise `InvalidInputError` unless each is in 0 to `held` - 1."""
    wanted = range(held) if order is None else order
    if not all(0 <= position < held for position in wanted):
        positions = f" (0 to {held - 1})" if held else ""
        raise InvalidInputError(f"{list(wanted)} is no order of the {held} held deliveries{positions}", field="order")
    return wanted
