"""Answers `requests`, through `responses`. Imported late: it loads both."""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

import requests
import responses
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError
from urllib3.util import Retry, Timeout

from mockstore.api.exchange import Asked, time_to_wait
from mockstore.api.hooks import hooked
from mockstore.api.interceptor import Interceptor
from mockstore.errors import BrokenConnectionError, DeliveryError, ReceiverTimeoutError
from mockstore.model import Json

Sender: TypeAlias = Callable[..., requests.Response]
"""`HTTPAdapter.send`: an adapter, a request, and keywords."""

_SENT = ("stream", "timeout", "verify", "cert", "proxies")
"""What follows the request, when an adapter hands it on by position."""


@contextmanager
def answering_requests(interceptor: Interceptor) -> Iterator[None]:
    """Let `gate` answer the requests that it claims; all others go to whoever was asked before.

    A mock of `responses` that starts while this lasts keeps what it has registered, and leaves the rest of ours to us.
    """
    ours = _Mock(interceptor).sender(HTTPAdapter.send)
    theirs = responses.RequestsMock.unbound_on_send

    def letting_through(mock: responses.RequestsMock) -> Sender:
        inner = theirs(mock)

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Json, **told: Json) -> Json:
            told |= dict(zip(_SENT, args, strict=False))
            is_ours = interceptor.claims(request.url) and not _knows(mock, request, told)
            return (ours if is_ours else inner)(adapter, request, **told)

        return send

    with (
        hooked(HTTPAdapter, "send", ours),
        hooked(responses.RequestsMock, "unbound_on_send", letting_through),
    ):
        yield


class _Mock(responses.RequestsMock):
    """A mock with a single answer, which is the gate's. It is never started: `sender` is all that is used of it."""

    def __init__(self, interceptor: Interceptor) -> None:
        super().__init__(assert_all_requests_are_fired=False)
        self._interceptor = interceptor
        self.add(_Answer(interceptor))

    def sender(self, before: Sender) -> Sender:
        """Return what takes the place of `HTTPAdapter.send`; `before` was there."""
        once = self.unbound_on_send()

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Json, **told: Json) -> Json:
            told |= dict(zip(_SENT, args, strict=False))
            if not self._interceptor.claims(request.url):
                return before(adapter, request, **told)
            # Its own retries know of statuses only; ours of silence and broken connections, too.
            return self._sent(adapter, request, lambda: once(adapter, request, retries=Retry(0, read=False), **told))

        return send

    def _sent(
        self, adapter: HTTPAdapter, request: requests.PreparedRequest, once: Callable[[], requests.Response]
    ) -> requests.Response:
        """Send as often as the adapter's `max_retries` says, with the errors that `requests` makes of failures."""
        retries: Retry = adapter.max_retries
        method, url = str(request.method), request.path_url
        while True:
            try:
                response = once()
            except DeliveryError as failure:
                retries = _after_failure(retries, adapter, request, failure)
                self._interceptor.pass_time(timedelta(seconds=retries.get_backoff_time()))
                continue
            if not retries.is_retry(method, response.status_code, "Retry-After" in response.headers):
                return response
            try:
                retries = retries.increment(method, url, response=response.raw)
            except MaxRetryError as error:
                if retries.raise_on_status:
                    raise requests.exceptions.RetryError(error, request=request) from error
                return response
            asked_for = retries.get_retry_after(response.raw) if retries.respect_retry_after_header else None
            self._interceptor.pass_time(timedelta(seconds=asked_for or retries.get_backoff_time()))


class _Answer(responses.CallbackResponse):
    """Fits whatever the gate claims, by any method."""

    def __init__(self, interceptor: Interceptor) -> None:
        super().__init__(responses.GET, re.compile(""), self._answered, content_type=None)
        self._interceptor = interceptor

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        """Tell whether the request is the API's."""
        return self._interceptor.claims(request.url), "not below the base URL"

    def _answered(self, request: requests.PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        told: Json = request
        answer = self._interceptor.answer(
            Asked(
                method=str(request.method),
                url=str(request.url),
                headers=tuple((_text(name), _text(value)) for name, value in request.headers.items()),
                body=_bytes(request.body),
                timeout=_patience(told.req_kwargs.get("timeout")),
            )
        )
        return answer.status, list(answer.headers), answer.body


def _after_failure(
    retries: Retry, adapter: HTTPAdapter, request: requests.PreparedRequest, failure: DeliveryError
) -> Retry:
    """Return the retries that are left; raise what `requests` raises when there is none."""
    url = str(request.url)
    pool = adapter.poolmanager.connection_from_url(url)
    cause = _cause(failure, pool, request.path_url)
    try:
        return retries.increment(request.method, request.path_url, error=cause, _pool=pool)
    except ReadTimeoutError as error:
        raise requests.exceptions.ReadTimeout(error, request=request) from failure
    except HTTPError as error:
        raise requests.exceptions.ConnectionError(error, request=request) from failure


def _cause(failure: DeliveryError, pool: Json, url: str) -> HTTPError:
    """Return the error of urllib3 that the failure would have been."""
    if isinstance(failure, ReceiverTimeoutError):
        return ReadTimeoutError(pool, url, str(failure))
    if isinstance(failure, BrokenConnectionError):
        return ProtocolError("Connection aborted.", ConnectionResetError(errno.ECONNRESET, str(failure)))
    raise failure


def _knows(mock: responses.RequestsMock, request: requests.PreparedRequest, told: dict[str, Json]) -> bool:
    """Tell whether a mock has an answer registered for this very request."""
    probe: Json = request.copy()
    probe.params = dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))
    probe.req_kwargs = told
    return any(one.matches(probe)[0] for one in mock.registered())


def _patience(told: Json) -> timedelta | None:
    """Return how long a client waits for an answer; raise what `requests` raises for what is no time limit."""
    limit = _timeout(told).clone()
    limit.start_connect()  # or a limit of the whole cannot say what is left of it for the answer
    for part in (limit.connect_timeout, limit.read_timeout):
        if isinstance(part, int | float):
            time_to_wait(part)
    read = limit.read_timeout
    return time_to_wait(read) if isinstance(read, int | float) else None


def _timeout(told: Json) -> Timeout:
    """Return it as urllib3 has it; the words of the refusals are those of `requests`, and urllib3's own."""
    if isinstance(told, Timeout):
        return told
    if not isinstance(told, tuple):
        return Timeout(connect=told, read=told)
    try:
        connect, read = told
        return Timeout(connect=connect, read=read)
    except ValueError:
        raise ValueError(
            f"Invalid timeout {told}. Pass a (connect, read) timeout tuple, or a single float to set both timeouts to "
            "the same value."
        ) from None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _bytes(body: Json) -> bytes:
    """Return the whole of a body; `responses` has read a file already, and an iterator is read here."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else b"".join(map(_bytes, body))
