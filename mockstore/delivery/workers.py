"""Runs what is due on a pool of threads, under a clock that runs. An API call never waits for it."""

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
"""How long a delivery may be out before a further thread takes the next: receivers that answer sooner are best served
by few threads, for more of them only fight for the interpreter. It is half as long after each stall in a row."""

REMEMBERED: Final = 100
"""How many errors are kept for who asks."""


class WorkerPump:
    """The pump of the server: threads are started as they are needed, up to `threads`, and end when they are idle.

    `WorkQueue` says what is done next. No method may be called inside a transaction of the store. While the store is
    unavailable, a thread waits and asks again, and nothing is given up. `follow` moves the clock to where other servers
    on the same records have moved theirs, and returns whether it moved. With `begin`, a thread makes the next request
    while it waits for an answer; only for a quick store, since that time counts as the receiver's.
    """

    def __init__(  # noqa: PLR0913 - what it works with, each once, and a time for tests that cannot wait
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
        """Exceptions on a thread or in an entry point that nobody has looked at yet; the latest ones."""
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
        self._work, self._calm, self._trouble = Condition(lock), Condition(lock), Condition(lock)
        self._deferring: set[int] = set()
        """Threads inside `deferred`: what they make due is delivered after their next `kick`."""
        self._idle = self._taken = 0
        self._patience = STALL.total_seconds()
        self._standing_by = False
        """A thread waits to see whether those at work stall, and then helps them."""
        self._waking = False
        """A thread has been woken or started, and has not looked for work yet."""
        self._watched: datetime | None = None
        """The due moment that an idle thread waits for."""
        self._closing = False

    def kick(self) -> None:
        """Make sure that a thread delivers what is due, now or later.

        Does not raise when the store is unavailable: what the caller has made due is recorded.
        """
        if not self._deferring or get_ident() not in self._deferring:
            self._kick()

    def _kick(self) -> None:
        if self._standing_by or self._waking:  # that thread looks in a moment; a storm must not wake one for each
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
        """Deliver on the caller's thread, which has other work as well: see `BorrowedThread`.

        Does nothing without `begin`: the caller must not wait for a slow store.
        """
        return self._may_borrow and self._borrowed.deliver_briefly()

    def look(self) -> None:
        """Notice what other servers on the same records have made due, and where they have moved the clock."""
        self._engine.store.look()
        if self._follow():
            self._spread_the_time()
        self.kick()

    async def akick(self) -> None:
        """Do the same; nothing here blocks for long."""
        self.kick()

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Wait until nothing is due or under way; False when that takes longer than `timeout`.

        Raises `StoppingError` when the pump stops first. Without a `timeout`, raises `StoreUnavailableError` when a
        thread has to wait for the store. Inside a delivery, which would wait for itself, returns True at once.
        """
        self._engine.store.look()
        self._kick()
        if self._threads.include_caller:
            return True
        with self._calm:
            seconds = None if timeout is None else timeout.total_seconds()
            calm = self._calm.wait_for(
                lambda: self._closing or self._queue.are_over() or (timeout is None and self._outage.error), seconds
            )
            if self._closing and not self._queue.are_over():
                raise StoppingError
            if timeout is None and self._outage.error is not None:
                raise StoreUnavailableError(f"deliveries wait for the store: {self._outage.error}")
            return bool(calm)

    def advance(self, by: timedelta) -> None:
        """Move the clock, and let what falls due on the way end at its own moment, in order.

        Raises what `settle` raises; the clock then stays where it had come to. Inside a delivery, moves the clock only.
        """
        clock, store = self._engine.clock, self._engine.store
        self._follow()
        self.settle()
        waits = not self._threads.include_caller
        while waits and (due := store.next_due()) is not None and due - clock.now() <= by:
            by -= max(due - clock.now(), timedelta())  # time that passes by itself meanwhile is not counted
            clock.jump_to(due)
            self._spread_the_time()
            self.settle()
        if self._closing:
            raise StoppingError
        clock.jump_to(clock.now() + by)
        self._spread_the_time()
        self._kick()

    async def aadvance(self, by: timedelta) -> None:
        """Do the same off the event loop."""
        import asyncio  # noqa: PLC0415 - a server without async callers does not need it

        await asyncio.to_thread(self.advance, by)

    @property
    def pulse(self) -> Pulse:
        """How the deliveries are going."""
        with self._work:
            return Pulse(self._queue.out, self._threads.dead)

    def deferred(self) -> AbstractContextManager[None]:
        """Leave what this thread makes due inside to its next `kick`, `akick` or `moment`."""
        return Deferred(self._deferring)

    def forget(self, clear: Callable[[], None]) -> None:
        """Delete the records by `clear`. Deliveries that are claimed are not started any more, nor recorded."""
        with self._work:  # nothing is claimed meanwhile
            clear()
            self._queue.forget()

    def stop(self) -> None:
        """Take nothing new up from now on, and wake who waits; attempts under way go on."""
        with self._work:
            self._closing = True
            self._work.notify_all()
            self._calm.notify_all()
            self._trouble.notify_all()

    def close(self) -> None:
        """Take nothing new up, let the attempts under way end, stop the threads."""
        self.stop()
        with self._work:
            threads, left = self._threads.others, self._queue.drain()
        self._borrowed.close()
        with self._work:
            left, begun = left + self._queue.drain(), self._queue.begun()
        for delivery in left:
            with suppress(StoreUnavailableError):  # the claim then ends with this server
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
        """Finish the attempt of a job, and tell those who wait for it."""
        tried = self._runner.attempt(job, meanwhile, answer)
        with self._work:
            if not self._closing:  # or it may have given up waiting
                self._outage.end()
            self._queue.give_back(job.delivery, tried)
            with suppress(StoreUnavailableError):  # whoever looks next finds it settled
                if self._queue.are_over():
                    self._calm.notify_all()
        self._trim()
        return tried

    def _take(self, *, eager: bool) -> Job | None:
        """Wait for a delivery that may be sent now; None when this thread is to end.

        A thread that is not `eager` leaves the line to others that are at work, unless they stall.
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
        """Return a delivery for a borrowed thread; None when the worker threads have to deliver what is due."""
        with self._work, suppress(StoreUnavailableError):  # they will ask again
            delivery = None if self._closing else self._queue.next_quick()
            self._taken += delivery is not None
            self._hand_on()
            return delivery
        return None

    def _hand_over(self, job: Job) -> None:
        with self._work:
            self._queue.hand_over(job)
            self._wake()

    def _wait_for_work(self, *, eager: bool) -> Job | None:
        """Return the next delivery; None when the pump closes, or when there was nothing to do for long."""
        tired = False
        while not self._closing:
            self._waking = False
            may_take = eager or self._queue.urgent or not self._queue.busy
            job = self._queue.next() if may_take else None
            if job is not None:
                self._taken += 1
                self._hand_on()
                return job
            if self._queue.are_over():
                self._calm.notify_all()
            is_to_rest = may_take or self._standing_by or not self._queue.are_more()
            if tired and is_to_rest and self._unwatched() is None:
                return None
            self._outage.end()
            eager, tired = (False, self._rest(may_take=may_take)) if is_to_rest else (self._stand_by(), False)
        return None

    def _wait_unless_closing(self, error: StoreUnavailableError) -> None:
        with self._work:
            if self._closing:
                raise error
            self._wait_for_the_store(error)

    def _wait_for_the_store(self, error: StoreUnavailableError) -> None:
        self._outage.begin(error)
        self._calm.notify_all()
        self._trouble.wait(TROUBLE.total_seconds())
        self._outage.ask_again()

    def _prepare(self) -> None:
        """Make the next request while a receiver thinks: this thread sends it next, unless it stalls."""
        with self._work, suppress(StoreUnavailableError):
            if (
                not self._closing
                and self._queue.prepare(current_thread(), self._runner)
                and not (self._standing_by or self._waking)
            ):
                self._wake()

    def _stand_by(self) -> bool:
        """Wait a moment; return whether nobody has taken a delivery meanwhile."""
        self._standing_by, taken = True, self._taken
        self._work.wait(self._patience)
        self._standing_by, stalled = False, self._taken == taken
        self._patience = self._patience / 2 if stalled else STALL.total_seconds()
        return stalled

    def _rest(self, *, may_take: bool) -> bool:
        """Wait for work, or for the next due moment if nobody waits for that; return whether it was for naught.

        What is due already is left to the threads at work, where they are not to be helped.
        """
        moment = self._unwatched() if may_take or not self._queue.are_due() else None
        seconds = None if moment is None else self._engine.clock.seconds_until(moment)  # None: it stands still now
        if seconds is not None:
            self._watched = moment
        self._idle += 1
        woken = self._work.wait(self._rest_seconds if seconds is None else seconds)
        self._idle -= 1
        if seconds is not None and self._watched == moment:
            self._watched = None
        return not woken and seconds is None

    def _unwatched(self) -> datetime | None:
        """Return the next due moment that time brings nearer and no thread waits for."""
        due = self._engine.store.next_due()
        if due is None or self._engine.clock.seconds_until(due) is None:
            return None
        return due if self._watched is None or due < self._watched else None

    def _hand_on(self) -> None:
        """Make sure that another thread looks for more work while this one is busy."""
        with suppress(StoreUnavailableError):  # this thread has a delivery in hand; it will look again after it
            if not self._standing_by and (self._queue.are_more() or self._unwatched() is not None):
                self._wake()

    def _wake(self) -> None:
        """Have one more thread look for work; if there can be none, those at work or the next kick find it."""
        if self._idle:
            self._waking = True
            self._work.notify()
        elif not self._closing and self._threads.grow():
            self._waking = True

    def _trim(self) -> None:
        with suppress(StoreUnavailableError):  # later is soon enough
            self._engine.trim()

    def _spread_the_time(self) -> None:
        """Let the next thread that looks wait for the next due moment: the clock has moved, so it is nearer."""
        with self._work:
            self._watched = None
