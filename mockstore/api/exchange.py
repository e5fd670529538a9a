"""Requests and responses independent of the client library, and the call of the WSGI app with them."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from io import BytesIO, StringIO
from math import isnan
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

from mockstore.delivery.schedule import LONGEST
from mockstore.errors import MockstoreError
from mockstore.model import Headers

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_OWN_KEYS = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
_FRAMING = frozenset({"HTTP_TRANSFER_ENCODING", "CONTENT_LENGTH"})
"""Headers about the length of the body, which is whole here."""


class EndlessWaitError(MockstoreError):
    """No response was scripted for a client without a timeout, which would wait for ever."""


class ClientRequest(Struct, frozen=True):
    """A request as a client sends it; `timeout` is how long the client waits, None means for ever."""

    method: str
    url: str
    headers: Headers
    body: bytes
    timeout: timedelta | None

    def header(self, name: str) -> str | None:
        """Return the first value of the header, ignoring case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class ClientResponse(Struct, frozen=True):
    """A whole response."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of the header, ignoring case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> "ClientResponse":
        """Return a copy with this header set."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return ClientResponse(self.status, (*others, (name, value)), self.body)


def time_to_wait(seconds: object) -> timedelta | None:
    """Return the timeout of a client; None means for ever.

    Raise `TypeError`, `ValueError` or `OverflowError`, as a socket would, for an invalid timeout.
    """
    if seconds is None:
        return None
    if not isinstance(seconds, int | float):
        raise TypeError(f"timeout is {seconds!r}; it must be a number of seconds, or None to wait for ever")
    if isnan(seconds) or seconds < 0:
        raise ValueError(f"timeout is {seconds}; no socket takes that: write seconds, or None to wait for ever")
    if seconds > LONGEST.total_seconds():
        raise OverflowError(f"timeout is {float(seconds):g}; no socket waits so long: write None to wait for ever")
    return timedelta(seconds=seconds)


def called(app: "WSGIApplication", request: ClientRequest, path: str) -> ClientResponse:
    """Return the response of `app` to the request at `path`, which is percent-encoded."""
    started: list[tuple[str, Headers]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Iterable[tuple[str, str]], _error: object = None) -> Callable[..., object]:
        started.append((status, tuple(headers)))
        return written.append

    chunks = app(_environ(request, path), start_response)
    try:
        written.extend(chunks)
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()
    status, headers = started[-1]
    return ClientResponse(int(status[:3]), headers, b"".join(written))


def _environ(request: ClientRequest, path: str) -> dict[str, object]:
    parts = urlsplit(request.url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or {"http": 80}.get(parts.scheme, 443)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.errors": StringIO(),  # the app logs and does not use it
        "wsgi.input": BytesIO(request.body),
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key in _OWN_KEYS else f"HTTP_{key}"
        if key not in _FRAMING:
            environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ
