"""Answers clients of `httpx` and its successor `httpx2`, sync and async. Imported late, as it imports them."""

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, cast

from mockstore.api.exchange import ClientRequest, ClientResponse, time_to_wait
from mockstore.api.hooks import hooked
from mockstore.api.interceptor import Interceptor
from mockstore.errors import BrokenConnectionError, ReceiverTimeoutError

if TYPE_CHECKING:
    import httpx

LIBRARIES: Final = ("httpx", "httpx2")
"""Two packages with the same API."""
_TIMEOUT_ERRORS: Final = MappingProxyType({"connect": "ConnectTimeout", "write": "WriteTimeout", "read": "ReadTimeout"})
"""The timeouts of a request in the order of its phases, and the error class of each."""


class Library(Protocol):
    """The members used of either package."""

    HTTPTransport: "type[httpx.HTTPTransport]"
    AsyncHTTPTransport: "type[httpx.AsyncHTTPTransport]"
    Response: "type[httpx.Response]"
    ConnectError: "type[httpx.ConnectError]"
    ReadTimeout: "type[httpx.ReadTimeout]"
    ReadError: "type[httpx.ReadError]"


@contextmanager
def answering_httpx(interceptor: Interceptor) -> Iterator[None]:
    """Let `interceptor` answer the requests that it claims inside the block; pass on all others.

    It patches the network transports of the packages. Clients with a transport of another class are not affected.
    """
    with ExitStack() as stack:
        for library in _installed():
            stack.enter_context(_answering(interceptor, library))
        yield


def _installed() -> list[Library]:
    """Return the installed packages, each once: one may be an alias of the other."""
    modules = [import_module(name) for name in LIBRARIES if find_spec(name) is not None]
    return [cast("Library", module) for module in dict.fromkeys(modules)]


@contextmanager
def _answering(interceptor: Interceptor, library: Library) -> Iterator[None]:
    before, before_async = library.HTTPTransport.handle_request, library.AsyncHTTPTransport.handle_async_request

    def handle_request(transport: "httpx.HTTPTransport", request: "httpx.Request") -> "httpx.Response":
        if not interceptor.claims(request.url):
            return before(transport, request)
        request.read()
        with _as_raised_by(library, request):
            return _response(library, interceptor.answer(_asked(request, _read_timeout(library, request))))

    async def handle_async_request(transport: "httpx.AsyncHTTPTransport", request: "httpx.Request") -> "httpx.Response":
        if not interceptor.claims(request.url):
            return await before_async(transport, request)
        await request.aread()
        with _as_raised_by(library, request):
            return _response(library, await interceptor.aanswer(_asked(request, _async_read_timeout(library, request))))

    with (
        hooked(library.HTTPTransport, "handle_request", handle_request),
        hooked(library.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ):
        yield


@contextmanager
def _as_raised_by(library: Library, request: "httpx.Request") -> Iterator[None]:
    """Convert an error of ours to the error that the library raises."""
    try:
        yield
    except ReceiverTimeoutError as failure:
        raise library.ReadTimeout("The read operation timed out", request=request) from failure
    except BrokenConnectionError as failure:
        raise library.ReadError(f"[Errno {errno.ECONNRESET}] {failure}", request=request) from failure


def _read_timeout(library: Library, request: "httpx.Request") -> timedelta | None:
    """Return the read timeout, None for ever; raise what a real request raises for an invalid timeout."""
    limits = request.extensions.get("timeout", {})
    for part in _TIMEOUT_ERRORS:
        if time_to_wait(limits.get(part)) == timedelta():
            text = f"[Errno {errno.EINPROGRESS}] {part} timeout is 0: such a socket waits for nothing"
            raise library.ConnectError(text, request=request)
    return time_to_wait(limits.get("read"))


def _async_read_timeout(library: Library, request: "httpx.Request") -> timedelta | None:
    """Do the same for an event loop, where a timeout of 0 or less passes at once, and infinity is allowed."""
    limits = request.extensions.get("timeout", {})
    for part in _TIMEOUT_ERRORS:
        seconds = limits.get(part)
        if isinstance(seconds, int | float) and seconds <= 0:
            raise getattr(library, _TIMEOUT_ERRORS[part])(
                f"{part} timeout is {seconds}: it passes at once", request=request
            )
        _loop_timeout(seconds)
    return _loop_timeout(limits.get("read"))


def _loop_timeout(seconds: object) -> timedelta | None:
    try:
        return time_to_wait(seconds)
    except OverflowError:
        return None


def _asked(request: "httpx.Request", timeout: timedelta | None) -> ClientRequest:
    return ClientRequest(
        method=request.method,
        url=str(request.url),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
        body=request.content,
        timeout=timeout,
    )


def _response(library: Library, answer: ClientResponse) -> "httpx.Response":
    return library.Response(answer.status, headers=list(answer.headers), content=answer.body)
