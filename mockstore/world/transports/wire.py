"""One connection to a receiver: every step of an exchange on it ends at one deadline."""

import select
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from socket import (
    AF_UNSPEC,
    IPPROTO_TCP,
    SO_ERROR,
    SOCK_STREAM,
    SOL_SOCKET,
    TCP_NODELAY,
    getaddrinfo,
    socket,
)

from mockstore.errors import BrokenConnectionError, DeliveryError, UnreachableError
from mockstore.model import Reply
from mockstore.world.transports.address_policy import AddressPolicy, anywhere
from mockstore.world.transports.answer import (
    FINAL,
    PIECE,
    EndlessAnswerError,
    Incoming,
    Reader,
    arm,
    ends_certainly,
    final_response,
    kept_headers,
    read_body,
)
from mockstore.world.transports.location import Location
from mockstore.world.transports.plain_answers import PlainHead, plain_head
from mockstore.world.transports.rules import Deadline


class NotTakenError(BrokenConnectionError):
    """The receiver had closed the connection before the request came, so it never got it."""


JUST_NOW = timedelta(milliseconds=50)
"""For so long after its first answer a receiver may be about to close the connection without having said so."""


class Connection:
    """An open connection; whoever holds it closes it."""

    def __init__(self, sock: socket, peer: str) -> None:
        self._socket = sock
        self._peer = peer
        self._used = Deadline(timedelta())
        """Runs since the latest exchange began."""
        self._come = b""
        """What has come in of an answer, and has not been read."""
        self._answers = 0
        self._has_come = _looker(sock)
        self._is_doubtful = False
        """The receiver may be about to close it, since it has answered but once and only just."""

    def rested_for(self) -> timedelta:
        """Return how long it has not been used."""
        return self._used.elapsed()

    def is_quiet(self) -> bool:
        """Return whether the peer has neither closed it nor said anything since the last answer."""
        return not self._has_come()

    def begin(self, request: bytes, deadline: Deadline) -> bool:
        """Send a request; return whether the connection was in order, as far as that shows."""
        try:
            self._send(request, deadline)
        except OSError:
            return False
        return True

    def look(self, patience: timedelta, deadline: Deadline) -> tuple[Reply, bool] | None:
        """Wait so long for the answer to a POST that has begun; return what `exchange` does if it is plain and whole.

        With None, an `exchange` of no further bytes goes on from here.
        """
        self._socket.settimeout(patience.total_seconds())
        try:
            come = self._socket.recv(PIECE)
        except OSError:  # nothing yet, or nothing any more
            return None
        head = plain_head(come)
        if head is None or len(come) < head.size + head.length:
            self._come = come
            return None
        return self._plain_reply(head, come[head.size :], deadline)

    def exchange(self, request: bytes, method: str, deadline: Deadline) -> tuple[Reply, bool]:
        """Send a request; return the answer and whether the connection can take another one.

        Raises `NotTakenError` where it is certain that the receiver did not get the request.
        """
        wire = Incoming(self._socket, deadline)
        come, self._come = self._come, b""
        is_sent = False
        try:
            is_sent = self._is_sent(request, deadline)
            come = wire.first_piece(come)
            plain = plain_head(come) if method == "POST" and is_sent else None
            if plain is not None:
                return self._plain_reply(plain, come[plain.size :], deadline)
            reader = Reader(wire)
            response = final_response(wire, reader, method)
        except TimeoutError:
            raise deadline.missed_by(self._peer) from None
        except ssl.SSLError as error:  # with TLS 1.3 a refused client certificate shows here
            raise tls_failed(self._peer, error) from error
        except OSError as error:
            is_certain = wire.received or (is_sent and not self._was_closed())
            kind = BrokenConnectionError if is_certain else NotTakenError
            raise kind(f"{self._peer} broke the connection before the answer was complete: {_said(error)}") from error
        except EndlessAnswerError as error:
            raise DeliveryError(f"{self._peer} {error}") from None
        except HTTPException as error:
            if wire.ended:
                raise _cut_off(self._peer) from None
            raise DeliveryError(f"{self._peer} did not answer in HTTP: {_harmless(_said(error)):.200}") from error
        if wire.ended:  # http.client takes that for the end of the headers
            raise _cut_off(self._peer)
        took = deadline.took()
        body, whole = read_body(response)
        reply = Reply(response.status, kept_headers(response), body, took)
        self._has_answered(deadline)
        broken = wire.ended or not is_sent or response.will_close or response.status < FINAL
        return reply, whole and not broken and ends_certainly(response) and not wire.has_more(reader)

    def _is_sent(self, request: bytes, deadline: Deadline) -> bool:
        """Send a request; return False where the receiver closed the connection amid it, maybe after an answer."""
        try:
            self._send(request, deadline)
        except ConnectionError:
            return False
        return True

    def _was_closed(self) -> bool:
        """Return whether what was sent has found the connection closed, or may have.

        The receiver's system then says so with a reset, which is noted as an error of the socket. A receiver that took
        the request and closed the connection after that causes none. Some receivers close it after each answer and do
        not say so; a request that comes at that very moment is lost.
        """
        return self._is_doubtful or self._socket.getsockopt(SOL_SOCKET, SO_ERROR) != 0

    def _plain_reply(self, head: PlainHead, body: bytes, deadline: Deadline) -> tuple[Reply, bool]:
        """Do with a plain answer what `exchange` does with any: the verdict has fallen with the headers."""
        took = deadline.took()
        with suppress(OSError):
            while len(body) < head.length:
                arm(self._socket, deadline)
                piece = self._socket.recv(head.length - len(body))
                if not piece:
                    break
                body += piece
        self._has_answered(deadline)
        return Reply(head.status, head.headers, body, took), len(body) == head.length

    def _has_answered(self, deadline: Deadline) -> None:
        self._used = deadline if self._answers else Deadline(timedelta())
        self._answers += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _send(self, request: bytes, deadline: Deadline) -> None:
        if request:
            self._is_doubtful = self._answers == 1 and self._used.elapsed() < JUST_NOW
        rest = memoryview(request)
        while rest:
            arm(self._socket, deadline)
            rest = rest[self._socket.send(rest) :]


def connect(
    location: Location,
    tls: Callable[[], ssl.SSLContext],
    deadline: Deadline,
    *,
    kind: Callable[[socket, str], Connection] = Connection,
    reach: AddressPolicy = anywhere,
) -> Connection:
    """Open a connection, made of its socket by `kind`; raise `UnreachableError` or `ReceiverTimeoutError`.

    `reach` judges each address that the name has, right before it is connected to: a second look-up could differ.
    The look-up of the name is the operating system's, which knows no time limit: it counts, but cannot be cut short.
    """
    try:
        sock = _connected_socket(location, deadline, reach)
        if location.scheme == "https":
            sock = _secured(sock, tls(), location, deadline)
    except TimeoutError:
        raise deadline.missed_by(location.peer) from None
    return kind(sock, location.peer)


def tls_failed(peer: str, error: OSError) -> UnreachableError:
    """Return the error for a receiver that TLS does not get on with."""
    why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or _said(error)
    return UnreachableError(f"TLS failed with {peer}: {str(why).replace('_', ' ').lower()}")


def _connected_socket(location: Location, deadline: Deadline, reach: AddressPolicy) -> socket:
    try:
        found = getaddrinfo(location.host, location.port, AF_UNSPEC, SOCK_STREAM)
    except (OSError, ValueError):  # ValueError: a label too long for IDNA, a NUL
        raise UnreachableError(f"no address for {location.host!r}") from None
    failure: OSError | None = None
    refusal = ""
    for family, kind, protocol, _, address in found:
        why = reach(str(address[0]))
        if why is not None:
            refusal = f"{address[0]} is refused: {why}"
            continue
        sock = socket(family, kind, protocol)
        try:
            arm(sock, deadline)
            sock.connect(address)
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            if isinstance(error, TimeoutError):
                raise
            failure = error
    if failure is None:
        raise UnreachableError(f"nothing is sent to {location.peer}: {refusal}")
    if isinstance(failure, ConnectionRefusedError):
        raise UnreachableError(f"connection refused by {location.peer}") from failure
    raise UnreachableError(f"cannot connect to {location.peer}: {_said(failure)}") from failure


def _secured(sock: socket, context: ssl.SSLContext, location: Location, deadline: Deadline) -> socket:
    try:
        secured = context.wrap_socket(sock, server_hostname=location.host, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    try:
        arm(secured, deadline)
        secured.do_handshake()
        return secured
    except BaseException as error:
        secured.close()
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            raise tls_failed(location.peer, error) from error
        raise


def _looker(sock: socket) -> Callable[[], bool]:
    """Return what tells, without waiting, whether anything has come in that was not read; an end counts, too."""
    if sys.platform == "win32":
        return lambda: bool(select.select([sock], [], [], 0)[0]) or _has_deciphered(sock)
    poll = select.poll()  # one system call for each look; `select.select` knows low file numbers only
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0)) or _has_deciphered(sock)


def _has_deciphered(sock: socket) -> bool:
    """Return whether TLS holds something back that came in together with what was read."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _cut_off(peer: str) -> BrokenConnectionError:
    return BrokenConnectionError(f"{peer} closed the connection amid the headers of its answer")


def _harmless(text: str) -> str:
    """Return what a receiver wrote without line breaks and codes for terminals: it comes to be read by people."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _said(error: BaseException | None) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
