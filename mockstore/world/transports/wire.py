"""One connection to a receiver, on which requests are sent and responses read, each within a deadline."""

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
    """The receiver had closed the connection before the request arrived, so it did not get the request."""


JUST_NOW = timedelta(milliseconds=50)
"""How long after the first response a receiver may still close the connection without having announced it."""


class Connection:
    """An open connection; its owner closes it."""

    def __init__(self, sock: socket, peer: str) -> None:
        self._socket = sock
        self._peer = peer
        self._used = Deadline(timedelta())
        """Measures the time since the latest exchange began."""
        self._unread = b""
        """Bytes of a response that were received but not parsed yet."""
        self._answers = 0
        self._has_input = _input_check(sock)
        self._is_doubtful = False
        """Whether the receiver may have closed it unnoticed: it has sent one response, less than `JUST_NOW` ago."""

    def rested_for(self) -> timedelta:
        """Return the time since the latest exchange began."""
        return self._used.elapsed()

    def is_quiet(self) -> bool:
        """Return whether the peer has neither closed it nor sent anything since the last response."""
        return not self._has_input()

    def begin(self, request: bytes, deadline: Deadline) -> bool:
        """Send a request; return False when sending failed."""
        try:
            self._send(request, deadline)
        except OSError:
            return False
        return True

    def look(self, patience: timedelta, deadline: Deadline) -> tuple[Reply, bool] | None:
        """Wait up to `patience` for the response to a POST sent by `begin`; return what `exchange` returns.

        None when no response is there yet, or one that is not plain or not complete: then call `exchange` with no
        bytes to read it.
        """
        self._socket.settimeout(patience.total_seconds())
        try:
            received = self._socket.recv(PIECE)
        except OSError:  # no response yet, or a broken connection
            return None
        head = plain_head(received)
        if head is None or len(received) < head.size + head.length:
            self._unread = received
            return None
        return self._plain_reply(head, received[head.size :], deadline)

    def exchange(self, request: bytes, method: str, deadline: Deadline) -> tuple[Reply, bool]:
        """Send a request; return the reply and whether the connection can be used for another request.

        Raises `NotTakenError` when it is certain that the receiver did not get the request, and otherwise
        `DeliveryError` or a subclass.
        """
        wire = Incoming(self._socket, deadline)
        received, self._unread = self._unread, b""
        is_sent = False
        try:
            is_sent = self._is_sent(request, deadline)
            received = wire.first_piece(received)
            plain = plain_head(received) if method == "POST" and is_sent else None
            if plain is not None:
                return self._plain_reply(plain, received[plain.size :], deadline)
            reader = Reader(wire)
            response = final_response(wire, reader, method)
        except TimeoutError:
            raise deadline.missed_by(self._peer) from None
        except ssl.SSLError as error:  # with TLS 1.3 a refused client certificate is reported here
            raise tls_failed(self._peer, error) from error
        except OSError as error:
            is_certain = wire.received or (is_sent and not self._was_closed())
            kind = BrokenConnectionError if is_certain else NotTakenError
            raise kind(f"{self._peer} broke the connection before the answer was complete: {_reason(error)}") from error
        except EndlessAnswerError as error:
            raise DeliveryError(f"{self._peer} {error}") from None
        except HTTPException as error:
            if wire.ended:
                raise _cut_off(self._peer) from None
            raise DeliveryError(f"{self._peer} did not answer in HTTP: {_printable(_reason(error)):.200}") from error
        if wire.ended:  # http.client takes the end of the stream as the end of the headers
            raise _cut_off(self._peer)
        took = deadline.took()
        body, whole = read_body(response)
        reply = Reply(response.status, kept_headers(response), body, took)
        self._has_answered(deadline)
        broken = wire.ended or not is_sent or response.will_close or response.status < FINAL
        return reply, whole and not broken and ends_certainly(response) and not wire.has_more(reader)

    def _is_sent(self, request: bytes, deadline: Deadline) -> bool:
        """Send a request; return False when the receiver closed the connection meanwhile, maybe after a response."""
        try:
            self._send(request, deadline)
        except ConnectionError:
            return False
        return True

    def _was_closed(self) -> bool:
        """Return whether the connection was closed, or may have been, before the request arrived.

        In that case the receiver's system sends a reset, which is an error of the socket. A receiver that closed the
        connection after it had read the request causes no reset. Some receivers close it after each response without
        announcing that; a request that arrives at that moment is lost.
        """
        return self._is_doubtful or self._socket.getsockopt(SOL_SOCKET, SO_ERROR) != 0

    def _plain_reply(self, head: PlainHead, body: bytes, deadline: Deadline) -> tuple[Reply, bool]:
        """Read the rest of a plain response; return the same as `exchange`, even if the body breaks off."""
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
    """Open a connection, made from its socket by `kind`; raise `UnreachableError` or `ReceiverTimeoutError`.

    `reach` judges each address of the host just before it is connected to, since a second DNS lookup could differ.
    The lookup is the operating system's and has no timeout: its time counts, but it cannot be cut short.
    """
    try:
        sock = _connected_socket(location, deadline, reach)
        if location.scheme == "https":
            sock = _secured(sock, tls(), location, deadline)
    except TimeoutError:
        raise deadline.missed_by(location.peer) from None
    return kind(sock, location.peer)


def tls_failed(peer: str, error: OSError) -> UnreachableError:
    """Return the error for a failed TLS handshake or a broken TLS connection."""
    why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or _reason(error)
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
    raise UnreachableError(f"cannot connect to {location.peer}: {_reason(failure)}") from failure


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


def _input_check(sock: socket) -> Callable[[], bool]:
    """Return a function that tells without waiting whether there is unread input; the end of the stream counts."""
    if sys.platform == "win32":
        return lambda: bool(select.select([sock], [], [], 0)[0]) or _has_decrypted(sock)
    poll = select.poll()  # one system call per check; `select.select` fails with high file descriptors
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0)) or _has_decrypted(sock)


def _has_decrypted(sock: socket) -> bool:
    """Return whether the TLS layer has decrypted bytes that were not read yet."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _cut_off(peer: str) -> BrokenConnectionError:
    return BrokenConnectionError(f"{peer} closed the connection amid the headers of its answer")


def _printable(text: str) -> str:
    """Return a receiver's text with line breaks and terminal codes escaped, since people read it."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _reason(error: BaseException | None) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
