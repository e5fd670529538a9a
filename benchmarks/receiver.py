"""A receiver in its own process that answers 204 and does nothing else, so that it is as fast as possible."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.suites import ROOT, environment

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
LENGTH = b"content-length:"
END = b"\r\n\r\n"


class Receiver(asyncio.Protocol):
    """A kept-alive connection."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._buffer += data
        while (size := _size(self._buffer)) is not None and self._transport is not None:
            self._buffer = self._buffer[size:]
            self.answer()

    def answer(self) -> None:
        """Answer one request."""
        if self._transport is not None:
            self._transport.write(ANSWER)


def _size(buffer: bytes) -> int | None:
    """Return the size in bytes of the first request, or None while it is incomplete."""
    head, found, _ = buffer.partition(END)
    if not found:
        return None
    lines = head.lower().split(b"\r\n")
    length = next((int(line.removeprefix(LENGTH)) for line in lines if line.startswith(LENGTH)), 0)
    size = len(head) + len(END) + length
    return size if len(buffer) >= size else None


@contextmanager
def running(module: str = "benchmarks.receiver") -> Iterator[int]:
    """Run the receiver in `module` inside the `with` block; yield its port."""
    command = (sys.executable, "-m", module)
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the receiver has no output to read its port from")
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def serve(kind: type[Receiver] = Receiver) -> None:
    """Serve for ever on a free port, which is printed."""
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
