"""When to try again. Pure: no clock, no dice, no I/O."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from mockstore.errors import InvalidInputError

LONGEST: Final = timedelta(days=36_500)
"""The longest span that is taken for one. The calendar of Python and what a thread can wait end centuries beyond."""
LONGEST_ANSWER: Final = timedelta(days=20)
"""The longest time for an answer: a socket counts it in milliseconds, of which it knows 24 days."""

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SPAN = f"from 0 to {LONGEST.days} days"
_WAITS = f"waits {_SPAN}"
_LIMIT = f"more than 0 and at most {LONGEST_ANSWER.days} days"
_DIGITS = len(str(int(LONGEST.total_seconds())))
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?")


class RetryPolicy(Struct, frozen=True):
    """Waits between attempts; after the last one the delivery is given up (contract 1.3)."""

    waits: tuple[timedelta, ...]
    jitter: float = 0.0
    """The share by which a wait may be longer or shorter."""

    def __post_init__(self) -> None:
        for wait in self.waits:
            _must(isinstance(wait, timedelta), "schedule", wait, "waits, as timedeltas")
            _must(timedelta() <= wait <= LONGEST, "schedule", wait, _WAITS)
        _must(0 <= self.jitter <= 1, "jitter", self.jitter, "a share from 0 to 1")

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
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > LONGEST.total_seconds():
        raise InvalidInputError(f"{text[:40]!r} is longer than the longest duration, {LONGEST.days}d")
    return timedelta(seconds=seconds)


def parse_schedule(text: str) -> RetryPolicy:
    """Read the waits between attempts, `1m,5m,30m,1h`; an empty text means no retry."""
    return RetryPolicy(tuple(parse_duration(wait) for wait in text.split(",") if wait.strip()))


def policy(waits: Iterable[timedelta | float] | RetryPolicy) -> RetryPolicy:
    """Accept a policy, or its waits as timedeltas or seconds."""
    if isinstance(waits, RetryPolicy):
        return waits
    listed = isinstance(waits, Iterable) and not isinstance(waits, str)
    _must(listed, "schedule", waits, "a list of seconds or timedeltas, [60, 300] for instance")
    return RetryPolicy(tuple(span_of(wait, "schedule", _WAITS) for wait in waits))


def span_of(told: timedelta | float, name: str, allowed: str = _SPAN) -> timedelta:
    """Return a timedelta, or seconds as one; raise `InvalidInputError` that names `name` unless it is a span."""
    if not isinstance(told, timedelta):
        _must(isinstance(told, int | float), name, told, f"{allowed}, as a timedelta or seconds")
        _must(0 <= told <= LONGEST.total_seconds(), name, told, allowed)  # neither infinity nor what is no number
    span = told if isinstance(told, timedelta) else timedelta(seconds=told)
    _must(timedelta() <= span <= LONGEST, name, told, allowed)
    return span


def time_limit(told: timedelta | float) -> timedelta:
    """Return how long an answer may take, told as a timedelta or seconds; raise `InvalidInputError`."""
    limit = span_of(told, "timeout", _LIMIT)
    _must(timedelta() < limit <= LONGEST_ANSWER, "timeout", told, _LIMIT)
    return limit


def retry_after(value: str, now: datetime) -> datetime | None:
    """Read a `Retry-After` field (RFC 9110, 10.2.3): seconds or a date; None when it is neither."""
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
    """Say a time span as people do: `0 s`, `90 s`, `1 min`, `1 h 36 min`."""
    seconds = wait.total_seconds()
    if seconds < 60 or seconds % 60:  # noqa: PLR2004 - a minute
        return f"{seconds:g} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def _must(holds: object, name: str, told: object, allowed: str) -> None:
    if not holds:
        said = describe(told) if isinstance(told, timedelta) else repr(told)[:60]
        raise InvalidInputError(f"{name} is {said}; it must be {allowed}", field=name)
