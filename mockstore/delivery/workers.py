"""Delivers what is due on a pool of threads, under a running clock, so that API calls do not wait for it."""

from collections import deque
from collections.abc import Callable, MutableSequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from threading import Condition, Lock, current_thread, get_ident
from typing import Final

from mockstore.delivery.attempt_runner import AttemptMade, AttemptRunner, Begin, Job
from mockstore.delivery.borrowed_thread import BorrowedThread
from mockstore.delivery.engine import Engine
from mockstore.delivery.threads import REST, TROUBLE, Deferred, Outage, WorkerThreads
from mockstore.delivery.work_queue import WorkQueue
from mockstore.errors import StoppingError, StoreUnavailableError
from mockstore.model import DeliveryRecord, Pulse, Reply
from mockstore.world.seams import Transport

STALL: Final = timedelta(milliseconds=2)
"""How long a delivery may take before another thread takes the next one. For quicker receivers few threads are best,
since more of them only compete for the GIL. It is halved after each stall in a row."""

REMEMBERED: Final = 100
"""How many of the latest exceptions are kept in `raised`."""


class WorkerPump:
    """The pump of the server: threads are started as they are needed, up to `threads`, and end when they are idle.

    `WorkQueue` chooses the next job. Do not call a method inside a transaction of the store. While the store is
    unavailable, threads wait and try again, and no delivery is given up. `follow` sets the clock to the time that other
    servers on the same database have moved it to, and returns whether it changed. With `begin`, a thread makes the next
    request while it waits for a response; this needs a quick store, since the time counts as the receiver's.
    """

    def __init__(  # noqa: PLR0913 - its collaborators, and a time that tests shorten
        self,
        engine: Engine,
        transport: Transport,
        *,
        threads: int = 16,
        follow: Callable[[], bool] = lambda: False,
        begin: Begin | None = None,
        rest: timedelta = REST,
    ) -> None:
        self._engine = engine
        self.raised: MutableSequence[BaseException] = deque(maxlen=REMEMBERED)
        """The latest exceptions on a thread or in an entry point that have not been looked at yet."""
        self._queue = queue = WorkQueue(engine, threads)
        wait, remember = self._wait_unless_closing, self.raised.append
        self._runner = AttemptRunner(engine, transport, begin, has=queue.has, wait=wait, remember=remember)
        self._borrowed = BorrowedThread(self._runner, take=self._take_quick, hand_over=self._hand_over, end=self._end)
        self._may_borrow = begin is not None
        self._follow = follow
        self._rest_seconds = rest.total_seconds()
        self._threads = WorkerThreads(self._run, threads)
        self._outage = Outage()
        lock = Lock()
        self._work, self._settled, self._store_retry = Condition(lock), Condition(lock), Condition(lock)
        self._deferring: set[int] = set()
        """Ids of threads inside `deferred`: what they make due is delivered after their next `kick`."""
        self._idle = self._taken = 0
        self._patience = STALL.total_seconds()
        self._standing_by = False
        """Whether a thread is waiting to help if the threads at work stall."""
        self._waking = False
        """Whether a thread has been woken or started and has not looked for work yet."""
        self._watched: datetime | None = None
        """The due time for which an idle thread is waiting; None when there is none."""
        self._closing = False

    def kick(self) -> None:
        """Make sure that a thread delivers what is due, now or later.

        Does not raise when the store is unavailable: what the caller has made due is recorded already.
        """
        if not self._deferring or get_ident() not in self._deferring:
            self._kick()

    def _kick(self) -> None:
        if self._standing_by or self._waking:  # that thread looks soon; under load, do not wake one each time
            return
        with self._work:
            try:
                needed = self._queue.are_more() or self._engine.store.next_due() is not None
            except StoreUnavailableError:
                needed = True
            if needed:
                self._wake()
        self._trim()

    def deliver_briefly(self) -> bool:
        """Deliver on the caller's thread, which has other work as well; see `BorrowedThread`.

        Without `begin` do nothing and return False: the caller must not wait for a slow store.
        """
        return self._may_borrow and self._borrowed.deliver_briefly()

    def look(self) -> None:
        """Notice what other servers on the same database have made due, and how they have moved the clock."""
        self._engine.store.look()
        if self._follow():
            self._clock_moved()
        self.kick()

    async def akick(self) -> None:
        """Do the same; it does not block for long."""
        self.kick()

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Wait until nothing is due and no attempt is in progress; return False when `timeout` passes first.

        Raises `StoppingError` when the pump stops first. Without a `timeout`, raises `StoreUnavailableError` when a
        thread has to wait for the store. Inside a delivery, which would wait for itself, returns True at once.
        """
        self._engine.store.look()
        self._kick()
        if self._threads.include_caller:
            return True
        with self._settled:
            seconds = None if timeout is None else timeout.total_seconds()
            settled = self._settled.wait_for(
                lambda: self._closing or self._queue.are_over() or (timeout is None and self._outage.error), seconds
            )
            if self._closing and not self._queue.are_over():
                raise StoppingError
            if timeout is None and self._outage.error is not None:
                raise StoreUnavailableError(f"deliveries wait for the store: {self._outage.error}")
            return bool(settled)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward, stopping at each due time on the way until those deliveries have settled.

        Raises what `settle` raises; the clock then stays at the time it had reached. Inside a delivery, only moves it.
        """
        clock, store = self._engine.clock, self._engine.store
        self._follow()
        self.settle()
        waits = not self._threads.include_caller
        while waits and (due := store.next_due()) is not None and due - clock.now() <= by:
            by -= max(due - clock.now(), timedelta())  # do not count time that passes meanwhile
            clock.jump_to(due)
            self._clock_moved()
            self.settle()
        if self._closing:
            raise StoppingError
        clock.jump_to(clock.now() + by)
        self._clock_moved()
        self._kick()

    async def aadvance(self, by: timedelta) -> None:
        """Do the same on another thread, without blocking the event loop."""
        import asyncio  # noqa: PLC0415 - only for async callers

        await asyncio.to_thread(self.advance, by)

    @property
    def pulse(self) -> Pulse:
        """The number of attempts in progress, and of threads that have died."""
        with self._work:
            return Pulse(self._queue.out, self._threads.dead)

    def deferred(self) -> AbstractContextManager[None]:
        """Postpone what this thread makes due inside until its next `kick`, `akick` or `deliver_briefly`."""
        return Deferred(self._deferring)

    def forget(self, clear: Callable[[], None]) -> None:
        """Delete the records by calling `clear`. Deliveries that are claimed are neither started nor recorded."""
        with self._work:  # prevents claims meanwhile
            clear()
            self._queue.forget()

    def stop(self) -> None:
        """Start no new attempts, and wake the waiting threads; attempts in progress continue."""
        with self._work:
            self._closing = True
            self._work.notify_all()
            self._settled.notify_all()
            self._store_retry.notify_all()

    def close(self) -> None:
        """Start no new attempts, wait for those in progress, and end the threads."""
        self.stop()
        with self._work:
            threads, left = self._threads.others, self._queue.drain()
        self._borrowed.close()
        with self._work:
            left, begun = left + self._queue.drain(), self._queue.begun()
        for delivery in left:
            with suppress(StoreUnavailableError):  # the claim is freed when this server ends
                self._engine.store.release(delivery.id)
        for job in begun:
            self._end(job)
        for thread in threads:
            thread.join()

    # ---- on the threads; `_work` is held wherever `_queue` or the counts are touched -------------

    def _run(self) -> None:
        eager = False
        while (job := self._take(eager=eager)) is not None:
            tried = self._end(job, meanwhile=None if eager else self._prepare)
            eager = tried is None or tried.held > STALL

    def _end(
        self, job: Job, answer: Reply | None = None, *, meanwhile: Callable[[], None] | None = None
    ) -> AttemptMade | None:
        """Finish the attempt of a job, and wake `settle` if nothing is left to do."""
        tried = self._runner.attempt(job, meanwhile, answer)
        with self._work:
            if not self._closing:  # when closing, the runner gives up although the store is unavailable
                self._outage.end()
            self._queue.give_back(job.delivery, tried)
            with suppress(StoreUnavailableError):  # the next thread that looks for work notifies
                if self._queue.are_over():
                    self._settled.notify_all()
        self._trim()
        return tried

    def _take(self, *, eager: bool) -> Job | None:
        """Wait for the next job; return None when this thread has to end.

        A thread that is not `eager` takes none while other threads are at work, unless they stall.
        """
        with self._work:
            own = None if self._closing else self._queue.own(current_thread())
            if own is not None:
                self._taken += 1
                return own
            while not self._closing:
                try:
                    job = self._wait_for_work(eager=eager)
                except StoreUnavailableError as error:
                    self._wait_for_the_store(error)
                    continue
                if job is not None:
                    return job
                break
            self._threads.leave()
            return None

    def _take_quick(self) -> DeliveryRecord | None:
        """Return a delivery for a borrowed thread; None when there is none or worker threads have to deliver it."""
        with self._work, suppress(StoreUnavailableError):  # the worker threads try again
            delivery = None if self._closing else self._queue.next_quick()
            self._taken += delivery is not None
            self._wake_for_more()
            return delivery
        return None

    def _hand_over(self, job: Job) -> None:
        with self._work:
            self._queue.hand_over(job)
            self._wake()

    def _wait_for_work(self, *, eager: bool) -> Job | None:
        """Return the next job; None when the pump closes, or after a long time without work."""
        timed_out = False
        while not self._closing:
            self._waking = False
            may_take = eager or self._queue.urgent or not self._queue.busy
            job = self._queue.next() if may_take else None
            if job is not None:
                self._taken += 1
                self._wake_for_more()
                return job
            if self._queue.are_over():
                self._settled.notify_all()
            must_rest = may_take or self._standing_by or not self._queue.are_more()
            if timed_out and must_rest and self._next_unwatched() is None:
                return None
            self._outage.end()
            eager, timed_out = (False, self._rest(may_take=may_take)) if must_rest else (self._stand_by(), False)
        return None

    def _wait_unless_closing(self, error: StoreUnavailableError) -> None:
        with self._work:
            if self._closing:
                raise error
            self._wait_for_the_store(error)

    def _wait_for_the_store(self, error: StoreUnavailableError) -> None:
        self._outage.begin(error)
        self._settled.notify_all()
        self._store_retry.wait(TROUBLE.total_seconds())
        self._outage.ask_again()

    def _prepare(self) -> None:
        """Make the next request while a receiver works: this thread sends it next, unless it stalls."""
        with self._work, suppress(StoreUnavailableError):
            if (
                not self._closing
                and self._queue.prepare(current_thread(), self._runner)
                and not (self._standing_by or self._waking)
            ):
                self._wake()

    def _stand_by(self) -> bool:
        """Wait a moment; return whether the threads at work have stalled: none has taken a job meanwhile."""
        self._standing_by, taken = True, self._taken
        self._work.wait(self._patience)
        self._standing_by, stalled = False, self._taken == taken
        self._patience = self._patience / 2 if stalled else STALL.total_seconds()
        return stalled

    def _rest(self, *, may_take: bool) -> bool:
        """Wait for work, or for the next due time if no thread waits for it; return True if `rest` passed without work.

        Without `may_take` it does not wait for deliveries that are due already: the threads at work take them.
        """
        moment = self._next_unwatched() if may_take or not self._queue.are_due() else None
        seconds = None if moment is None else self._engine.clock.seconds_until(moment)  # None: the clock is frozen
        if seconds is not None:
            self._watched = moment
        self._idle += 1
        woken = self._work.wait(self._rest_seconds if seconds is None else seconds)
        self._idle -= 1
        if seconds is not None and self._watched == moment:
            self._watched = None
        return not woken and seconds is None

    def _next_unwatched(self) -> datetime | None:
        """Return the next due time if no thread waits for it; None also while the clock is frozen."""
        due = self._engine.store.next_due()
        if due is None or self._engine.clock.seconds_until(due) is None:
            return None
        return due if self._watched is None or due < self._watched else None

    def _wake_for_more(self) -> None:
        """Wake another thread for further work while this one is busy."""
        with suppress(StoreUnavailableError):  # this thread must make its attempt first, and then looks again
            if not self._standing_by and (self._queue.are_more() or self._next_unwatched() is not None):
                self._wake()

    def _wake(self) -> None:
        """Let one more thread look for work; if none can be started, a busy thread or the next `kick` finds it."""
        if self._idle:
            self._waking = True
            self._work.notify()
        elif not self._closing and self._threads.grow():
            self._waking = True

    def _trim(self) -> None:
        with suppress(StoreUnavailableError):  # the next call can trim
            self._engine.trim()

    def _clock_moved(self) -> None:
        """After the clock has moved, let the next thread that looks for work wait for the new time until due."""
        with self._work:
            self._watched = None
