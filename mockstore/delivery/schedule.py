"""When to try again. Pure: no clock, no dice, no I/O."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import Struct

from mockstore.errors import InvalidInputError

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_LONGEST_WAIT = 9
"""Digits of the longest wait that is taken for one: thirty years."""
_LONGEST = timedelta(seconds=10**_LONGEST_WAIT)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?")


class RetryPolicy(Struct, frozen=True):
    """Waits between attempts; after the last one the delivery is given up (contract 1.3)."""

    waits: tuple[timedelta, ...]
    jitter: float = 0.0
    """The share by which a wait may be longer or shorter."""

    @property
    def attempts(self) -> int:
        """How many attempts there are in all."""
        return len(self.waits) + 1

    def next_attempt(self, made: int, now: datetime, *, dice: float = 0.0) -> datetime | None:
        """Return when attempt number `made + 1` is due, or None to give up.

        `dice` is in [-1, 1]: the caller rolls it, so that a test can fix it.
        """
        if made > len(self.waits):
            return None
        return now + self.waits[made - 1] * (1 + self.jitter * dice)


def parse_duration(text: str) -> timedelta:
    """Read `90`, `90s`, `5m`, `1h30m`, `2d`; raise `InvalidInputError` for anything else."""
    parts = _DURATION.findall(text.strip())
    if not parts or _DURATION.sub("", text).strip():
        raise InvalidInputError(f"{text!r} is no duration; write for instance 90s, 5m or 1h30m")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise InvalidInputError(f"{text[:40]!r} is longer than any duration can be") from None


def parse_schedule(text: str) -> RetryPolicy:
    """Read the waits between attempts, `1m,5m,30m,1h`; an empty text means no retry."""
    return RetryPolicy(tuple(parse_duration(wait) for wait in text.split(",") if wait.strip()))


def policy(waits: Iterable[timedelta | float] | RetryPolicy) -> RetryPolicy:
    """Accept a policy, or its waits as timedeltas or seconds."""
    if isinstance(waits, RetryPolicy):
        return waits
    return RetryPolicy(tuple(wait if isinstance(wait, timedelta) else timedelta(seconds=wait) for wait in waits))


def retry_after(value: str, now: datetime) -> datetime | None:
    """Read a `Retry-After` field (RFC 9110, 10.2.3): seconds or a date; None when it is neither."""
    seconds = value.strip()
    if seconds.isascii() and seconds.isdecimal():
        return now + timedelta(seconds=int(seconds)) if len(seconds) <= _LONGEST_WAIT else None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a receiver may write any number
        return None
    return moment if moment.tzinfo is not None and moment - now < _LONGEST else None


def describe(wait: timedelta) -> str:
    """Say a time span as people do: `0 s`, `90 s`, `1 min`, `1 h 36 min`."""
    seconds = wait.total_seconds()
    if seconds < 60 or seconds % 60:  # noqa: PLR2004 - a minute
        return f"{seconds:g} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
