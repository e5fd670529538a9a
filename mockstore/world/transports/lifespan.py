"""Starts and stops one ASGI app on one event loop by the lifespan protocol, once each."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias

from mockstore.errors import ConsumerError
from mockstore.model import Json

AsgiApp: TypeAlias = Callable[..., Awaitable[None]]
"""`app(scope, receive, send)`; frameworks annotate these three differently."""

Message: TypeAlias = MutableMapping[str, Json]

_FAILURE_GRACE = 1.0
"""How many seconds to wait for the exception of an app that has reported a failure."""


class Lifespan:
    """Runs the app's start-up code before its first request on this loop and its shut-down code at the end.

    An app need not support the protocol: if it raises or returns before it has reported a state, that is ignored, as
    the specification requires of servers. A failure that it reports raises `ConsumerError`.
    """

    def __init__(self, app: AsgiApp) -> None:
        self.state: dict[str, Json] = {}
        """What the start-up code has stored for the requests."""
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failure: str | None = None
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def started(self) -> None:
        """Start the app, or wait until another delivery has started it; raise `ConsumerError` when it fails."""
        if self._task is None:
            self._to_app.put_nowait({"type": "lifespan.startup"})
            self._task = asyncio.create_task(self._run())
        await self._started.wait()
        await self._raise_failure("start up")

    def ask_to_stop(self) -> None:
        """Tell the app to shut down, without waiting for it; call this on the app's loop."""
        self._to_app.put_nowait({"type": "lifespan.shutdown"})

    async def stop(self) -> None:
        """Shut the app down and wait for it; raise `ConsumerError` when it fails."""
        if self._failure is None:  # an app that failed to start has nothing to stop
            self.ask_to_stop()
            await self._stopped.wait()
            await self._raise_failure("shut down")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._to_app.get, self._send)
        except Exception as error:  # noqa: BLE001 - the consumer's code may raise anything
            self._error = error
        finally:
            self._started.set()
            self._stopped.set()

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind not in {
            f"lifespan.{phase}.{end}" for phase in ("startup", "shutdown") for end in ("complete", "failed")
        }:
            raise RuntimeError(f"{kind!r} is no message of a lifespan")
        if kind.endswith("failed"):
            self._failure = message.get("message", "")
        (self._started if kind.startswith("lifespan.startup") else self._stopped).set()

    async def _raise_failure(self, verb: str) -> None:
        if self._failure is None or self._task is None:
            return
        await asyncio.wait({self._task}, timeout=_FAILURE_GRACE)
        lines = self._failure.strip().splitlines()
        said = repr(self._error) if self._error else lines[-1] if lines else "it did not say why"
        raise ConsumerError(f"the app failed to {verb}: {said}") from self._error
