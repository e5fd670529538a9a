"""Delivery from several threads to one async receiver, which has its own event loop."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Event
from threading import enumerate as threads

import pytest

from mockstore.errors import ConsumerError, NotMountedError
from mockstore.model import Json, Outgoing, Reply
from mockstore.world.transports import Router

TIMEOUT = timedelta(seconds=20)
OUTGOING = Outgoing("http://testserver/hook", (), b"{}")


@pytest.fixture
def router() -> Iterator[Router]:
    with closing(Router.of_apps()) as made:
        yield made
    assert not [thread for thread in threads() if thread.name == "mockstore-app"]


def asgi(answer: Callable[[], Awaitable[object]], *, at_the_end: str = "complete") -> object:
    """Return an ASGI app that awaits `answer` before it answers 202."""

    async def app(scope: Json, receive: Json, send: Json) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": f"lifespan.shutdown.{at_the_end}"})
            return
        await answer()
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


def function(answer: Callable[[], Awaitable[object]]) -> object:
    """Return an async function that awaits `answer` before it answers 202."""

    async def receive(_: Outgoing) -> int:
        await answer()
        return 202

    return receive


class WaitForTwo:
    """Blocks the first call until there is a second one."""

    def __init__(self) -> None:
        self._arrived = 0
        self._both_arrived = asyncio.Event()

    async def __call__(self) -> None:
        self._arrived += 1
        if self._arrived == 2:
            self._both_arrived.set()
        await self._both_arrived.wait()


async def return_at_once() -> None:
    """Return without waiting."""


@pytest.mark.parametrize("kind", [asgi, function])
def test_requests_of_several_threads_are_answered_side_by_side(
    router: Router, kind: Callable[[Callable[[], Awaitable[object]]], object]
) -> None:
    router.mount_app(kind(WaitForTwo()))

    with ThreadPoolExecutor(2) as senders:
        replies: list[Reply] = list(senders.map(lambda _: router.send(OUTGOING, TIMEOUT), range(2)))

    assert [reply.status for reply in replies] == [202, 202]


def test_what_an_app_does_in_the_background_goes_on_between_requests(router: Router) -> None:
    done, tasks = Event(), list[asyncio.Task[None]]()

    async def later() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.set()

    async def begins() -> None:
        tasks.append(asyncio.create_task(later()))

    router.mount_app(asgi(begins))
    router.send(OUTGOING, TIMEOUT)

    assert done.wait(TIMEOUT.total_seconds())


def test_an_app_that_ends_its_process_ends_one_request_only(router: Router) -> None:
    exits = [True]

    async def exits_once() -> None:
        if exits:
            exits.pop()
            sys.exit(3)

    router.mount_app(asgi(exits_once))

    with pytest.raises(SystemExit):
        router.send(OUTGOING, TIMEOUT)
    assert router.send(OUTGOING, TIMEOUT).status == 202


def test_an_event_loop_that_sends_goes_on_meanwhile(router: Router) -> None:
    router.mount_app(asgi(return_at_once))

    assert asyncio.run(router.asend(OUTGOING, TIMEOUT)).status == 202


async def _closed_on_a_loop(router: Router) -> None:
    router.close()


@pytest.mark.parametrize(
    "close", [Router.close, lambda router: asyncio.run(_closed_on_a_loop(router))], ids=["plain", "on a loop"]
)
def test_an_app_that_fails_to_shut_down_is_reported(close: Callable[[Router], None]) -> None:
    router = Router.of_apps()
    router.mount_app(asgi(return_at_once, at_the_end="failed"))
    router.send(OUTGOING, TIMEOUT)

    with pytest.raises(ConsumerError, match="the app failed to shut down"):
        close(router)


def test_an_app_that_was_never_sent_to_is_closed_all_the_same(router: Router) -> None:
    router.mount_app(asgi(return_at_once))

    router.close()


def test_a_router_of_apps_reaches_nothing_else(router: Router) -> None:
    router.mount_app(asgi(return_at_once))

    with pytest.raises(NotMountedError, match=r"localhost:1.*testserver"):
        router.send(Outgoing("http://localhost:1/", (), b""), TIMEOUT)
