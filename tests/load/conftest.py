"""A consumer for load tests: it reads sockets, verifies signatures with the standard library only, and counts."""

import hmac
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Condition, Thread

import pytest

SECRET = "whsec_bG9hZC1sb2FkLWxvYWQtbG9hZC1sb2FkLWxvYWQ="

Answering = Callable[["Request", int], int]
"""Takes a genuine request and the number of earlier requests with its id; returns the status of the response."""


@dataclass(frozen=True, slots=True)
class Request:
    """A received request."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["x-webhook-id"]

    @property
    def attempt(self) -> int:
        return int(self.headers["x-webhook-attempt"])

    @property
    def genuine(self) -> bool:
        expected = "sha256=" + hmac.new(SECRET.encode(), self.body, "sha256").hexdigest()
        return hmac.compare_digest(self.headers.get("x-webhook-signature", ""), expected)


class Sink:
    """A consumer that answers genuine requests with the status from `answering`, and forged ones with 401.

    With `accept_forged` it acknowledges forged requests too.
    """

    def __init__(self, answering: Answering | None = None, *, accept_forged: bool = False) -> None:
        self.genuine: list[Request] = []
        self.forged: list[Request] = []
        self.answered: Counter[int] = Counter()
        self._answering = answering or (lambda _request, _before: 200)
        self._refusal = 200 if accept_forged else 401
        self._lock = Condition()
        self._seen: Counter[str] = Counter()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/webhooks"
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._socket.close()
        for thread in self._threads[1:]:
            thread.join()

    def wait_for(self, many: int) -> None:
        """Wait until `many` genuine requests have come."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.genuine) >= many, timeout=20), len(self.genuine)

    def by_id(self) -> dict[str, list[Request]]:
        """Return the genuine requests of each event, in the order in which they came."""
        found: dict[str, list[Request]] = {}
        for request in self.genuine:
            found.setdefault(request.id, []).append(request)
        return found

    def types(self) -> Counter[str]:
        """Return how many genuine events of each type came."""
        return Counter(requests[0].headers["x-webhook-event"] for requests in self.by_id().values())

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._threads.append(Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            while (request := _read(stream.readline, stream.read)) is not None:
                status = self._take(request)
                connection.sendall(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode())

    def _take(self, request: Request) -> int:
        with self._lock:
            if not request.genuine:
                self.forged.append(request)
                return self._refusal
            status = self._answering(request, self._seen[request.id])
            self._seen[request.id] += 1
            self.genuine.append(request)
            self.answered[status] += 1
            self._lock.notify_all()
            return status


def _read(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> Request | None:
    try:
        if not readline():
            return None
        lines = iter(lambda: readline().decode("latin-1").strip(), "")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Request(headers, read(int(headers["content-length"])))
    except (OSError, KeyError):  # an incomplete request: the load was interrupted
        return None


@pytest.fixture
def sink() -> Iterator[Callable[..., Sink]]:
    """Return a function that starts a consumer, which is closed after the test."""
    with ExitStack() as opened:

        def start(answering: Answering | None = None, *, accept_forged: bool = False) -> Sink:
            started = Sink(answering, accept_forged=accept_forged)
            opened.callback(started.close)
            return started

        yield start
