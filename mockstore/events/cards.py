"""Tells the brand of a payment card by the first digits of its number. Pure."""

TEST_CARDS: tuple[str, ...] = (
    "4242424242424242",
    "4000056655665556",
    "5555555555554444",
    "2223003122003222",
    "5105105105105100",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "3056930009020004",
    "3566002020360505",
)
"""Numbers that payment providers publish for tests; no real card has one of them."""

_RANGES = (  # brand, lowest and highest prefix
    ("Visa", 4, 4),
    ("Mastercard", 51, 55),
    ("Mastercard", 2221, 2720),
    ("American Express", 34, 34),
    ("American Express", 37, 37),
    ("Discover", 6011, 6011),
    ("Discover", 644, 649),
    ("Discover", 65, 65),
    ("Diners Club", 300, 305),
    ("Diners Club", 36, 36),
    ("Diners Club", 38, 39),
    ("JCB", 3528, 3589),
)


def card_brand(number: str) -> str:
    """Return the brand of a card `number` (digits only), or `Unknown`."""
    for brand, first, last in _RANGES:
        start = number[: len(str(first))]
        if start.isascii() and start.isdecimal() and first <= int(start) <= last:
            return brand
    return "Unknown"
