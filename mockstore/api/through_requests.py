"""Answers clients of `requests`, by means of `responses`. Imported late, as it imports both."""

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

from mockstore.api.exchange import ClientRequest, time_to_wait
from mockstore.api.hooks import hooked
from mockstore.api.interceptor import Interceptor
from mockstore.errors import BrokenConnectionError, DeliveryError, ReceiverTimeoutError
from mockstore.model import Json

Sender: TypeAlias = Callable[..., requests.Response]
"""`HTTPAdapter.send`: an adapter, a request, and keywords."""

_SENT = ("stream", "timeout", "verify", "cert", "proxies")
"""The parameters of `send` after the request, since some adapters pass them by position."""


@contextmanager
def answering_requests(interceptor: Interceptor) -> Iterator[None]:
    """Let `interceptor` answer the requests that it claims inside the block; pass on all others.

    A mock of `responses` that starts inside the block answers what it has registered; other claimed requests come here.
    """
    ours = _Mock(interceptor).sender(HTTPAdapter.send)
    theirs = responses.RequestsMock.unbound_on_send

    def passing_on(mock: responses.RequestsMock) -> Sender:
        inner = theirs(mock)

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Json, **options: Json) -> Json:
            options |= dict(zip(_SENT, args, strict=False))
            is_ours = interceptor.claims(request.url) and not _has_answer(mock, request, options)
            return (ours if is_ours else inner)(adapter, request, **options)

        return send

    with (
        hooked(HTTPAdapter, "send", ours),
        hooked(responses.RequestsMock, "unbound_on_send", passing_on),
    ):
        yield


class _Mock(responses.RequestsMock):
    """A mock with a single answer, the interceptor's. It is never started: only `sender` is used."""

    def __init__(self, interceptor: Interceptor) -> None:
        super().__init__(assert_all_requests_are_fired=False)
        self._interceptor = interceptor
        self.add(_Answer(interceptor))

    def sender(self, before: Sender) -> Sender:
        """Return a replacement for `HTTPAdapter.send`; `before` is the method it replaces."""
        once = self.unbound_on_send()

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Json, **options: Json) -> Json:
            options |= dict(zip(_SENT, args, strict=False))
            if not self._interceptor.claims(request.url):
                return before(adapter, request, **options)
            # `responses` retries only by status; `_sent` also after timeouts and broken connections.
            return self._sent(adapter, request, lambda: once(adapter, request, retries=Retry(0, read=False), **options))

        return send

    def _sent(
        self, adapter: HTTPAdapter, request: requests.PreparedRequest, once: Callable[[], requests.Response]
    ) -> requests.Response:
        """Send with the retries of the adapter's `max_retries`; raise the errors of `requests`."""
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
    """The answer to every request that the interceptor claims, by any method."""

    def __init__(self, interceptor: Interceptor) -> None:
        super().__init__(responses.GET, re.compile(""), self._answered, content_type=None)
        self._interceptor = interceptor

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        """Return whether the interceptor claims the request."""
        return self._interceptor.claims(request.url), "not below the base URL"

    def _answered(self, request: requests.PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        sent: Json = request
        answer = self._interceptor.answer(
            ClientRequest(
                method=str(request.method),
                url=str(request.url),
                headers=tuple((_text(name), _text(value)) for name, value in request.headers.items()),
                body=_bytes(request.body),
                timeout=_read_timeout(sent.req_kwargs.get("timeout")),
            )
        )
        return answer.status, list(answer.headers), answer.body


def _after_failure(
    retries: Retry, adapter: HTTPAdapter, request: requests.PreparedRequest, failure: DeliveryError
) -> Retry:
    """Return the remaining retries; raise the error of `requests` when none is left."""
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
    """Return the corresponding error of urllib3."""
    if isinstance(failure, ReceiverTimeoutError):
        return ReadTimeoutError(pool, url, str(failure))
    if isinstance(failure, BrokenConnectionError):
        return ProtocolError("Connection aborted.", ConnectionResetError(errno.ECONNRESET, str(failure)))
    raise failure


def _has_answer(mock: responses.RequestsMock, request: requests.PreparedRequest, options: dict[str, Json]) -> bool:
    """Return whether a mock has an answer registered for this request."""
    probe: Json = request.copy()
    probe.params = dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))
    probe.req_kwargs = options
    return any(one.matches(probe)[0] for one in mock.registered())


def _read_timeout(timeout: Json) -> timedelta | None:
    """Return the read timeout, None for ever; raise what `requests` raises for an invalid timeout."""
    limit = _timeout(timeout).clone()
    limit.start_connect()  # a total timeout computes the rest for reading from this
    for part in (limit.connect_timeout, limit.read_timeout):
        if isinstance(part, int | float):
            time_to_wait(part)
    read = limit.read_timeout
    return time_to_wait(read) if isinstance(read, int | float) else None


def _timeout(timeout: Json) -> Timeout:
    """Return the timeout as urllib3's class; raise the errors of `requests` and urllib3, with their texts."""
    if isinstance(timeout, Timeout):
        return timeout
    if not isinstance(timeout, tuple):
        return Timeout(connect=timeout, read=timeout)
    try:
        connect, read = timeout
        return Timeout(connect=connect, read=read)
    except ValueError:
        raise ValueError(
            f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, or a single float to set both timeouts "
            "to the same value."
        ) from None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _bytes(body: Json) -> bytes:
    """Return the whole body; `responses` has read files before, iterators are read here."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else b"".join(map(_bytes, body))
