"""Delivery to an ASGI app from several threads of a server, which share one event loop."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier
from typing import Any, TypeAlias

from mockstore.model import Outgoing, Reply
from mockstore.world.transports.asgi import AsgiTransport

Message: TypeAlias = MutableMapping[str, Any]

TIMEOUT = timedelta(seconds=20)
"""After this time a test fails; a passing test needs far less."""
THREADS = 8


def test_what_many_threads_send_at_once_is_answered_on_one_loop() -> None:
    loops, together = set[asyncio.AbstractEventLoop](), Barrier(THREADS)

    async def app(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        assert scope["type"] == "http"
        loops.add(asyncio.get_running_loop())
        await receive()
        for _ in range(1000):
            await asyncio.sleep(0)  # lets the other requests begin
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with closing(AsgiTransport(app)) as transport, ThreadPoolExecutor(THREADS) as threads:

        def deliver(number: int) -> Reply:
            together.wait(TIMEOUT.total_seconds())
            return transport.send(Outgoing(f"http://testserver/{number}", (), b"{}"), TIMEOUT)

        replies = list(threads.map(deliver, range(THREADS)))

    assert [reply.status for reply in replies] == [204] * THREADS
    assert len(loops) == 1
