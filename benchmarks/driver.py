"""Sends requests to a server and receives the callbacks, on one thread of a separate process.

It does as little as possible, so that the server is measured and not the client: the bytes of a request are made once,
and responses are hardly parsed. It reads one order per line from stdin, and writes one result per line to stdout.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import IO

from benchmarks.receiver import END, LENGTH, Receiver
from benchmarks.suites import ROOT, environment

CLOSE = b"connection: close"
CHUNKED = b"transfer-encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """A load: `times` requests over `clients` kept-alive connections; each request causes one callback."""

    port: int
    """The port of the server."""
    path: str
    body: str
    times: int
    clients: int
    load: str
    """One of `LOADS`."""

    @property
    def request(self) -> bytes:
        """The bytes of one HTTP request."""
        body = self.body.encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def is_whole(answer: bytes) -> bool:
    """Tell whether `answer` is a complete HTTP response; raise `ValueError` unless its status is 2xx."""
    head, found, body = answer.partition(END)
    if not found:
        return False
    if head.split(b" ", 2)[1][:1] != b"2":
        raise ValueError(f"a request was answered {answer[:500]!r}")
    lines = head.lower().split(b"\r\n")
    if CHUNKED in lines:
        return body.endswith(LAST_CHUNK)
    return len(body) >= next((int(line.removeprefix(LENGTH)) for line in lines if line.startswith(LENGTH)), 0)


class Caller(asyncio.Protocol):
    """A kept-alive connection to the server."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._buffer = b""
        self._closing = False
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Report each complete response to the load."""
        self._buffer += data
        try:
            if is_whole(self._buffer):
                self._closing, self._buffer = CLOSE in self._buffer.lower(), b""
                self._load.answered(self)
        except ValueError as error:
            self._load.fail(error)

    def send(self, request: bytes) -> None:
        """Send a request, over a new connection if the server has announced that it closes this one."""
        if self._closing:
            self._load.replace(self)
        else:
            self._transport.write(request)

    def close(self) -> None:
        """Close the connection; its end is then no failure."""
        self._closing = True
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report a failure to the load, unless the end of the connection was expected."""
        if not self._closing:
            self._load.fail(exc or RuntimeError("the server closed a connection that was to be kept"))


class Load:
    """Measures the rate: each client sends its next request as soon as the last one is answered."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._request = order.request
        self._left = order.times
        self._callers = set[Caller]()
        self._tasks = set[asyncio.Task[None]]()
        self._answers = self._callbacks = 0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> float:
        """Send all requests, wait for all responses and callbacks, and return the result; see `figure`."""
        for _ in range(self._order.clients):
            await self._connect()
        began = perf_counter()
        for caller in tuple(self._callers):
            self.send(caller)
        try:
            await asyncio.wait_for(self._done, PATIENCE)
        except TimeoutError:
            text = f"{self._answers} answers and {self._callbacks} callbacks of {self._order.times} have come"
            raise RuntimeError(f"{text} in {PATIENCE:.0f} s") from None
        took = perf_counter() - began
        for caller in self._callers:
            caller.close()
        return self.figure(took)

    def figure(self, took: float) -> float:
        """Return the callbacks per second; `took` is the duration of the load in seconds."""
        return self._order.times / took

    def send(self, caller: Caller) -> None:
        """Send the next request on a connection, if any is left."""
        if self._left:
            self._left -= 1
            caller.send(self._request)

    def replace(self, caller: Caller) -> None:
        """Replace a closed connection by a new one, and send the request there."""
        self._callers.discard(caller)
        caller.close()
        task = asyncio.get_running_loop().create_task(self._send_on_new_connection())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_on_new_connection(self) -> None:
        (await self._connect()).send(self._request)

    async def _connect(self) -> Caller:
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(partial(Caller, self), "127.0.0.1", self._order.port)
        self._callers.add(caller)
        return caller

    def answered(self, caller: Caller) -> None:
        """Count a response and send the next request."""
        self._answers += 1
        self.send(caller)
        self._finish_if_complete()

    def received(self) -> None:
        """Count a callback."""
        self._callbacks += 1
        self._finish_if_complete()

    def fail(self, error: Exception) -> None:
        """Make `run` raise `error`, unless it is already complete."""
        if not self._done.done():
            self._done.set_exception(error)

    def _finish_if_complete(self) -> None:
        if self._answers >= self._order.times <= self._callbacks and not self._done.done():
            self._done.set_result(None)


class OneByOne(Load):
    """Measures the latency: each request is sent after the response and the callback of the previous one."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self._caller: Caller | None = None
        self._sent_at = 0.0
        self._took = list[float]()

    def figure(self, took: float) -> float:  # noqa: ARG002 - the signature of a load
        """Return the median of the seconds from sending a request to receiving its callback."""
        return median(self._took)

    def send(self, caller: Caller) -> None:
        """Send the next request if both the response and the callback have arrived."""
        self._caller = caller
        if self._answers == self._callbacks:
            self._sent_at = perf_counter()
            super().send(caller)

    def received(self) -> None:
        """Record the latency of a callback."""
        self._took.append(perf_counter() - self._sent_at)
        super().received()
        if self._caller is not None:
            self.send(self._caller)


class Sink(Receiver):
    """A connection on which callbacks arrive."""

    def __init__(self, loads: Sequence[Load]) -> None:
        super().__init__()
        self._loads = loads

    def answer(self) -> None:
        """Count the callback for the running load, and answer it."""
        for load in self._loads:
            load.received()
        super().answer()


LOADS: Mapping[str, type[Load]] = MappingProxyType({"rate": Load, "latency": OneByOne})


class Driver:
    """The driver process, seen from the benchmark: writes orders and reads results."""

    def __init__(self, orders: IO[str], figures: IO[str]) -> None:
        self._orders, self._figures = orders, figures
        self.sink = int(figures.readline())
        """The port for callbacks."""

    def find(self, order: Order) -> float:
        """Run an order and return its result; raise `RuntimeError` if the process has ended."""
        self._orders.write(json.dumps(asdict(order)) + "\n")
        self._orders.flush()
        line = self._figures.readline()
        if not line:
            raise RuntimeError(f"the driver ended, see above; its order: {order}")
        return float(line)


@contextmanager
def driving() -> Iterator[Driver]:
    """Run the driver process inside the `with` block."""
    command, pipe = (sys.executable, "-m", "benchmarks.driver"), subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=pipe, stdout=pipe, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the driver has no input and output")
        try:
            yield Driver(process.stdin, process.stdout)
        finally:
            process.terminate()


async def serve() -> None:
    """Run the orders from stdin until its end."""
    loop, loads = asyncio.get_running_loop(), list[Load]()
    server = await loop.create_server(partial(Sink, loads), "127.0.0.1", 0)
    _write_line(server.sockets[0].getsockname()[1])
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = Order(**json.loads(line))
        loads[:] = [LOADS[order.load](order)]
        _write_line(await loads[0].run())


def _write_line(figure: float) -> None:
    sys.stdout.write(f"{figure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
