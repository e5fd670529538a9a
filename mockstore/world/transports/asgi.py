"""Delivers into an ASGI app by calling it: no socket, no thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from datetime import timedelta
from threading import Lock
from urllib.parse import unquote

from mockstore.errors import AsyncConsumerError, ConsumerError
from mockstore.model import Headers, Json, Outgoing, Reply
from mockstore.world.transports.lifespan import AsgiApp, Lifespan, Message
from mockstore.world.transports.location import locate
from mockstore.world.transports.rules import BODY_LIMIT, Deadline, consumer_raised


class AsgiTransport:
    """Calls `app` with each request as an ASGI 3 server would; starts its lifespan once on each event loop.

    `send` runs an event loop of its own until `close`, for one thread at a time; `asend` uses the caller's loop. After
    a complete response it waits until the app returns, background tasks included; an endless response is cut short.
    An exception instead of a response raises `ConsumerError`; one that the app raises after its response (Starlette
    does that after a 500) is in the reply.
    `took` is zero: under a virtual clock no time passes in process. `deadline` measures the timeout.
    """

    def __init__(self, app: AsgiApp, *, deadline: Callable[[timedelta], Deadline] = Deadline) -> None:
        self._app = app
        self._deadline = deadline
        self._running = Lock()
        self._runner: asyncio.Runner | None = None
        self._lifespans: dict[asyncio.AbstractEventLoop, Lifespan] = {}

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Call the app on the transport's own loop; raise `AsyncConsumerError` inside a running event loop."""
        if _is_in_running_loop():
            raise AsyncConsumerError(
                "an ASGI app cannot be reached from inside a running event loop without `await`: "
                "use `await mockstore.aemit(...)`, `await mockstore.aadvance(...)`, and for the shop's verbs "
                "`await mockstore.aserve(lambda: ...)`"
            )
        with self._running:
            return self._run(self.asend(outgoing, timeout))

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Call the app on the running event loop."""
        lifespan = await self._started()
        exchange = _Exchange(outgoing, self._deadline(timeout))
        task = asyncio.create_task(exchange.run(self._app, lifespan.state))
        try:
            await exchange.follow(task)
        finally:
            await _end(task, timeout)
        return exchange.reply(task)

    def close(self) -> None:
        """Shut the app down on every loop that is still open, and close our own loop.

        On a loop that is running, the app is only told to shut down. Raises `ConsumerError` when the app fails at that.
        """
        if not _is_in_running_loop():
            self._shut_down()
            return
        with ThreadPoolExecutor(1) as elsewhere:  # a thread runs one loop at a time, and this one has its own
            elsewhere.submit(self._shut_down).result()

    def _shut_down(self) -> None:
        with ExitStack() as stack:
            if self._runner is not None:
                stack.callback(self._runner.close)
            for loop, lifespan in self._lifespans.items():
                if loop.is_running():
                    loop.call_soon_threadsafe(lifespan.ask_to_stop)
                elif not loop.is_closed():  # the app on a closed loop has ended already
                    stack.callback(_finish, loop, lifespan)
            self._runner, self._lifespans = None, {}

    async def _started(self) -> Lifespan:
        loop = asyncio.get_running_loop()
        lifespan = self._lifespans.get(loop)
        if lifespan is None:
            lifespan = self._lifespans[loop] = Lifespan(self._app)
        await lifespan.started()
        return lifespan

    def _run(self, work: Coroutine[object, object, Reply]) -> Reply:
        if self._runner is None:
            # The factory keeps the runner from making its loop the thread's current one.
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        return self._runner.run(work, context=copy_context())


class _CutShortError(OSError):
    """Raised in an app that sends after its response was cut short, as servers do (ASGI 2.4)."""


class _Exchange:
    """The server's side of one ASGI call."""

    def __init__(self, outgoing: Outgoing, deadline: Deadline) -> None:
        self._outgoing = outgoing
        self._location = locate(outgoing.url)
        self._deadline = deadline
        self._requested = False
        self._status = 0
        self._headers: Headers = ()
        self._body = bytearray()
        self._late = False
        self._begun = asyncio.Event()
        self._complete = asyncio.Event()
        self._over = asyncio.Event()  # complete, or cut short by us

    async def run(self, app: AsgiApp, state: dict[str, Json]) -> None:
        """Call the app."""
        await app(self._scope(state), self._receive, self._send)

    async def follow(self, task: asyncio.Task[None]) -> None:
        """Wait for the app: to its end after a complete response, otherwise until the response is cut short.

        Raises `ReceiverTimeoutError` when the response has not begun in time.
        """
        await self._wait_for_either(task, self._begun)
        if not (self._begun.is_set() or task.done()):
            raise self._deadline.missed_by(self._location.authority)
        await self._wait_for_either(task, self._complete)
        if self._complete.is_set():
            await asyncio.wait({task})

    def reply(self, task: asyncio.Task[None]) -> Reply:
        """Return the response after `follow`; raise `ConsumerError` or `ReceiverTimeoutError` when there is none."""
        error = None if not task.done() or task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error  # pytest.fail's exception, for instance: it must reach the test
        if not self._begun.is_set():
            if error is None:
                raise ConsumerError("the app returned without an answer")
            raise consumer_raised(error) from error
        if self._late:
            raise self._deadline.missed_by(self._location.authority)
        cut_short = self._over.is_set() and not self._complete.is_set()
        exception = None if cut_short else error
        return Reply(self._status, self._headers, bytes(self._body), exception=exception)

    async def _wait_for_either(self, task: asyncio.Task[None], event: asyncio.Event) -> None:
        if task.done() or event.is_set():
            return
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({task, waiting}, timeout=self._deadline.left(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def _scope(self, state: dict[str, Json]) -> dict[str, Json]:
        given = {name.lower() for name, _ in self._outgoing.headers}
        added = {"host": self._location.authority, "content-length": str(len(self._outgoing.body))}
        headers = [(name, value) for name, value in added.items() if name not in given] + [*self._outgoing.headers]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self._outgoing.method,
            "scheme": self._location.scheme,
            "path": unquote(self._location.path),
            "raw_path": self._location.path.encode("ascii"),
            "query_string": self._location.query.encode("ascii"),
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": ("127.0.0.1", 0),
            "server": (self._location.host, self._location.port),
            "state": state.copy(),
        }

    async def _receive(self) -> Message:
        if not self._requested:
            self._requested = True
            return {"type": "http.request", "body": self._outgoing.body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._over.is_set() and not self._complete.is_set():
            raise _CutShortError("the receiver of this answer has read enough of it")
        kind = message["type"]
        if kind == "http.response.start" and not self._begun.is_set():
            self._status = message["status"]
            pairs = message.get("headers", ())
            self._headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
            self._late = self._deadline.passed()
            self._begun.set()
        elif kind == "http.response.body" and self._begun.is_set() and not self._complete.is_set():
            self._take_in(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{kind!r} is out of turn here")

    def _take_in(self, chunk: bytes, *, more: bool) -> None:
        self._body += chunk[: BODY_LIMIT - len(self._body)]
        if not more:
            self._complete.set()
        if not more or len(self._body) == BODY_LIMIT or self._deadline.passed():
            self._over.set()


def _is_in_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _end(task: asyncio.Task[None], patience: timedelta) -> None:
    """Cancel the task and wait at most `patience`: a thread that it waits for cannot be cancelled."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=patience.total_seconds())


def _finish(loop: asyncio.AbstractEventLoop, lifespan: Lifespan) -> None:
    loop.run_until_complete(lifespan.stop())
