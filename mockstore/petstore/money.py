"""Converts amounts of money: `Decimal` in the code, a string in REST, a number in events (contract 1.1). Pure."""

from decimal import Decimal


def amount_of(text: str) -> Decimal:
    """Return the exact amount of a decimal string such as `"99.50"`."""
    return Decimal(text)


def event_number(text: str) -> float:
    """Return the amount as a number for the payload of an event.

    Do not calculate with it. Up to ten digits and two decimals are rendered as JSON without loss.
    """
    return float(Decimal(text))
