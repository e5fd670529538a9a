"""Common rules of the transports: the timeout, the size limits of a response (contract 1.3), the texts of errors."""

from datetime import timedelta
from functools import lru_cache
from time import perf_counter

from mockstore.errors import ConsumerError, ReceiverTimeoutError

BODY_LIMIT = 64 * 1024
"""How many bytes of a response's body are read (contract 1.3), and how many of its headers are kept."""
ANSWER_LIMIT = 256 * 1024
"""How many bytes of a response are read in all, including status lines, headers, chunks and trailers."""
BODILESS = frozenset({204, 304})
"""Statuses whose responses have no body, whatever their Content-Length says."""


class Deadline:
    """The timeout of one attempt, running from its creation; measures real time even when a test freezes the time."""

    __slots__ = ("_limit", "_started", "timeout")

    # A class attribute: freezegun replaces only names in modules.
    _real_time = staticmethod(perf_counter)

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout
        self._limit = timeout.total_seconds()
        self._started = self._real_time()

    def elapsed(self) -> timedelta:
        """Return the time since the start."""
        return timedelta(seconds=self._real_time() - self._started)

    def took(self) -> timedelta:
        """Return the time since the start, rounded to 0.1 ms; equal times are the same cached object."""
        return _tenths(round((self._real_time() - self._started) * 10_000))

    def passed(self) -> bool:
        """Return whether the timeout has passed."""
        return self._real_time() - self._started > self._limit

    def left(self) -> float:
        """Return the seconds that remain, at least 0."""
        return max(0.0, self._started + self._limit - self._real_time())

    def missed_by(self, receiver: str) -> ReceiverTimeoutError:
        """Return the error for a receiver that has not answered in time."""
        return too_late(receiver, self.timeout)


@lru_cache(maxsize=1024)
def _tenths(count: int) -> timedelta:
    return timedelta(milliseconds=count / 10)


def too_late(receiver: str, timeout: timedelta) -> ReceiverTimeoutError:
    """Return the error for a receiver that took longer than `timeout`."""
    return ReceiverTimeoutError(f"no answer from {receiver} within {timeout.total_seconds():g} s")


def consumer_raised(error: BaseException) -> ConsumerError:
    """Return the error for an exception that the consumer's code has raised; raise it `from error`."""
    return ConsumerError(f"the consumer raised {type(error).__name__}: {error}")
