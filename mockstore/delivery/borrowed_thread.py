"""Delivers on a thread that has other work as well: one call sends a request, the next one reads the response."""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Final

from mockstore.delivery.attempt_runner import AttemptMade, AttemptRunner, Job
from mockstore.model import DeliveryRecord, Reply

PATIENCE: Final = timedelta(milliseconds=1)
"""How long such a call waits for the response."""


class BorrowedThread:
    """Makes one attempt at a time: each call of `deliver_briefly` finishes the last request and sends the next one.

    This is faster than waking a worker thread, which takes longer than most receivers need. `take` returns the next
    delivery, or None. A request that is not answered within `PATIENCE`, or could not be sent at once, is passed to
    `hand_over`, for a worker thread to finish. `end` records an attempt that was answered.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        *,
        take: Callable[[], DeliveryRecord | None],
        hand_over: Callable[[Job], None],
        end: Callable[[Job, Reply | None], AttemptMade | None],
    ) -> None:
        self._runner = runner
        self._take = take
        self._hand_over = hand_over
        self._end = end
        self._lock = Lock()
        self._job: Job | None = None

    def deliver_briefly(self) -> bool:
        """Finish the request in progress and send the next one; return whether the caller should call again soon."""
        with self._lock:
            self._look()
            delivery = self._take()
            if delivery is None:
                return False
            job = self._runner.begun(delivery)
            if job.underway is None:
                self._hand_over(job)
                return False
            self._job = job
            return True

    def close(self) -> None:
        """Finish the request in progress, if there is one, and wait for its response."""
        with self._lock:
            job, self._job = self._job, None
            if job is not None:
                self._end(job, None)

    def _look(self) -> None:
        job, self._job = self._job, None
        if job is None or job.underway is None:
            return
        reply = job.underway.look(PATIENCE)
        if reply is None:
            self._hand_over(job)
        else:
            self._end(job, reply)
