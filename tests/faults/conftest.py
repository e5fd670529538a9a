"""A careful and a careless consumer, both WSGI apps, to use in process or over a socket."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock, Thread
from typing import Any

import pytest
from cheroot.wsgi import Server

from mockstore import Mockstore, Webhook
from tests.transports.conftest import serve, transport

__all__ = ["serve", "transport"]


class Careful:
    """Verifies the raw body in constant time, checks its form, and records each event once."""

    def __init__(self) -> None:
        self.secret = ""
        self.booked: list[dict[str, Any]] = []
        self.requests = 0
        self._seen: set[str] = set()
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        with self._lock:
            self.requests += 1
        status = self.handle(raw_body(environ), environ)
        start_response(f"{status} Told", [("Content-Length", "0")])
        return [b""]

    def handle(self, body: bytes, environ: dict[str, Any]) -> int:
        claimed = environ.get("HTTP_X_WEBHOOK_SIGNATURE", "").encode("latin-1")
        signatures = [part.strip() for part in claimed.split(b",")]
        if not any(hmac.compare_digest(one, self.signature(body)) for one in signatures):
            return 401
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            return 422
        with self._lock:
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                self.booked.append(event)
        return 204

    def signature(self, body: bytes) -> bytes:
        return b"sha256=" + hmac.digest(self.secret.encode(), body, "sha256").hex().encode()


class Careless(Careful):
    """Verifies the body after parsing and serialising it again, requires all headers, and records repeated events."""

    def handle(self, body: bytes, environ: dict[str, Any]) -> int:
        event = json.loads(body)
        again = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        expected = "sha256=" + hmac.new(self.secret.encode(), again, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(environ["HTTP_X_WEBHOOK_SIGNATURE"], expected):
            return 401
        known = {"order.created": "PENDING"}
        if event["data"]["order"]["status"] != known[environ["HTTP_X_WEBHOOK_EVENT"]]:
            return 400
        self.booked.append(event)
        return 204


def raw_body(environ: dict[str, Any]) -> bytes:
    """Return the body: as many bytes as `Content-Length` says, or all chunks."""
    length = environ.get("CONTENT_LENGTH")
    stream = environ.get("wsgi.input", BytesIO())
    body: bytes = stream.read(int(length)) if length else stream.read()
    return body


class SharedServer:
    """The app of a server that all tests share; it calls the consumer of the current test."""

    def __init__(self) -> None:
        self.consumer: Careful = Careful()
        self.url = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        return self.consumer(environ, start_response)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SharedServer]:
    shared = SharedServer()
    server = Server(("127.0.0.1", 0), shared, numthreads=4)
    server.prepare()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    shared.url = f"http://127.0.0.1:{server.bind_addr[1]}/webhooks/petstore"
    yield shared
    server.stop()
    thread.join()


@contextmanager
def subscribed(
    consumer: Careful, server: SharedServer | None = None, *, timeout: float = 5, raise_errors: bool = True
) -> Iterator[tuple[Mockstore, Webhook]]:
    """Yield a Mockstore and the consumer's webhook: in process, or over the socket of `server`."""
    with Mockstore.in_process(strict=False, timeout=timeout, raise_errors=raise_errors) as store:
        if server is not None:
            server.consumer = consumer
        webhook = store.subscribe(consumer if server is None else server.url)
        consumer.secret = webhook.secret
        yield store, webhook


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made
