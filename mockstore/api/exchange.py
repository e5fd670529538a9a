"""One request of a client and what it gets, whichever client it is; and the call of the app in between."""

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
"""What told the length on the wire; here the body is whole."""


class EndlessWaitError(MockstoreError):
    """A client without a timeout was told to get no answer: it would wait for ever."""


class Asked(Struct, frozen=True):
    """A request as it would have gone out; `timeout` is how long its client waits, None means for ever."""

    method: str
    url: str
    headers: Headers
    body: bytes
    timeout: timedelta | None

    def header(self, name: str) -> str | None:
        """Return the first value of the header field, whatever its case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Answered(Struct, frozen=True):
    """An answer, whole."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of the header field, whatever its case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> "Answered":
        """Return it with a header field set anew."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return Answered(self.status, (*others, (name, value)), self.body)


def time_to_wait(seconds: object) -> timedelta | None:
    """Return the time limit that a client was given; raise what a socket raises for one that it cannot keep.

    None waits for ever. What is refused would be refused on the network too, and is said here in more words.
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


def called(app: "WSGIApplication", asked: Asked, path: str) -> Answered:
    """Return what `app` answers to the request at `path`, which is percent-encoded as on the wire."""
    begun: list[tuple[str, Headers]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Iterable[tuple[str, str]], _error: object = None) -> Callable[..., object]:
        begun.append((status, tuple(headers)))
        return written.append

    chunks = app(_environ(asked, path), start_response)
    try:
        written.extend(chunks)
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()
    status, headers = begun[-1]
    return Answered(int(status[:3]), headers, b"".join(written))


def _environ(asked: Asked, path: str) -> dict[str, object]:
    parts = urlsplit(asked.url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": asked.method,
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
        "wsgi.errors": StringIO(),  # the app logs; nothing it has to say goes here
        "wsgi.input": BytesIO(asked.body),
    }
    for name, value in asked.headers:
        key = name.upper().replace("-", "_")
        key = key if key in _OWN_KEYS else f"HTTP_{key}"
        if key not in _FRAMING:
            environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    environ["CONTENT_LENGTH"] = str(len(asked.body))
    return environ
