"""Delivers into a WSGI app (PEP 3333) by calling it: no socket, no thread."""

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from io import BytesIO
from types import MappingProxyType, TracebackType
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from mockstore.errors import ConsumerError
from mockstore.model import Headers, Outgoing, Reply
from mockstore.world.transports.frameworks import SwallowedErrors
from mockstore.world.transports.location import locate
from mockstore.world.transports.rules import BODY_LIMIT, Deadline, consumer_raised

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
WsgiApp: TypeAlias = Callable[..., Iterable[bytes]]
"""`app(environ, start_response)`; frameworks annotate these two differently."""


class WsgiTransport:
    """Calls `app` with each request as a WSGI server would.

    An exception that leaves the app raises `ConsumerError`; one that Flask or Django turned into a 500 is in the reply.
    An app that takes longer than the timeout, in real time, raises `ReceiverTimeoutError`, once it has returned.
    `took` is zero: under a virtual clock no time passes in process. `deadline` measures the timeout.
    """

    def __init__(self, app: WsgiApp, *, deadline: Callable[[timedelta], Deadline] = Deadline) -> None:
        self._app = app
        self._deadline = deadline
        self._swallowed = SwallowedErrors()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Call the app and return its answer."""
        exchange = _Exchange(self._deadline(timeout))
        environ = _environ(outgoing)
        caught = self._swallowed.mark(environ)
        try:
            exchange.run(self._app, environ)
        except Exception as error:
            raise consumer_raised(error) from error
        return exchange.reply(outgoing.url, caught[-1] if caught else None)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Do the same, on this thread: the app may own objects that are bound to it."""
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Stop collecting the exceptions that frameworks catch."""
        self._swallowed.close()


class _Exchange:
    """The server's side of one WSGI call."""

    __slots__ = ("_chunks", "_deadline", "_late", "_size", "_start")

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._start: tuple[str, Headers] | None = None
        self._late: bool | None = None  # None until the headers are sent
        self._chunks: list[bytes] = []
        self._size = 0

    def run(self, app: WsgiApp, environ: dict[str, object]) -> None:
        """Call the app and read its response, up to the limits."""
        answer = app(environ, self.start_response)
        try:
            for chunk in answer:
                self.write(chunk)
                if self._size >= BODY_LIMIT or self._deadline.passed():
                    break
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Begin the response; with `exc_info` begin it again, unless the headers were sent already (PEP 3333)."""
        if exc_info is not None and self._late is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self._start is not None:
            raise RuntimeError("start_response was called twice without exc_info")
        self._start = (status, tuple(headers))
        return self.write

    def write(self, chunk: bytes) -> None:
        """Add a part of the body; the headers count as sent with the first part that is not empty."""
        if not chunk:
            return
        if self._start is None:
            raise RuntimeError("the app sent a body before it called start_response")
        if self._late is None:
            self._late = self._deadline.passed()
        if self._size < BODY_LIMIT:
            self._chunks.append(chunk)
            self._size += len(chunk)

    def reply(self, url: str, exception: BaseException | None) -> Reply:
        """Return the response after `run`; raise `ConsumerError` or `ReceiverTimeoutError` when there is none."""
        if self._deadline.passed() if self._late is None else self._late:
            raise self._deadline.missed_by(locate(url).authority)
        if self._start is None:
            raise ConsumerError("the app returned without calling start_response")
        status, headers = self._start
        try:
            code = int(status[:3])
        except ValueError:
            raise ConsumerError(
                f"the app answered with the status {status!r}; expected something like '200 OK'"
            ) from None
        return Reply(code, headers, b"".join(self._chunks)[:BODY_LIMIT], exception=exception)


def _environ(outgoing: Outgoing) -> dict[str, object]:
    environ: dict[str, object] = dict(_common_environ(outgoing.url, outgoing.method))
    for name, value in outgoing.headers:
        key = _key(name)
        environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    environ["CONTENT_LENGTH"] = str(len(outgoing.body))
    environ["wsgi.input"] = BytesIO(outgoing.body)
    environ["wsgi.errors"] = sys.stderr  # looked up for each request: pytest replaces it
    return environ


@lru_cache(maxsize=256)
def _common_environ(url: str, method: str) -> Mapping[str, object]:
    """Return the part of the environ that is the same for all requests to this URL."""
    location = locate(url)
    return MappingProxyType(
        {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(location.path).decode("latin-1"),
            "QUERY_STRING": location.query,
            "SERVER_NAME": location.host,
            "SERVER_PORT": str(location.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": location.authority,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": location.scheme,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
    )


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
