"""A receiver in a process of its own that answers 204 and does nothing else, as fast as Python can."""

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
    """One kept-alive connection."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete, head and body at once."""
        self._come += data
        while (whole := _size(self._come)) is not None and self._transport is not None:
            self._come = self._come[whole:]
            self.answer()

    def answer(self) -> None:
        """Answer one request."""
        if self._transport is not None:
            self._transport.write(ANSWER)


def _size(come: bytes) -> int | None:
    """Return the size of the first request, or None while a part of it is missing."""
    head, found, _ = come.partition(END)
    if not found:
        return None
    lines = head.lower().split(b"\r\n")
    length = next((int(line.removeprefix(LENGTH)) for line in lines if line.startswith(LENGTH)), 0)
    whole = len(head) + len(END) + length
    return whole if len(come) >= whole else None


@contextmanager
def running(module: str = "benchmarks.receiver") -> Iterator[int]:
    """Run the receiver of a module for as long as this lasts; yield its port."""
    command = (sys.executable, "-m", module)
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the receiver has no output to read its port from")
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def serve(kind: type[Receiver] = Receiver) -> None:
    """Serve, and say on which port."""
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
