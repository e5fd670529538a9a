"""A record that does not tell its secrets."""

from typing import ClassVar

from msgspec import Struct


class Redacted(Struct, frozen=True):
    """A record whose `repr` leaves out the members in `untold`: secrets must come into no log and no failure text."""

    untold: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        """Return the text of the other members, as every record has it."""
        told = (name for name in self.__struct_fields__ if name not in self.untold)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in told)})"
