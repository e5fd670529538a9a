"""Chooses a worker's next job: requests that other threads have begun, then due deliveries. Not thread-safe."""

from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import Thread
from typing import Final

from mockstore.delivery.attempt_runner import AttemptMade, AttemptRunner, Job
from mockstore.delivery.engine import Engine
from mockstore.delivery.fair_queue import FairQueue
from mockstore.delivery.receiver_speed import REMEMBERED, ReceiverSpeed, keep_latest, speed_of
from mockstore.errors import StoreUnavailableError, UnreachableError
from mockstore.model import DeliveryRecord
from mockstore.world.transports.location import locate

BATCH: Final = 64
"""How many due deliveries are claimed with one call of the store."""


class WorkQueue:
    """Claims due deliveries from the store and returns them as jobs; `FairQueue` chooses among webhooks."""

    def __init__(self, engine: Engine, limit: int) -> None:
        self._engine = engine
        self._fair_queue = FairQueue(limit)
        self._urls: dict[str, str] = {}
        """URLs of webhooks by id, cached so that the store need not be read for each delivery."""
        self._prepared: dict[Thread, Job] = {}
        """The job whose request a thread has made while it waited for a response, by that thread. At most one."""
        self._handed_over: deque[Job] = deque()
        """Jobs from a borrowed thread that a worker thread has to finish."""
        self._claims: dict[str, DeliveryRecord] = {}
        """The claimed deliveries, by id."""

    @property
    def busy(self) -> bool:
        """Whether a delivery is being sent or prepared."""
        return self._fair_queue.busy

    @property
    def out(self) -> int:
        """How many deliveries are being sent."""
        return self._fair_queue.out - len(self._prepared)

    @property
    def urgent(self) -> bool:
        """Whether a job was handed over; such jobs come before all others."""
        return bool(self._handed_over)

    def are_more(self) -> bool:
        """Return whether there is work for another thread now."""
        return bool(self._handed_over or self._prepared) or self._fair_queue.waiting or self.are_due()

    def are_due(self) -> bool:
        """Return whether an unclaimed delivery is due."""
        due = self._engine.store.next_due()
        return due is not None and due <= self._engine.clock.now()

    def are_over(self) -> bool:
        """Return whether no delivery is due, waiting or being sent."""
        return self._fair_queue.empty and not self.are_due()

    def next(self) -> Job | None:
        """Return the next job; None when there is none that may be sent now."""
        if self._handed_over:
            return self._handed_over.popleft()
        if self._prepared:  # its thread is still waiting for a response
            return self._prepared.popitem()[1]
        delivery = self._pick()
        return None if delivery is None else Job(delivery)

    def own(self, thread: Thread) -> Job | None:
        """Return the job that this thread has prepared, unless another thread has taken it."""
        return self._prepared.pop(thread, None) if self._prepared else None

    def prepare(self, thread: Thread, runner: AttemptRunner) -> bool:
        """Make the request of the next delivery, for this thread to send later; return whether there was one."""
        delivery = None if self._prepared else self._pick()
        if delivery is None:
            return False
        self._prepared[thread] = runner.prepared(delivery)
        return True

    def next_quick(self) -> DeliveryRecord | None:
        """Return a delivery for a borrowed thread if few are due, none is being sent, and its receiver is quick."""
        if self._fair_queue.busy or self._claim() == BATCH:
            return None
        delivery = self._fair_queue.take()
        if delivery is None or self._fair_queue.speed(delivery.webhook_id) is ReceiverSpeed.QUICK:
            return delivery
        self._handed_over.append(Job(delivery))
        return None

    def hand_over(self, job: Job) -> None:
        """Let the next call of `next` return this job."""
        self._handed_over.append(job)

    def give_back(self, delivery: DeliveryRecord, tried: AttemptMade | None) -> None:
        """Record that the delivery is no longer being sent; `tried` is its attempt, None when none was made."""
        if self.has(delivery):
            del self._claims[delivery.id]
        if tried is None:
            self._fair_queue.give_back(delivery, None)
            return
        if self._urls.get(delivery.webhook_id) != tried.url:
            keep_latest(self._urls, delivery.webhook_id, tried.url)
        self._fair_queue.give_back(delivery, speed_of(tried.attempt.outcome, tried.held))

    def has(self, claimed: DeliveryRecord) -> bool:
        """Return whether the claim still holds. Thread-safe."""
        return self._claims.get(claimed.id) is claimed

    def forget(self) -> None:
        """Drop all claims: the records were deleted, and later records may have the same ids."""
        self._claims.clear()

    def drain(self) -> list[DeliveryRecord]:
        """Remove and return the deliveries whose requests have not been sent."""
        left = [*self._fair_queue.drain(), *(job.delivery for job in self._prepared.values())]
        self._prepared.clear()
        left += [job.delivery for job in self._handed_over if job.underway is None]
        self._handed_over = deque(job for job in self._handed_over if job.underway is not None)
        return left

    def begun(self) -> list[Job]:
        """Remove and return the jobs that were handed over; call this after `drain`: their requests were sent."""
        begun = list(self._handed_over)
        self._handed_over.clear()
        return begun

    def _pick(self) -> DeliveryRecord | None:
        self._claim()
        return self._fair_queue.take()

    def _claim(self) -> int:
        claimed = self._engine.claim(BATCH)
        for delivery in claimed:
            self._claims[delivery.id] = delivery
            self._fair_queue.add(delivery, self._origin_of(delivery.webhook_id))
        return len(claimed)

    def _origin_of(self, webhook_id: str) -> str | None:
        """Return the origin of the webhook's URL; None when there is no webhook or the store is unavailable."""
        url = self._urls.get(webhook_id)
        if url is None:
            with suppress(StoreUnavailableError):
                webhook = self._engine.store.webhook(webhook_id)
                url = None if webhook is None else webhook.url
            if url is None:
                return None
            keep_latest(self._urls, webhook_id, url)
        return _origin(url)


@lru_cache(maxsize=REMEMBERED)
def _origin(url: str) -> str:
    """Return scheme, host and port of a URL; an invalid URL is returned as it is."""
    try:
        location = locate(url)
    except UnreachableError:
        return url
    return f"{location.scheme}://{location.peer}"
