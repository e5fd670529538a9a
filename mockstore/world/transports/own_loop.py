"""Delivers from many threads into an async receiver that runs on an event loop in a thread of its own."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from threading import Lock, Thread
from typing import TYPE_CHECKING

from mockstore.errors import ConsumerError
from mockstore.model import Outgoing, Reply
from mockstore.world.seams import Transport

if TYPE_CHECKING:
    from concurrent.futures import Future


class OwnLoopTransport:
    """Lets `receiver` handle requests from many threads concurrently, as an ASGI server does.

    The loop starts with the first request and runs until `close`, so that background tasks of an app continue between
    requests.
    """

    def __init__(self, receiver: Transport) -> None:
        self._receiver = receiver
        self._starting = Lock()
        self._runner: asyncio.Runner | None = None
        self._thread: Thread | None = None
        self._closing = False
        self._failure: ConsumerError | None = None

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Return the reply; other threads can send at the same time."""
        return self._start(outgoing, timeout).result()

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Do the same without blocking the caller's event loop."""
        return await asyncio.wrap_future(self._start(outgoing, timeout))

    def close(self) -> None:
        """Shut the app down and end the thread; raise `ConsumerError` when the app fails to shut down."""
        thread, runner = self._thread, self._runner
        if thread is None or runner is None:
            self._receiver.close()
            return
        loop, self._closing = runner.get_loop(), True
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        self._thread = self._runner = None
        if self._failure is not None:
            raise self._failure

    def _start(self, outgoing: Outgoing, timeout: timedelta) -> "Future[Reply]":
        return asyncio.run_coroutine_threadsafe(self._receiver.asend(outgoing, timeout), self._loop())

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._runner is None:
                runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
                runner.get_loop()  # creates the loop before a second thread can ask for it
                self._thread = Thread(target=self._run, args=(runner,), name="mockstore-app", daemon=True)
                self._thread.start()
                self._runner = runner
            return self._runner.get_loop()

    def _run(self, runner: asyncio.Runner) -> None:
        with runner:
            while not self._closing:
                with suppress(SystemExit, KeyboardInterrupt):  # of an app: the request's sender gets it, too
                    runner.get_loop().run_forever()
            try:
                self._receiver.close()  # here, since the thread that calls `close` may have a running loop of its own
            except ConsumerError as failure:
                self._failure = failure
