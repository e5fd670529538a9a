"""Draws the random values that events are made of: ids, names, amounts. They depend on `dice` and `now` only."""

import random
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from mockstore.events.ids import uuid7
from mockstore.events.names import first_names, last_names
from mockstore.events.rules import MAIL_DOMAINS

T = TypeVar("T")

_SECONDS_PER_YEAR = 365 * 86_400
_LONGEST_LOCAL_PART = 64
"""Characters before the `@` (RFC 5321, 4.5.3.1.1)."""

_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")
_CURRENCIES = ("USD", "USD", "USD", "USD", "EUR", "GBP", "CAD", "AUD")


class Draw(Struct, frozen=True):
    """The random values of one event; the same state of `dice` gives the same values."""

    now: datetime
    dice: random.Random

    def pick(self, things: Sequence[T]) -> T:
        """Return one of `things`, all equally likely."""
        return things[int(self.dice.random() * len(things))]

    def number(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`, both included."""
        return least + int(self.dice.random() * (most - least + 1))

    def new_id(self) -> str:
        """Return an id whose time is now."""
        return uuid7(self.now, self.dice)

    def earlier_id(self) -> str:
        """Return an id whose time is within the last year."""
        return uuid7(self.now - timedelta(seconds=int(self.dice.random() * _SECONDS_PER_YEAR)), self.dice)

    def name(self) -> str:
        """Return a person's full name."""
        return f"{first_names().draw(self.dice)} {last_names().draw(self.dice)}"

    def currency(self) -> str:
        """Return a currency's code, most often USD."""
        return self.pick(_CURRENCIES)

    def mail_domain(self) -> str:
        """Return a domain that is reserved for examples (RFC 2606)."""
        return self.pick(MAIL_DOMAINS)


def mail_address(name: str, domain: str) -> str:
    """Return an e-mail address at `domain` made of `name`: in ASCII, its words joined by dots."""
    ascii_name = name if name.isascii() else unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = _NOT_ALPHANUMERIC.sub(" ", ascii_name.replace("'", "").lower()).split()
    local_part = ".".join(words)[:_LONGEST_LOCAL_PART].strip(".")
    return f"{local_part or 'someone'}@{domain}"
