"""Paging parameters (contract 2): `page` from 1, `limit` from 1 to 100. Pure."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from mockstore.petstore.errors import FieldMistake, ValidationError

DEFAULT_LIMIT: Final = 20
HIGHEST_LIMIT: Final = 100
_HIGHEST_PAGE: Final = 10**9


class Page(Struct, frozen=True):
    """One page of a collection."""

    number: int
    limit: int

    @property
    def first(self) -> int:
        """The position of its first item, from 0."""
        return (self.number - 1) * self.limit


def page_of(query: Mapping[str, str]) -> Page:
    """Parse `page` and `limit`; raise `ValidationError` with every mistake."""
    values = {
        "page": _whole(query.get("page", "1"), _HIGHEST_PAGE),
        "limit": _whole(query.get("limit", str(DEFAULT_LIMIT)), HIGHEST_LIMIT),
    }
    number, limit = values["page"], values["limit"]
    if number is None or limit is None:
        highest = {"page": _HIGHEST_PAGE, "limit": HIGHEST_LIMIT}
        raise ValidationError(
            [
                FieldMistake(name, f"must be a whole number from 1 to {highest[name]}", "out_of_range")
                for name, value in values.items()
                if value is None
            ]
        )
    return Page(number, limit)


def _whole(text: str, most: int) -> int | None:
    """Return the number in `text`, from 1 to `most`; None when it is not such a number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return None
    return int(text) if 1 <= int(text) <= most else None
