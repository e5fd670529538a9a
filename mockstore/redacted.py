"""Records that leave their secrets out of `repr`."""

from typing import ClassVar

from msgspec import Struct


class Redacted(Struct, frozen=True):
    """A record whose `repr` leaves out the members in `secret_fields`: no log or failure text may show secrets."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        """Return the usual text with the other members only."""
        shown = (name for name in self.__struct_fields__ if name not in self.secret_fields)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"
