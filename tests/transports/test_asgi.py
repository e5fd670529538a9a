"""Delivery to ASGI apps, from sync and async tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, TypeAlias

import fastapi
import pytest
from fastapi.responses import StreamingResponse

from mockstore.errors import AsyncConsumerError, ConsumerError, DeliveryError, ReceiverTimeoutError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.asgi import AsgiTransport
from mockstore.world.transports.lifespan import AsgiApp
from tests.transports.conftest import ManualTime

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Deliver: TypeAlias = Callable[[AsgiApp, str, timedelta], Reply]

LONG_TIMEOUT = timedelta(seconds=20)
SHORT_TIMEOUT = timedelta(seconds=0.1)
LIMIT = 64 * 1024


def outgoing(path: str) -> Outgoing:
    return Outgoing(f"http://testserver{path}", (("Content-Type", "application/json"),), b'{"a":1}')


def deliver_from_sync(app: AsgiApp, path: str, timeout: timedelta) -> Reply:
    transport = AsgiTransport(app)
    try:
        return transport.send(outgoing(path), timeout)
    finally:
        transport.close()


def deliver_from_async(app: AsgiApp, path: str, timeout: timedelta) -> Reply:
    transport = AsgiTransport(app)
    try:
        return asyncio.run(transport.asend(outgoing(path), timeout))
    finally:
        transport.close()


@pytest.fixture(params=[deliver_from_sync, deliver_from_async])
def deliver(request: pytest.FixtureRequest) -> Deliver:
    chosen: Deliver = request.param
    return chosen


class RecordingApp:
    """A FastAPI app that records in `entries` when it starts, stops and handles a request."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.stopped = asyncio.Event()
        self.app = fastapi.FastAPI(lifespan=self.lifespan)
        self.app.post("/async")(self.async_hook)
        self.app.post("/sync")(self.sync_hook)
        self.app.post("/later")(self.hook_with_more_to_do)
        self.app.post("/broken")(self.broken_hook)
        self.app.post("/endless")(self.endless_hook)
        self.app.post("/stuck")(self.stuck_hook)

    @asynccontextmanager
    async def lifespan(self, _: fastapi.FastAPI) -> AsyncIterator[dict[str, str]]:
        self.entries.append("up")
        yield {"greeting": "hello"}
        self.entries.append("down")
        self.stopped.set()

    async def async_hook(self, request: fastapi.Request) -> dict[str, Any]:
        self.entries.append("async")
        return {"got": await request.json(), "state": request.state.greeting}

    def sync_hook(self, body: dict[str, int]) -> dict[str, Any]:
        self.entries.append("sync")
        return {"got": body}

    def hook_with_more_to_do(self, tasks: fastapi.BackgroundTasks) -> None:
        tasks.add_task(self.entries.append, "done later")

    def broken_hook(self) -> None:
        raise LookupError("no such pet")

    def endless_hook(self) -> StreamingResponse:
        async def stream() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1000

        return StreamingResponse(stream())

    async def stuck_hook(self) -> None:
        self.entries.append("stuck")
        try:
            await asyncio.Event().wait()
        finally:
            self.entries.append("cancelled")


@pytest.fixture
def recording() -> RecordingApp:
    return RecordingApp()


def test_an_async_endpoint_is_reached(deliver: Deliver, recording: RecordingApp) -> None:
    reply = deliver(recording.app, "/async", LONG_TIMEOUT)

    assert (reply.status, reply.body) == (200, b'{"got":{"a":1},"state":"hello"}')
    assert ("content-type", "application/json") in reply.headers
    assert reply.took == timedelta()


def test_a_sync_endpoint_is_reached(deliver: Deliver, recording: RecordingApp) -> None:
    assert deliver(recording.app, "/sync", LONG_TIMEOUT).body == b'{"got":{"a":1}}'


def test_background_tasks_are_done_before_the_delivery_is(deliver: Deliver, recording: RecordingApp) -> None:
    deliver(recording.app, "/later", LONG_TIMEOUT)

    assert "done later" in recording.entries


def test_the_exception_behind_a_500_is_in_the_reply(deliver: Deliver, recording: RecordingApp) -> None:
    reply = deliver(recording.app, "/broken", LONG_TIMEOUT)

    assert (reply.status, reply.body) == (500, b"Internal Server Error")
    assert isinstance(reply.exception, LookupError)


def test_an_endless_answer_is_cut(deliver: Deliver, recording: RecordingApp) -> None:
    assert deliver(recording.app, "/endless", LONG_TIMEOUT) == Reply(200, (), b"x" * LIMIT)


def test_an_endpoint_that_is_stuck_is_cancelled_at_the_deadline(deliver: Deliver, recording: RecordingApp) -> None:
    with pytest.raises(ReceiverTimeoutError, match=r"no answer from testserver within 0\.1 s"):
        deliver(recording.app, "/stuck", SHORT_TIMEOUT)

    assert recording.entries[:3] == ["up", "stuck", "cancelled"]


def test_the_app_starts_once_and_stops_with_the_transport(recording: RecordingApp) -> None:
    transport = AsgiTransport(recording.app)

    for path in ("/async", "/sync", "/async"):
        transport.send(outgoing(path), LONG_TIMEOUT)
    assert recording.entries == ["up", "async", "sync", "async"]
    transport.close()

    assert recording.entries[4:] == ["down"]


def test_on_a_running_loop_the_app_starts_once_and_stops_when_the_transport_is_closed(recording: RecordingApp) -> None:
    transport = AsgiTransport(recording.app)

    async def deliver_at_once() -> None:
        await asyncio.gather(*(transport.asend(outgoing("/async"), LONG_TIMEOUT) for _ in range(3)))
        transport.close()
        await asyncio.wait_for(recording.stopped.wait(), 20)

    asyncio.run(deliver_at_once())

    assert recording.entries == ["up", "async", "async", "async", "down"]


def test_a_loop_that_is_idle_is_used_to_stop_the_app(recording: RecordingApp) -> None:
    transport = AsgiTransport(recording.app)
    with asyncio.Runner() as runner:
        runner.run(transport.asend(outgoing("/async"), LONG_TIMEOUT))

        transport.close()

        assert recording.entries == ["up", "async", "down"]


def test_our_own_loop_is_closed_from_within_another(recording: RecordingApp) -> None:
    transport = AsgiTransport(recording.app)
    transport.send(outgoing("/async"), LONG_TIMEOUT)

    async def close() -> None:
        transport.close()

    asyncio.run(close())

    assert recording.entries == ["up", "async", "down"]


def test_inside_a_running_loop_send_names_its_awaitable_twin(recording: RecordingApp) -> None:
    transport = AsgiTransport(recording.app)

    async def send() -> None:
        transport.send(outgoing("/async"), LONG_TIMEOUT)

    with pytest.raises(AsyncConsumerError, match=r"await mockstore\.aemit"):
        asyncio.run(send())
    assert recording.entries == []


TENANT: ContextVar[str] = ContextVar("tenant", default="none")


async def tells_its_tenant(scope: Message, _receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": TENANT.get().encode()})


def test_the_app_sees_the_context_of_its_caller(deliver: Deliver) -> None:
    token = TENANT.set("mine")

    assert deliver(tells_its_tenant, "/", LONG_TIMEOUT).body == b"mine"
    TENANT.reset(token)


def test_the_scope_is_that_of_a_server(deliver: Deliver) -> None:
    seen: Message = {}

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.update(scope, first=await receive())
        await tells_its_tenant(scope, receive, send)
        seen.update(second=await receive())

    deliver(app, "/hooks/%C3%A4?x=1", LONG_TIMEOUT)

    expected = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/hooks/ä",
        "raw_path": b"/hooks/%C3%A4",
        "query_string": b"x=1",
        "root_path": "",
        "server": ("testserver", 80),
        "headers": [(b"host", b"testserver"), (b"content-length", b"7"), (b"content-type", b"application/json")],
        "first": {"type": "http.request", "body": b'{"a":1}', "more_body": False},
        "second": {"type": "http.disconnect"},
    }
    assert {name: seen[name] for name in expected} == expected


async def raises(scope: Message, _receive: Receive, _send: Send) -> None:
    if scope["type"] == "http":
        raise LookupError("no such pet")


async def sends_nothing(_scope: Message, _receive: Receive, _send: Send) -> None:
    return


async def begins_with_the_body(_scope: Message, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.body", "body": b"ok"})


async def sends_empty_chunks_forever(scope: Message, _receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    while True:
        await send({"type": "http.response.body", "body": b"", "more_body": True})


@pytest.mark.parametrize(
    ("app", "error", "text"),
    [
        pytest.param(raises, ConsumerError, "^the consumer raised LookupError: no such pet$", id="raises"),
        pytest.param(sends_nothing, ConsumerError, "returned without an answer", id="says nothing"),
        pytest.param(begins_with_the_body, ConsumerError, "out of turn", id="body first"),
    ],
)
def test_an_app_without_an_answer_says_why(
    deliver: Deliver, app: AsgiApp, error: type[DeliveryError], text: str
) -> None:
    with pytest.raises(error, match=text):
        deliver(app, "/", LONG_TIMEOUT)


def test_an_app_that_blocks_the_loop_for_too_long_has_not_answered(manual_time: ManualTime) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        manual_time.now += 2
        await tells_its_tenant(scope, receive, send)

    transport = AsgiTransport(app, deadline=manual_time)

    with pytest.raises(ReceiverTimeoutError, match="within 1 s"):
        transport.send(outgoing("/"), timedelta(seconds=1))
    transport.close()


def test_an_answer_without_end_or_content_is_cut_at_the_deadline(deliver: Deliver) -> None:
    assert deliver(sends_empty_chunks_forever, "/", SHORT_TIMEOUT) == Reply(200)


def test_what_pytest_raises_in_the_app_passes(deliver: Deliver) -> None:
    async def app(scope: Message, _receive: Receive, _send: Send) -> None:
        if scope["type"] == "http":
            pytest.fail("seen enough")

    with pytest.raises(pytest.fail.Exception, match="seen enough"):
        deliver(app, "/", LONG_TIMEOUT)


def failing(*, at_start: bool) -> fastapi.FastAPI:
    @asynccontextmanager
    async def lifespan(_: fastapi.FastAPI) -> AsyncIterator[None]:
        if at_start:
            raise ConnectionError("no database")
        yield
        raise ConnectionError("no way out")

    app = fastapi.FastAPI(lifespan=lifespan)
    app.post("/")(lambda: None)
    return app


def test_an_app_that_fails_to_start_is_the_consumers_error(deliver: Deliver) -> None:
    with pytest.raises(ConsumerError, match=r"failed to start up: ConnectionError\('no database'\)") as caught:
        deliver(failing(at_start=True), "/", LONG_TIMEOUT)

    assert isinstance(caught.value.__cause__, ConnectionError)


def test_an_app_that_fails_to_stop_says_so_when_the_transport_is_closed() -> None:
    transport = AsgiTransport(failing(at_start=False))
    transport.send(outgoing("/"), LONG_TIMEOUT)

    with pytest.raises(ConsumerError, match=r"failed to shut down: ConnectionError\('no way out'\)"):
        transport.close()
