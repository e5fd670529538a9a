"""Runs what is due on a pool of threads, under a clock that runs. An API call never waits for it."""

from collections import deque
from datetime import timedelta
from threading import Condition, Lock, Thread

from mockstore.delivery.engine import Engine
from mockstore.errors import DeliveryError
from mockstore.model import Attempt, DeliveryRecord, Outcome
from mockstore.world.seams import Transport

SLOW = timedelta(seconds=1)
"""A receiver that took longer than this at its last attempt is slow."""

BATCH = 64
"""How many due deliveries are claimed at once."""


class WorkerPump:
    """The pump of the server: threads are started as they are needed, up to `threads`.

    Slow receivers share at most half of the threads, and no receiver takes the last idle ones
    beside its first: so neither one dead consumer nor many hold up the others.
    """

    def __init__(self, engine: Engine, transport: Transport, *, threads: int = 16) -> None:
        self._engine = engine
        self._transport = transport
        self._limit = threads
        self._reserve = max(1, threads // 16) if threads > 1 else 0
        lock = Lock()
        self._work = Condition(lock)
        self._calm = Condition(lock)
        self._threads: list[Thread] = []
        self._idle = 0
        self._closing = False
        self._ready: dict[str, deque[DeliveryRecord]] = {}
        self._busy: dict[str, int] = {}
        self._slow: set[str] = set()
        self.raised: list[BaseException] = []
        """What went wrong on a thread and nobody has seen yet."""

    def kick(self) -> None:
        """Tell the threads that something may be due; start one if none is idle."""
        with self._work:
            if self._idle == 0 and len(self._threads) < self._limit and not self._closing:
                self._start_thread()
            self._work.notify()

    async def akick(self) -> None:
        """Do the same; nothing here blocks."""
        self.kick()

    def settle(self, timeout: timedelta | None = None) -> bool:
        """Wait until nothing is due or under way; False when that takes longer than `timeout`."""
        self.kick()
        with self._calm:
            return self._calm.wait_for(self._is_settled, None if timeout is None else timeout.total_seconds())

    def advance(self, by: timedelta) -> None:
        """Move the clock, and let what falls due on the way end at its own moment, in order."""
        clock, store = self._engine.clock, self._engine.store
        target = clock.now() + by
        self.settle()
        while (due := store.next_due()) is not None and due <= target:
            clock.jump_to(due)
            self.settle()
        clock.jump_to(target)
        self.kick()

    async def aadvance(self, by: timedelta) -> None:
        """Do the same off the event loop."""
        import asyncio  # noqa: PLC0415 - a server without async callers does not need it

        await asyncio.to_thread(self.advance, by)

    def close(self) -> None:
        """Take nothing new up, let the attempts under way end, stop the threads."""
        with self._work:
            self._closing = True
            self._work.notify_all()
        for thread in self._threads:
            thread.join()

    def _start_thread(self) -> None:
        thread = Thread(target=self._run, name=f"mockstore-delivery-{len(self._threads) + 1}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while (delivery := self._take()) is not None:
            try:
                attempt = self._deliver(delivery)
            except Exception as error:  # noqa: BLE001 - the thread must live; the error comes out in `raised`
                self._engine.store.release(delivery.id)
                attempt, self.raised = None, [*self.raised, error]
            self._give_back(delivery, attempt)

    def _take(self) -> DeliveryRecord | None:
        """Wait for a delivery that may be sent now; None when the pool closes."""
        with self._work:
            while not self._closing:
                delivery = self._pick()
                if delivery is not None:
                    self._wake_another()
                    return delivery
                self._idle += 1
                self._work.wait(self._engine.clock.seconds_until(self._engine.store.next_due()))
                self._idle -= 1
            return None

    def _pick(self) -> DeliveryRecord | None:
        """Return the next delivery, webhook by webhook in turn."""
        for delivery in self._engine.claim(BATCH):
            self._ready.setdefault(delivery.webhook_id, deque()).append(delivery)
        for webhook_id in self._ready:
            if self._may_start(webhook_id):
                waiting = self._ready.pop(webhook_id)
                delivery = waiting.popleft()
                if waiting:
                    self._ready[webhook_id] = waiting  # at the end of the line
                self._busy[webhook_id] = self._busy.get(webhook_id, 0) + 1
                return delivery
        return None

    def _may_start(self, webhook_id: str) -> bool:
        under_way = sum(self._busy.values())
        free = self._limit - under_way
        if webhook_id in self._slow:
            return sum(self._busy.get(slow, 0) for slow in self._slow) < max(1, self._limit // 2)
        return free > self._reserve or webhook_id not in self._busy

    def _wake_another(self) -> None:
        if not self._ready and not self._something_is_due():
            return
        if self._idle:
            self._work.notify()
        elif len(self._threads) < self._limit:
            self._start_thread()

    def _deliver(self, delivery: DeliveryRecord) -> Attempt | None:
        started = self._engine.start(delivery)
        if started is None:
            return None
        try:
            answer = self._transport.send(started.outgoing, self._engine.provider.timeout)
        except DeliveryError as error:
            return self._engine.finish(started, error)
        return self._engine.finish(started, answer)

    def _give_back(self, delivery: DeliveryRecord, attempt: Attempt | None) -> None:
        with self._work:
            webhook_id = delivery.webhook_id
            self._busy[webhook_id] -= 1
            if not self._busy[webhook_id]:
                del self._busy[webhook_id]
            if attempt is not None:
                slow = attempt.outcome is Outcome.TIMEOUT or attempt.duration > SLOW
                (self._slow.add if slow else self._slow.discard)(webhook_id)
            if self._is_settled():
                self._calm.notify_all()
            if self._ready:
                self._work.notify()

    def _is_settled(self) -> bool:
        return not self._ready and not self._busy and not self._something_is_due()

    def _something_is_due(self) -> bool:
        due = self._engine.store.next_due()
        return due is not None and due <= self._engine.clock.now()
