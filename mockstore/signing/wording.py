"""Formats values for use in a message: short, printable and without secrets. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

_SHOWN_OF_VALUE: Final = 24
_SHOWN_OF_SIGNATURE: Final = 8
SHOWN_OF_UNKNOWN: Final = 12  # a value that is not a signature may be anything, even a secret
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def quoted(value: str, shown: int = _SHOWN_OF_VALUE) -> str:
    """Return the first `shown` characters of an untrusted value: quoted, in ASCII, control characters escaped."""
    start = ascii(value[:shown])
    return start if len(value) <= shown else f"{start[:-1]}…{start[-1]}"


def abbreviated(signature: str) -> str:
    """Return a signature's prefix and its first characters: `'sha256=1a2b3c4d…'`."""
    start = len(signature) - len(signature.removeprefix("sha256=").removeprefix("v1,"))
    shown = ascii(signature[: start + _SHOWN_OF_SIGNATURE])
    return f"{shown[:-1]}…{shown[-1]}"


def size(body: bytes) -> str:
    """Return a body's length: `1 byte`, `12,345 bytes`."""
    return f"{len(body):,} byte{'' if len(body) == 1 else 's'}"


def span(duration: timedelta) -> str:
    """Return a duration in its two largest units: `5 min`, `12 min 3 s`, `2 d 1 h`."""
    rest = ceil(duration.total_seconds())  # an age just over the limit must not look equal to the limit
    parts = []
    for seconds, unit in _UNITS:
        count, rest = divmod(rest, seconds)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"


def instant(moment: datetime) -> str:
    """Return `moment`, which must be in UTC, as RFC 3339, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
