"""Delivers over HTTP and HTTPS with kept-alive connections, out of reach of whatever a test has patched.

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
"""Bytes that any socket takes at once."""
TRUSTED_REST = timedelta(milliseconds=2)
"""For so long since its latest request began, a connection is used again without a look at it. Each look is a system
call, which hands the interpreter on to other threads: at every reuse it takes a fifth of the throughput of a storm,
where connections do not rest. What a receiver sends unasked within that time can pass for its next answer."""
_LENGTHS = frozenset({"content-length", "transfer-encoding"})
_FRAMING = _LENGTHS | {"connection"}


class _Errand(NamedTuple):
    """What is to be sent, where, and until when."""

    location: Location
    request: bytes
    outgoing: Outgoing
    deadline: Deadline


class HttpTransport:
    """Sends requests as they are; safe to use from many threads.

    Success within `timeout` means: connected, sent and every header of the answer read. Redirects are answers, and the
    headers are the caller's, plus `Host` and `Content-Length` where they are missing. A kept connection that the
    receiver had closed before the request came is replaced; what a receiver has got is never sent again, since that
    would be a further attempt. One that has rested longer than `trusted_rest` is looked at before it is used.
    `ssl_context` is what HTTPS trusts; by default what the system trusts. `reach` says which addresses are refused,
    `idle` keeps the connections that are not in use.
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
        self._trusting = Lock()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Return the answer, or raise a `DeliveryError` that says in one sentence why there is none."""
        errand = _errand(outgoing, timeout)
        if outgoing.wire is not None:
            return self._send_roughly(errand, outgoing.wire)
        kept = self._take(errand.location)
        if kept is None:
            return self._send_anew(errand)
        return self._exchange_or_anew(kept, errand, errand.request)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> "_Underway | None":
        """Send the request over a kept connection, if there is one and it is short enough for that to take no time.

        Raises `DeliveryError` when it cannot be sent at all.
        """
        if outgoing.wire is not None or outgoing.method != "POST" or len(outgoing.body) > _SHORT:
            return None
        errand = _errand(outgoing, timeout)
        kept = self._take(errand.location)
        if kept is None:
            return None
        if kept.begin(errand.request, errand.deadline):
            return _Underway(self, kept, errand)
        kept.close()
        return None

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        """Do the same on a worker thread."""
        return await asyncio.to_thread(self.send, outgoing, timeout)

    def close(self) -> None:
        """Close the idle connections; one in use is closed when its answer is in."""
        self._idle.close()

    def _exchange_or_anew(self, kept: Connection, errand: _Errand, unsent: bytes) -> Reply:
        """Send what is unsent on a kept connection; the whole on a new one, if the receiver has closed it meanwhile."""
        try:
            return self._exchange(kept, errand, unsent)
        except NotTakenError:
            return self._send_anew(errand)

    def _send_anew(self, errand: _Errand) -> Reply:
        return self._exchange(self._connect(errand), errand, errand.request)

    def _exchange(self, connection: Connection, errand: _Errand, unsent: bytes) -> Reply:
        reusable = False
        try:
            reply, reusable = connection.exchange(unsent, errand.outgoing.method, errand.deadline)
            return reply
        finally:
            self._put_away(connection, errand, reusable=reusable)

    def _put_away(self, connection: Connection, errand: _Errand, *, reusable: bool) -> None:
        if reusable and _is_framed_by_us(errand.outgoing):
            self._idle.put(_origin(errand.location), connection)
        else:
            connection.close()

    def _send_roughly(self, errand: _Errand, wire: Wire) -> Reply:
        """Send a request that is to misbehave, over a connection of its own."""
        from mockstore.world.transports.faulty_connection import FaultyConnection, framed  # noqa: PLC0415 - for faults only

        outgoing, deadline = errand.outgoing, errand.deadline
        connection = self._connect(errand, kind=partial(FaultyConnection, wire=wire))
        try:
            reply, _ = connection.exchange(_compose(framed(outgoing), errand.location), outgoing.method, deadline)
            return reply
        finally:
            connection.close()

    def _connect(self, errand: _Errand, kind: Callable[[socket, str], Connection] = Connection) -> Connection:
        return connect(errand.location, self._tls, errand.deadline, kind=kind, reach=self._reach)

    def _take(self, location: Location) -> Connection | None:
        origin = _origin(location)
        while (connection := self._idle.take(origin)) is not None:
            if connection.rested_for() < self._trusted_rest or connection.is_quiet():
                break
            connection.close()
        return connection

    def _tls(self) -> ssl.SSLContext:
        with self._trusting:
            if self._ssl_context is None:
                self._ssl_context = ssl.create_default_context()
            return self._ssl_context


class _Underway:
    """A request that is out on a kept connection; see `mockstore.world.seams.Underway`."""

    def __init__(self, transport: HttpTransport, connection: Connection, errand: _Errand) -> None:
        self._transport = transport
        self._connection = connection
        self._errand = errand

    def look(self, patience: timedelta) -> Reply | None:
        found = self._connection.look(patience, self._errand.deadline)
        if found is None:
            return None
        reply, reusable = found
        self._transport._put_away(self._connection, self._errand, reusable=reusable)  # noqa: SLF001 - same file
        return reply

    def finish(self) -> Reply:
        return self._transport._exchange_or_anew(self._connection, self._errand, b"")  # noqa: SLF001 - same file


def _origin(location: Location) -> Origin:
    return location.scheme, location.host, location.port


def _errand(outgoing: Outgoing, timeout: timedelta) -> _Errand:
    deadline, location = Deadline(timeout), locate(outgoing.url)
    return _Errand(location, b"" if outgoing.wire is not None else _compose(outgoing, location), outgoing, deadline)


def _is_framed_by_us(outgoing: Outgoing) -> bool:
    """Return whether the end of the request is certain; a length of the caller's own may be a lie."""
    return _FRAMING.isdisjoint(_names(tuple([name for name, _ in outgoing.headers])))


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> frozenset[str]:
    """Return the names as they are compared; most requests have the same."""
    return frozenset(name.lower() for name in names)


def _compose(outgoing: Outgoing, location: Location) -> bytes:
    """Return the whole request in one piece: sent in two, Nagle's algorithm would hold the second back."""
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
