"""When an attempt is retried; parses durations and schedules. Pure: no clock, no dice, no I/O."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from mockstore.errors import InvalidInputError

LONGEST: Final = timedelta(days=36_500)
"""The longest accepted time span; far below the limits of `datetime` and of a thread that waits."""
LONGEST_ANSWER: Final = timedelta(days=20)
"""The longest timeout of an answer: sockets count it in milliseconds, of which 32 bits hold 24 days."""

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SPAN = f"from 0 to {LONGEST.days} days"
_WAITS = f"waits {_SPAN}"
_LIMIT = f"more than 0 and at most {LONGEST_ANSWER.days} days"
_DIGITS = len(str(int(LONGEST.total_seconds())))
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?")


class RetryPolicy(Struct, frozen=True):
    """The waits between attempts; after the last attempt the delivery has failed (contract 1.3)."""

    waits: tuple[timedelta, ...]
    jitter: float = 0.0
    """By which share a wait may be longer or shorter, from 0 to 1."""

    def __post_init__(self) -> None:
        for wait in self.waits:
            _check(isinstance(wait, timedelta), "schedule", wait, "waits, as timedeltas")
            _check(timedelta() <= wait <= LONGEST, "schedule", wait, _WAITS)
        _check(0 <= self.jitter <= 1, "jitter", self.jitter, "a share from 0 to 1")

    @property
    def attempts(self) -> int:
        """The number of attempts, the first one included."""
        return len(self.waits) + 1

    def next_attempt(self, made: int, now: datetime, *, dice: float = 0.0) -> datetime | None:
        """Return when attempt number `made + 1` is due; None when there is no further attempt.

        `dice` is in [-1, 1]: a random number of the caller, so that a test can fix it.
        """
        if made > len(self.waits):
            return None
        return now + self.waits[made - 1] * (1 + self.jitter * dice)


def parse_duration(text: str) -> timedelta:
    """Parse `90`, `90s`, `5m`, `1h30m` or `2d`; raise `InvalidInputError` for anything else."""
    parts = _DURATION.findall(text.strip())
    if not parts or _DURATION.sub("", text).strip():
        raise InvalidInputError(f"{text!r} is no duration; write for instance 90s, 5m or 1h30m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > LONGEST.total_seconds():
        raise InvalidInputError(f"{text[:40]!r} is longer than the longest duration, {LONGEST.days}d")
    return timedelta(seconds=seconds)


def parse_schedule(text: str) -> RetryPolicy:
    """Parse the waits between attempts, `1m,5m,30m,1h`; an empty text means no retry."""
    return RetryPolicy(tuple(parse_duration(wait) for wait in text.split(",") if wait.strip()))


def policy(waits: Iterable[timedelta | float] | RetryPolicy) -> RetryPolicy:
    """Return a policy; `waits` is one, or its waits as timedeltas or seconds."""
    if isinstance(waits, RetryPolicy):
        return waits
    listed = isinstance(waits, Iterable) and not isinstance(waits, str)
    _check(listed, "schedule", waits, "a list of seconds or timedeltas, [60, 300] for instance")
    return RetryPolicy(tuple(span_of(wait, "schedule", _WAITS) for wait in waits))


def span_of(value: timedelta | float, name: str, allowed: str = _SPAN) -> timedelta:
    """Return `value`, which may be seconds, as a timedelta; raise `InvalidInputError` if it is negative or too long.

    `name` and `allowed` are for the message of the error.
    """
    if not isinstance(value, timedelta):
        _check(isinstance(value, int | float), name, value, f"{allowed}, as a timedelta or seconds")
        _check(0 <= value <= LONGEST.total_seconds(), name, value, allowed)  # also refuses infinity and NaN
    span = value if isinstance(value, timedelta) else timedelta(seconds=value)
    _check(timedelta() <= span <= LONGEST, name, value, allowed)
    return span


def time_limit(value: timedelta | float) -> timedelta:
    """Return a timeout, which may be seconds, as a timedelta; raise `InvalidInputError` for one that is not allowed."""
    limit = span_of(value, "timeout", _LIMIT)
    _check(timedelta() < limit <= LONGEST_ANSWER, "timeout", value, _LIMIT)
    return limit


def retry_after(value: str, now: datetime) -> datetime | None:
    """Parse a `Retry-After` field (RFC 9110, 10.2.3), seconds or a date; return None when it is neither or too far."""
    seconds = value.strip()
    if seconds.isascii() and seconds.isdecimal():
        is_span = len(seconds) <= _DIGITS and int(seconds) <= LONGEST.total_seconds()
        return now + timedelta(seconds=int(seconds)) if is_span else None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a receiver may write any number
        return None
    return moment if moment.tzinfo is not None and moment - now < LONGEST else None


def describe(wait: timedelta) -> str:
    """Return a time span as text: `0 s`, `90 s`, `1 min`, `1 h 36 min`."""
    seconds = wait.total_seconds()
    if seconds < 60 or seconds % 60:  # noqa: PLR2004 - a minute
        return f"{seconds:g} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def _check(is_valid: object, name: str, value: object, allowed: str) -> None:
    if not is_valid:
        shown = describe(value) if isinstance(value, timedelta) else repr(value)[:60]
        raise InvalidInputError(f"{name} is {shown}; it must be {allowed}", field=name)
