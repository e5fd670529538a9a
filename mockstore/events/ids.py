"""Makes UUIDv7 ids (RFC 9562), which sort by time. Pure: `now` and `dice` are arguments."""

import random
from datetime import UTC, datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_PER_DAY = 86_400_000_000
_48_BITS = (1 << 48) - 1
_VERSION_7 = 0x7 << 12
_VARIANT = 0b10 << 62


def uuid7(now: datetime, dice: random.Random) -> str:
    """Return a UUIDv7 for the aware moment `now`.

    The twelve bits after the version hold the fraction of the millisecond (RFC 9562, 6.2, method 3), so ids of
    different microseconds sort by time; within one microsecond their order is random.
    """
    tail = f"{_VARIANT | dice.getrandbits(62):016x}"
    return f"{_time_half(now)}-{tail[:4]}-{tail[4:]}"


@lru_cache(maxsize=16)
def _time_half(now: datetime) -> str:
    """Return the first half of the id, which encodes the time. Cached: an event and its deliveries share it."""
    past = now - _EPOCH
    microseconds = past.days * _MICROSECONDS_PER_DAY + past.seconds * 1_000_000 + past.microseconds
    milliseconds, rest = divmod(microseconds, 1000)
    fraction = (rest << 12) // 1000
    text = f"{(milliseconds & _48_BITS) << 16 | _VERSION_7 | fraction:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:]}"
