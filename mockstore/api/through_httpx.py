"""Answers `httpx` and its successor `httpx2`, sync and async. Imported late: it loads what is installed of them."""

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, cast

from mockstore.api.exchange import Answered, Asked, time_to_wait
from mockstore.api.hooks import hooked
from mockstore.api.interceptor import Interceptor
from mockstore.errors import BrokenConnectionError, ReceiverTimeoutError

if TYPE_CHECKING:
    import httpx

LIBRARIES: Final = ("httpx", "httpx2")
"""Two packages of one build: what is said of one here holds for the other."""
_PASSED: Final = MappingProxyType({"connect": "ConnectTimeout", "write": "WriteTimeout", "read": "ReadTimeout"})
"""The limits of a request in the order in which it meets them, and the error when one has passed."""


class Library(Protocol):
    """What is used of either."""

    HTTPTransport: "type[httpx.HTTPTransport]"
    AsyncHTTPTransport: "type[httpx.AsyncHTTPTransport]"
    Response: "type[httpx.Response]"
    ConnectError: "type[httpx.ConnectError]"
    ReadTimeout: "type[httpx.ReadTimeout]"
    ReadError: "type[httpx.ReadError]"


@contextmanager
def answering_httpx(interceptor: Interceptor) -> Iterator[None]:
    """Let `gate` answer the requests that it claims; all others go to whoever was asked before.

    It stands in for the transport that opens connections. A client that was given one of another kind has its own way.
    """
    with ExitStack() as stack:
        for library in _installed():
            stack.enter_context(_answering(interceptor, library))
        yield


def _installed() -> list[Library]:
    """Return the libraries that are there, each once: an alias makes one of the other."""
    modules = [import_module(name) for name in LIBRARIES if find_spec(name) is not None]
    return [cast("Library", module) for module in dict.fromkeys(modules)]


@contextmanager
def _answering(interceptor: Interceptor, library: Library) -> Iterator[None]:
    before, abefore = library.HTTPTransport.handle_request, library.AsyncHTTPTransport.handle_async_request

    def handle_request(transport: "httpx.HTTPTransport", request: "httpx.Request") -> "httpx.Response":
        if not interceptor.claims(request.url):
            return before(transport, request)
        request.read()
        with _as_raised_by(library, request):
            return _response(library, interceptor.answer(_asked(request, _patience(library, request))))

    async def handle_async_request(transport: "httpx.AsyncHTTPTransport", request: "httpx.Request") -> "httpx.Response":
        if not interceptor.claims(request.url):
            return await abefore(transport, request)
        await request.aread()
        with _as_raised_by(library, request):
            return _response(library, await interceptor.aanswer(_asked(request, _async_patience(library, request))))

    with (
        hooked(library.HTTPTransport, "handle_request", handle_request),
        hooked(library.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ):
        yield


@contextmanager
def _as_raised_by(library: Library, request: "httpx.Request") -> Iterator[None]:
    """Turn a failure into the error that the library makes of it."""
    try:
        yield
    except ReceiverTimeoutError as failure:
        raise library.ReadTimeout("The read operation timed out", request=request) from failure
    except BrokenConnectionError as failure:
        raise library.ReadError(f"[Errno {errno.ECONNRESET}] {failure}", request=request) from failure


def _patience(library: Library, request: "httpx.Request") -> timedelta | None:
    """Return how long a client waits for an answer; raise what a socket makes of a limit that it cannot keep."""
    limits = request.extensions.get("timeout", {})
    for part in _PASSED:
        if time_to_wait(limits.get(part)) == timedelta():
            text = f"[Errno {errno.EINPROGRESS}] {part} timeout is 0: such a socket waits for nothing"
            raise library.ConnectError(text, request=request)
    return time_to_wait(limits.get("read"))


def _async_patience(library: Library, request: "httpx.Request") -> timedelta | None:
    """Return the same; an event loop has a limit of nothing or less pass at once, and waits for ever when told to."""
    limits = request.extensions.get("timeout", {})
    for part in _PASSED:
        told = limits.get(part)
        if isinstance(told, int | float) and told <= 0:
            raise getattr(library, _PASSED[part])(f"{part} timeout is {told}: it passes at once", request=request)
        _of_a_loop(told)
    return _of_a_loop(limits.get("read"))


def _of_a_loop(seconds: object) -> timedelta | None:
    try:
        return time_to_wait(seconds)
    except OverflowError:
        return None


def _asked(request: "httpx.Request", patience: timedelta | None) -> Asked:
    return Asked(
        method=request.method,
        url=str(request.url),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
        body=request.content,
        timeout=patience,
    )


def _response(library: Library, answer: Answered) -> "httpx.Response":
    return library.Response(answer.status, headers=list(answer.headers), content=answer.body)
