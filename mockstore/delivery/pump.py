"""Runs what is due, in order, on the caller's own thread or event loop. Time moves only by `advance`."""

from collections.abc import Callable, Iterator, MutableSequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from threading import Lock, get_ident

from mockstore.delivery.engine import Engine, Started
from mockstore.delivery.threads import Deferred
from mockstore.errors import DeliveryError, EndlessChainError
from mockstore.faults import plan as faulty
from mockstore.model import Attempt, Pulse, Reply
from mockstore.world.seams import Transport

CHAIN_LIMIT = 10_000
"""How many deliveries may be caused by deliveries before somebody must have made a circle."""


class InlinePump:
    """The pump of tests: no thread, no waiting.

    A consumer that causes further events while it handles one does not recurse: the outer run
    takes them up when the delivery at hand has ended. Likewise, only one thread delivers at a time: what another one
    makes due meanwhile is left to it.
    """

    def __init__(
        self,
        engine: Engine,
        transport: Transport,
        *,
        is_remote: Callable[[str], bool] = lambda _url: False,
        chain_limit: int = CHAIN_LIMIT,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._is_remote = is_remote
        self._chain_limit = chain_limit
        self._lock = Lock()
        self._running = False
        self._asked = False
        """Somebody wants a look at what is due, and whoever runs has not begun that look yet."""
        self._deferring: set[int] = set()
        """Threads that make something due, and will see to it later."""
        self._caught: list[BaseException] = []
        self.raised: MutableSequence[BaseException] = []
        """What consumers' code raised and nobody has seen yet."""

    def look(self) -> None:
        """Nobody else has these records."""

    def kick(self) -> None:
        """Run everything that is due now; inside a running delivery, leave it to the outer run."""
        __tracebackhide__ = True
        if self._begins():
            with self._run():
                while self._goes_on():
                    while (started := self._next()) is not None:
                        if started.delivery.faults:
                            self._send_with_twins(started)
                        else:
                            self._finish(started, self._send(started))

    async def akick(self) -> None:
        """Do the same on the running event loop."""
        __tracebackhide__ = True
        if self._begins():
            with self._run():
                while self._goes_on():
                    while (started := self._next()) is not None:
                        if started.delivery.faults:
                            await self._asend_with_twins(started)
                        else:
                            self._finish(started, await self._asend(started))

    def deliver_briefly(self) -> bool:
        """Run nothing: the caller of `kick` does that."""
        return False

    def settle(self, timeout: timedelta | None = None) -> bool:  # noqa: ARG002 - nothing here takes time
        """Run what is due now; return that nothing is under way."""
        self.kick()
        return True

    def advance(self, by: timedelta) -> None:
        """Move the clock, and run what falls due on the way at its own moment, in order."""
        __tracebackhide__ = True
        for _ in self._steps(by):
            self.kick()

    async def aadvance(self, by: timedelta) -> None:
        """Do the same on the running event loop."""
        __tracebackhide__ = True
        for _ in self._steps(by):
            await self.akick()

    @property
    def pulse(self) -> Pulse:
        """How the deliveries are going: nothing is out unless it asks for this itself."""
        return Pulse()

    def deferred(self) -> AbstractContextManager[None]:
        """Leave what this thread makes due inside to its next `kick` or `akick`."""
        return Deferred(self._deferring)

    def forget(self, clear: Callable[[], None]) -> None:
        """Have `clear` forget the records; an attempt under way has lost its claim by that."""
        clear()

    def stop(self) -> None:
        """Nothing is taken up but by who asks for it."""

    def close(self) -> None:
        """Nothing runs that would have to be stopped."""

    def _begins(self) -> bool:
        """Return whether the caller is to run what is due; if not, whoever runs already looks once more."""
        with self._lock:
            if get_ident() in self._deferring:
                return False
            self._asked = True
            begins, self._running = not self._running, True
            return begins

    def _leaves_it(self) -> bool:
        """Return whether a `kick` would leave what is due to a run under way or to come."""
        return self._running or get_ident() in self._deferring

    def _goes_on(self) -> bool:
        """Return whether somebody has asked for a look since the last one; if not, the next who asks runs."""
        with self._lock:
            goes_on, self._asked = self._asked, False
            if not goes_on:
                self._end()
            return goes_on

    def _end(self) -> None:
        self._running = False
        self.raised += self._caught  # not earlier: a consumer that emits is not to get what another one raised
        self._caught = []

    @contextmanager
    def _run(self) -> Iterator[None]:
        self._allowed = self._engine.published + self._chain_limit
        try:
            yield
        except BaseException:
            with self._lock:
                self._end()
            raise

    def _next(self) -> Started | None:
        __tracebackhide__ = True
        if self._engine.published > self._allowed:
            raise EndlessChainError(
                f"deliveries caused more than {self._chain_limit} further deliveries: does the consumer answer an "
                f"event with a call that emits the same event again?"
            )
        for delivery in iter(self._engine.claim, []):
            started = self._engine.start(delivery[0])
            if started is not None:
                return started
        return None

    def _send(self, started: Started) -> Reply | DeliveryError:
        try:
            return self._transport.send(started.outgoing, self._engine.provider.timeout)
        except DeliveryError as error:
            return error
        except BaseException:
            self._engine.store.release(started.delivery.id)
            raise

    async def _asend(self, started: Started) -> Reply | DeliveryError:
        try:
            return await self._transport.asend(started.outgoing, self._engine.provider.timeout)
        except DeliveryError as error:
            return error
        except BaseException:
            self._engine.store.release(started.delivery.id)
            raise

    def _send_with_twins(self, started: Started) -> None:
        """Send it and its copies: side by side over sockets, in turn into an app, which may be bound to this thread."""
        together = [started]
        if self._is_remote(started.outgoing.url):
            together += self._twins(started)
        if len(together) == 1:
            self._finish(started, self._send(started))
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for a rare fault only

        with ThreadPoolExecutor(len(together)) as threads:
            answers = list(threads.map(self._send, together))
        for one, answer in zip(together, answers, strict=True):
            self._finish(one, answer)

    async def _asend_with_twins(self, started: Started) -> None:
        """Send it and its copies side by side."""
        import asyncio  # noqa: PLC0415 - whoever awaits this has loaded it

        together = [started, *self._twins(started)]
        answers = await asyncio.gather(*map(self._asend, together))
        for one, answer in zip(together, answers, strict=True):
            self._finish(one, answer)

    def _twins(self, started: Started) -> list[Started]:
        """Claim and start what is to be sent side by side with `started`: the copies that a fault has made of it."""
        found = []
        for _ in range(faulty.copies(started.delivery.faults)):
            for claimed in self._engine.claim():
                if (claimed.event_id, claimed.webhook_id) != (started.delivery.event_id, started.webhook.id):
                    self._engine.store.release(claimed.id)
                elif (twin := self._engine.start(claimed)) is not None:
                    found.append(twin)
        return found

    def _finish(self, started: Started, answer: Reply | DeliveryError) -> None:
        attempt: Attempt = self._engine.finish(started, answer)
        if attempt.exception is not None:
            self._caught.append(attempt.exception)

    def _steps(self, by: timedelta) -> Iterator[None]:
        """Yield at every moment up to now + `by` at which something falls due.

        Where that is left to another run, the clock moves at once: that run's delivery at hand may wait for the caller.
        """
        yield
        target = self._engine.clock.now() + by
        while not self._leaves_it() and (due := self._engine.store.next_due()) is not None and due <= target:
            self._engine.clock.jump_to(due)
            yield
        self._engine.clock.jump_to(target)
        yield  # or a run that is just ending would not see what has fallen due by that
