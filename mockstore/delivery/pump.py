"""Makes the deliveries that are due, in order, on the caller's own thread or event loop; only `advance` moves time."""

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
"""How many further deliveries the deliveries of one run may cause before they count as an endless chain."""


class InlinePump:
    """The pump of tests, without threads of its own.

    When a consumer causes further events while it handles one, nothing recurses: the run under way makes their
    deliveries after the current one. Likewise, only one thread runs at a time, and also makes the deliveries that other
    threads cause meanwhile.
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
        """Whether `kick` was called since the thread that runs last began to look for due deliveries."""
        self._deferring: set[int] = set()
        """The ids of threads that are inside `deferred`."""
        self._caught: list[BaseException] = []
        self.raised: MutableSequence[BaseException] = []
        """The exceptions of consumers' code that were not raised in the test yet."""

    def look(self) -> None:
        """Do nothing: no other server uses these records."""

    def kick(self) -> None:
        """Run everything that is due now, or leave it to the run under way if there is one."""
        __tracebackhide__ = True
        if self._begin():
            with self._run():
                while self._continue():
                    while (started := self._next()) is not None:
                        if started.delivery.faults:
                            self._send_with_copies(started)
                        else:
                            self._finish(started, self._send(started))

    async def akick(self) -> None:
        """Do the same on the running event loop."""
        __tracebackhide__ = True
        if self._begin():
            with self._run():
                while self._continue():
                    while (started := self._next()) is not None:
                        if started.delivery.faults:
                            await self._asend_with_copies(started)
                        else:
                            self._finish(started, await self._asend(started))

    def deliver_briefly(self) -> bool:
        """Do nothing, and return False: `kick` makes the deliveries."""
        return False

    def settle(self, timeout: timedelta | None = None) -> bool:  # noqa: ARG002 - nothing here takes time
        """Run what is due now, and return True: nothing is under way then."""
        self.kick()
        return True

    def advance(self, by: timedelta) -> None:
        """Move the clock on, and run what falls due meanwhile, each at its own time."""
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
        """A constant: no thread delivers."""
        return Pulse()

    def deferred(self) -> AbstractContextManager[None]:
        """Return a context in which this thread's calls of `kick` do nothing; call it after the context."""
        return Deferred(self._deferring)

    def forget(self, clear: Callable[[], None]) -> None:
        """Call `clear`, which removes the records; an attempt under way loses its claim by that."""
        clear()

    def stop(self) -> None:
        """Do nothing: deliveries are made only on request."""

    def close(self) -> None:
        """Do nothing: there is no thread to stop."""

    def _begin(self) -> bool:
        """Return whether the caller has to run what is due; a run under way will look once more."""
        with self._lock:
            if get_ident() in self._deferring:
                return False
            self._asked = True
            is_first, self._running = not self._running, True
            return is_first

    def _is_left_to_others(self) -> bool:
        """Return whether a `kick` would do nothing itself, as another run makes the deliveries now or later."""
        return self._running or get_ident() in self._deferring

    def _continue(self) -> bool:
        """Return whether to look for due deliveries (again): `kick` was called meanwhile; if not, end the run."""
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked:
                self._end()
            return asked

    def _end(self) -> None:
        self._running = False
        self.raised += self._caught  # not earlier: a consumer that emits must not get another one's exception
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

    def _send_with_copies(self, started: Started) -> None:
        """Send it and its copies: in parallel over sockets, in turn to an app, which may need the caller's thread."""
        together = [started]
        if self._is_remote(started.outgoing.url):
            together += self._claim_copies(started)
        if len(together) == 1:
            self._finish(started, self._send(started))
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for a rare fault only

        with ThreadPoolExecutor(len(together)) as threads:
            answers = list(threads.map(self._send, together))
        for one, answer in zip(together, answers, strict=True):
            self._finish(one, answer)

    async def _asend_with_copies(self, started: Started) -> None:
        """Send it and its copies in parallel."""
        import asyncio  # noqa: PLC0415 - loaded already where a loop runs

        together = [started, *self._claim_copies(started)]
        answers = await asyncio.gather(*map(self._asend, together))
        for one, answer in zip(together, answers, strict=True):
            self._finish(one, answer)

    def _claim_copies(self, started: Started) -> list[Started]:
        """Claim and start the copies of `started` that a fault has added; they are sent in parallel with it."""
        found = []
        for _ in range(faulty.copies(started.delivery.faults)):
            for claimed in self._engine.claim():
                if (claimed.event_id, claimed.webhook_id) != (started.delivery.event_id, started.webhook.id):
                    self._engine.store.release(claimed.id)
                elif (copy := self._engine.start(claimed)) is not None:
                    found.append(copy)
        return found

    def _finish(self, started: Started, answer: Reply | DeliveryError) -> None:
        attempt: Attempt = self._engine.finish(started, answer)
        if attempt.exception is not None:
            self._caught.append(attempt.exception)

    def _steps(self, by: timedelta) -> Iterator[None]:
        """Yield at every moment up to now + `by` at which something falls due.

        If the deliveries are left to another run, the clock moves at once: the delivery of that run may be waiting for
        the caller.
        """
        yield
        target = self._engine.clock.now() + by
        while not self._is_left_to_others() and (due := self._engine.store.next_due()) is not None and due <= target:
            self._engine.clock.jump_to(due)
            yield
        self._engine.clock.jump_to(target)
        yield  # so that what is due by then is seen even if the other run is just ending
