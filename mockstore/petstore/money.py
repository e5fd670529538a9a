"""Money is `Decimal` inside and a string in REST; only events show it as a number (contract 1.1). Pure."""

from decimal import Decimal


def amount_of(text: str) -> Decimal:
    """Return the amount that `text` says, exactly."""
    return Decimal(text)


def event_number(text: str) -> float:
    """Return the amount as the number that JSON shows.

    It is for writing only, never for counting: ten digits and two decimals come out as they went in.
    """
    return float(Decimal(text))
