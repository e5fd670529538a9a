"""What every transport keeps to: one time limit, 64 KiB of an answer (contract 1.3), the same words for a failure."""

from datetime import timedelta
from functools import lru_cache
from time import perf_counter

from mockstore.errors import ConsumerError, ReceiverTimeoutError

BODY_LIMIT = 64 * 1024
"""How many bytes of an answer's body are read (contract 1.3), and how many of its headers are kept."""
ANSWER_LIMIT = 256 * 1024
"""How many bytes of an answer are read in all: status lines, headers, chunks and trailers count, too."""
BODILESS = frozenset({204, 304})
"""Statuses whose answers end with their headers, whatever length those announce."""


class Deadline:
    """The time limit of one delivery, running from its creation. It measures real time, whatever a test has frozen."""

    __slots__ = ("_limit", "_started", "timeout")

    # An attribute of a class: freezegun replaces the names of modules only.
    _real_time = staticmethod(perf_counter)

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout
        self._limit = timeout.total_seconds()
        self._started = self._real_time()

    def elapsed(self) -> timedelta:
        """Return the time since the start."""
        return timedelta(seconds=self._real_time() - self._started)

    def took(self) -> timedelta:
        """Return the time since the start to a tenth of a millisecond, the same object for the same time."""
        return _tenths(round((self._real_time() - self._started) * 10_000))

    def passed(self) -> bool:
        """Return whether the time is up."""
        return self._real_time() - self._started > self._limit

    def left(self) -> float:
        """Return the seconds that remain, zero when the time is up."""
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
    """Return the error to raise `from error`, which the consumer's own code raised."""
    return ConsumerError(f"the consumer raised {type(error).__name__}: {error}")
