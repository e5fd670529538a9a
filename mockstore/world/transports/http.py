"""Delivers over HTTP and HTTPS with kept-alive connections, even when a test has patched its HTTP clients.

Built on `http.client.HTTPResponse` and sockets: the connection classes, which vcrpy replaces, are not used.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, partial
from socket import socket
from threading import Lock
from typing import NamedTuple

from mockstore.errors import DeliveryError
from mockstore.model import Outgoing, Reply, Wire
from mockstore.world.transports.address_policy import AddressPolicy, anywhere
from mockstore.world.transports.idle import IdleConnections, Origin
from mockstore.world.transports.location import Location, locate
from mockstore.world.transports.rules import Deadline
from mockstore.world.transports.wire import Connection, NotTakenError, connect

_SHORT = 16 * 1024
"""The longest body, in bytes, that can be sent without waiting, since it fits in any socket's buffer."""
TRUSTED_REST = timedelta(milliseconds=2)
"""How long after its latest request began a connection is used again without checking that it is still open.

Each check is a system call, which releases the GIL to other threads: a check at every reuse costs a fifth of the
throughput under load. What a receiver sends unasked within that time can be taken for its next response."""
_LENGTHS = frozenset({"content-length", "transfer-encoding"})
_FRAMING = _LENGTHS | {"connection"}


class _Request(NamedTuple):
    """A request to send, its destination and its deadline."""

    location: Location
    content: bytes
    outgoing: Outgoing
    deadline: Deadline


class HttpTransport:
    """Sends requests unchanged; safe to use from many threads.

    Within `timeout` the connection must be open, the request sent and every header of the response read. Redirects are
    not followed. The headers are the caller's, plus `Host` and `Content-Length` where they are missing. A kept
    connection that the receiver had closed before the request arrived is replaced; a request that a receiver may have
    got is never sent again, since that would be another attempt. A connection that was idle for longer than
    `trusted_rest` is checked before it is used. `ssl_context` defaults to the system's certificates. `reach` says which
    addresses are refused, `idle` keeps the connections that are not in use.
    """

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        *,
        trusted_rest: timedelta = TRUSTED_REST,
        reach: AddressPolicy = anywhere,
        idle: IdleConnections | None = None,
    ) -> None:
        self._reach = reach
        self._trusted_rest = trusted_rest
        self._ssl_context = ssl_context
        self._idle = IdleConnections() if idle is None else idle
        self._tls_lock = Lock()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Return the reply; raise a `DeliveryError` that says in one sentence why there is none."""
        request = _request(outgoing, timeout)
        if outgoing.wire is not None:
            return self._send_with_faults(request, outgoing.wire)
        kept = self._take(request.location)
        if kept is None:
            return self._send_on_new_connection(request)
        return self._exchange_or_resend(kept, request, request.content)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> "_Underway | None":
        """Send a short request over a kept connection without waiting; return None, with nothing sent, if it cannot be.

        Raises `DeliveryError` when a header is invalid.
        """
        if outgoing.wire is not None or outgoing.method != "POST" or len(outgoing.body) > _SHORT:
            return None
        request = _request(outgoing, timeout)
        kept = self._take(request.location)
        if kept is None:
            return None
        if kept.begin(request.content, request.deadline):
            return _Underway(self, kept, request)
        kept.close()
        return None

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Do the same on a worker thread."""
        return await asyncio.to_thread(self.send, outgoing, timeout)

    def close(self) -> None:
        """Close the idle connections; one in use is closed after its response."""
        self._idle.close()

    def _exchange_or_resend(self, kept: Connection, request: _Request, unsent: bytes) -> Reply:
        """Send `unsent` on the kept connection; if the receiver had closed it, send the whole request on a new one."""
        try:
            return self._exchange(kept, request, unsent)
        except NotTakenError:
            return self._send_on_new_connection(request)

    def _send_on_new_connection(self, request: _Request) -> Reply:
        return self._exchange(self._connect(request), request, request.content)

    def _exchange(self, connection: Connection, request: _Request, unsent: bytes) -> Reply:
        reusable = False
        try:
            reply, reusable = connection.exchange(unsent, request.outgoing.method, request.deadline)
            return reply
        finally:
            self._put_away(connection, request, reusable=reusable)

    def _put_away(self, connection: Connection, request: _Request, *, reusable: bool) -> None:
        if reusable and _is_framed_by_us(request.outgoing):
            self._idle.put(_origin(request.location), connection)
        else:
            connection.close()

    def _send_with_faults(self, request: _Request, wire: Wire) -> Reply:
        """Send a request with faults of the connection, over a connection of its own."""
        from mockstore.world.transports.faulty_connection import FaultyConnection, framed  # noqa: PLC0415 - only for faults

        outgoing, deadline = request.outgoing, request.deadline
        connection = self._connect(request, kind=partial(FaultyConnection, wire=wire))
        try:
            reply, _ = connection.exchange(_compose(framed(outgoing), request.location), outgoing.method, deadline)
            return reply
        finally:
            connection.close()

    def _connect(self, request: _Request, kind: Callable[[socket, str], Connection] = Connection) -> Connection:
        return connect(request.location, self._tls, request.deadline, kind=kind, reach=self._reach)

    def _take(self, location: Location) -> Connection | None:
        origin = _origin(location)
        while (connection := self._idle.take(origin)) is not None:
            if connection.rested_for() < self._trusted_rest or connection.is_quiet():
                break
            connection.close()
        return connection

    def _tls(self) -> ssl.SSLContext:
        with self._tls_lock:
            if self._ssl_context is None:
                self._ssl_context = ssl.create_default_context()
            return self._ssl_context


class _Underway:
    """A request sent on a kept connection, still unanswered; see `mockstore.world.seams.Underway`."""

    def __init__(self, transport: HttpTransport, connection: Connection, request: _Request) -> None:
        self._transport = transport
        self._connection = connection
        self._request = request

    def look(self, patience: timedelta) -> Reply | None:
        found = self._connection.look(patience, self._request.deadline)
        if found is None:
            return None
        reply, reusable = found
        self._transport._put_away(self._connection, self._request, reusable=reusable)  # noqa: SLF001 - same file
        return reply

    def finish(self) -> Reply:
        return self._transport._exchange_or_resend(self._connection, self._request, b"")  # noqa: SLF001 - same file


def _origin(location: Location) -> Origin:
    return location.scheme, location.host, location.port


def _request(outgoing: Outgoing, timeout: timedelta) -> _Request:
    deadline, location = Deadline(timeout), locate(outgoing.url)
    return _Request(location, b"" if outgoing.wire is not None else _compose(outgoing, location), outgoing, deadline)


def _is_framed_by_us(outgoing: Outgoing) -> bool:
    """Return whether we have set the length of the request; one that the caller has set may be wrong."""
    return _FRAMING.isdisjoint(_names(tuple([name for name, _ in outgoing.headers])))


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> frozenset[str]:
    """Return the names in lower case; cached, since most requests have the same names."""
    return frozenset(name.lower() for name in names)


def _compose(outgoing: Outgoing, location: Location) -> bytes:
    """Return the whole request as one piece of bytes: Nagle's algorithm would delay a second one.

    Raises `DeliveryError` when a header has a line break or a character outside Latin-1.
    """
    given = _names(tuple([name for name, _ in outgoing.headers]))
    lines = [f"{outgoing.method} {location.target} HTTP/1.1"]
    if "host" not in given:
        lines.append(f"Host: {location.authority}")
    lines += [f"{name}: {value}" for name, value in outgoing.headers]
    if given.isdisjoint(_LENGTHS):
        lines.append(f"Content-Length: {len(outgoing.body)}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise DeliveryError("a header cannot be sent: it has a line break in it")
    try:
        return text.encode("latin-1") + b"\r\n\r\n" + outgoing.body
    except UnicodeEncodeError as error:
        raise DeliveryError(f"a header cannot be sent: {text[error.start]!r} is no Latin-1 character") from None
