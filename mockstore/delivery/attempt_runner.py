"""Makes one attempt of a claimed delivery and records it, even if the store or the receiver fails meanwhile."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mockstore.delivery.engine import Engine, Started
from mockstore.errors import DeliveryError, StoreUnavailableError
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Outgoing, Reply
from mockstore.world.seams import Transport, Underway
from mockstore.world.transports.rules import Deadline

T = TypeVar("T")

Begin: TypeAlias = Callable[[Outgoing, timedelta], Underway | None]
"""Sends a request without waiting for its response; returns None when that is not possible now."""

_LOG: Final = logging.getLogger(__name__)

FRESH: Final = timedelta(milliseconds=10)
"""How long a prepared request may be sent: it contains the time of its signature."""


class Job(Struct, frozen=True):
    """A claimed delivery and the state of its attempt."""

    delivery: DeliveryRecord
    started: Started | None = None
    """Has the request; None until it is made."""
    underway: Underway | None = None
    """The request that was sent; None until then."""


class AttemptMade(Struct, frozen=True):
    """An attempt that was made and recorded."""

    attempt: Attempt
    url: str
    """The URL of the webhook."""
    held: timedelta
    """How long sending the request and reading the whole response occupied the thread."""


class AttemptRunner:
    """Makes attempts, on any thread; its methods do not raise.

    `has` returns whether a claim is still valid. If it is not, since the records were deleted, nothing is done: there
    may be a new delivery with the same id. While the store is unavailable, `wait` is called with the error; it waits,
    or raises the error again when the pump closes. `remember` is called with each exception of an app in process or of
    our own code.
    """

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        engine: Engine,
        transport: Transport,
        begin: Begin | None,
        *,
        has: Callable[[DeliveryRecord], bool] = lambda _claimed: True,
        wait: Callable[[StoreUnavailableError], None],
        remember: Callable[[BaseException], None],
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._begin = begin
        self._has = has
        self._wait = wait
        self._remember = remember

    def prepared(self, claimed: DeliveryRecord) -> Job:
        """Return a job with its request made; if that fails, without it: `attempt` tries again."""
        try:
            return Job(claimed, self._start(claimed))
        except Exception:  # noqa: BLE001 - `attempt` tries again, and handles it
            return Job(claimed)

    def begun(self, claimed: DeliveryRecord) -> Job:
        """Return a job with its request sent, if that is possible without waiting."""
        job = self.prepared(claimed)
        if job.started is None or self._begin is None:
            return job
        with suppress(Exception):  # `attempt` tries again, and handles it
            return replace(job, underway=self._begin(job.started.outgoing, self._engine.provider.timeout))
        return job

    def attempt(
        self, job: Job, meanwhile: Callable[[], None] | None = None, answer: Reply | None = None
    ) -> AttemptMade | None:
        """Finish the attempt, record it and release the claim; return None when no attempt was made.

        `meanwhile` is called after the request was sent, if the transport can begin a request. `answer` is the reply if
        it has been received already.
        """
        claimed = job.delivery
        try:
            return self._deliver(job, meanwhile, answer)
        except StoreUnavailableError:
            _LOG.warning("delivery %s is left to the next server: the store is not there", claimed.id)
        except Exception as error:  # noqa: BLE001 - the thread must go on; `remember` keeps the error
            _LOG.error("a delivery could not be tried", exc_info=error)
            self._remember(error)
            self._give_up(claimed, error)
        return None

    def _deliver(self, job: Job, meanwhile: Callable[[], None] | None, answer: Reply | None) -> AttemptMade | None:
        started = job.started
        if started is None or (job.underway is None and not self._is_fresh(job.delivery, started)):
            started = self._retry(lambda: self._start(job.delivery))
        if started is None:
            return None
        watch = Deadline(self._engine.provider.timeout)
        result = answer or self._answer(started.outgoing, job.underway, meanwhile)
        held = watch.elapsed()
        attempt = self._retry(lambda: self._engine.finish(started, result, is_held=lambda: self._has(job.delivery)))
        if attempt.exception is not None:
            self._remember(attempt.exception)
        return AttemptMade(attempt, started.webhook.url, held)

    def _retry(self, step: Callable[[], T]) -> T:
        """Return what `step` returns, repeating it while the store is unavailable."""
        while True:
            try:
                return step()
            except StoreUnavailableError as error:
                self._wait(error)

    def _start(self, claimed: DeliveryRecord) -> Started | None:
        """Make the request; return None if the delivery was deleted, ended or held, or the claim was lost meanwhile."""
        store = self._engine.store
        with store.transaction():  # a reset in between would bring back deleted records
            if not self._has(claimed):
                return None
            delivery = store.delivery(claimed.id) if store.holds(claimed.id) else None
            if delivery is not None and delivery.state is DeliveryState.PENDING and delivery.due is not None:
                return self._engine.start(delivery)
            store.release(claimed.id)
        return None

    def _is_fresh(self, claimed: DeliveryRecord, prepared: Started) -> bool:
        """Return whether the prepared request would still be made in the same way now."""
        store, delivery, webhook = self._engine.store, prepared.delivery, prepared.webhook
        return (
            self._has(claimed)
            and store.holds(delivery.id)
            and store.delivery(delivery.id) == delivery
            and store.webhook(webhook.id) == webhook
            and abs(self._engine.clock.now() - prepared.at) < FRESH
        )

    def _answer(
        self, outgoing: Outgoing, underway: Underway | None, meanwhile: Callable[[], None] | None
    ) -> Reply | DeliveryError:
        """Send the request unless it was sent already; return the reply, or the error when there is none."""
        timeout = self._engine.provider.timeout
        try:
            if underway is None and meanwhile is not None and self._begin is not None:
                underway = self._begin(outgoing, timeout)
                if underway is not None:
                    meanwhile()
            return self._transport.send(outgoing, timeout) if underway is None else underway.finish()
        except DeliveryError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the attempt counts as failed, and is retried by the schedule
            _LOG.error("an attempt could not be made", exc_info=error)
            self._remember(error)
            return DeliveryError(f"it could not be sent: {type(error).__name__}: {error}")

    def _give_up(self, delivery: DeliveryRecord, error: Exception) -> None:
        """Discard a delivery that cannot be tried or recorded, unless its attempt was recorded before the error.

        If this fails as well, the claim stays, so that the delivery is not tried for ever.
        """
        store = self._engine.store
        with suppress(Exception), store.transaction():
            current = store.delivery(delivery.id)
            if not self._has(delivery) or (current is not None and len(current.attempts) > len(delivery.attempts)):
                return
            if current is not None and current.state is DeliveryState.PENDING:
                self._engine.discard(current, f"it could not be tried: {type(error).__name__}: {error}")
            store.release(delivery.id)
