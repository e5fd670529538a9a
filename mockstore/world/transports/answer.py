"""Reads a response from a socket with `http.client`; each read gets only the time that is left of the deadline."""

from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import TYPE_CHECKING, cast

from mockstore.model import Headers
from mockstore.world.transports.rules import ANSWER_LIMIT, BODILESS, BODY_LIMIT, Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 16 * 1024
FINAL = 200
_SWITCHING_PROTOCOLS = 101

_MOST_INTERIM = 10
"""How many informational responses (1xx) may come before the final one."""

SLACK = 0.01
"""How many seconds a socket's timeout may be off before it is set again, since that costs a system call."""


def arm(sock: socket, deadline: Deadline) -> None:
    """Set the socket's timeout to the time that is left; raise `TimeoutError` when there is none.

    Called before each operation, so that a receiver that sends single bytes slowly does not extend the deadline.
    """
    left = deadline.left()
    if not left:
        raise TimeoutError
    if abs(left - (sock.gettimeout() or 0.0)) > SLACK:
        sock.settimeout(left)


class EndlessAnswerError(HTTPException):
    """The response is larger than allowed, or has too many informational responses before it."""


class Incoming(RawIOBase):
    """The raw stream of one response from a socket; each read gets the time that is left of the deadline.

    Raises `EndlessAnswerError` after more than `ANSWER_LIMIT` bytes.
    """

    def __init__(self, sock: socket, deadline: Deadline) -> None:
        self._socket = sock
        self._deadline = deadline
        self.received = False
        self.ended = False
        self._reading_ended = False
        self._pending = b""
        self._room = ANSWER_LIMIT

    def first_piece(self, received: bytes) -> bytes:
        """Return `received` if it is not empty, otherwise receive the first bytes; reads return these bytes again."""
        if not received:
            arm(self._socket, self._deadline)
            received = self._socket.recv(PIECE)
        self._pending = received
        self._room -= len(received)
        self.received = bool(self._pending)
        return self._pending

    def readable(self) -> bool:
        """Return True; `io` asks for it."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read into `buffer`, waiting until the deadline; return the number of bytes, 0 at the end of the stream."""
        if self._reading_ended:
            return 0
        if self._pending:
            room = memoryview(buffer)
            count = min(len(room), len(self._pending))
            room[:count], self._pending = self._pending[:count], self._pending[count:]
            return count
        arm(self._socket, self._deadline)
        count = self._socket.recv_into(buffer)
        self._room -= count
        if self._room < 0:
            raise EndlessAnswerError(f"sent {ANSWER_LIMIT // 1024} KiB, and the headers of its answer have not ended")
        if count:
            self.received = True
        else:
            self.ended = True
        return count

    def has_more(self, reader: BufferedReader) -> bool:
        """End reading; return whether unread bytes have arrived, which would be taken for the next response."""
        self._reading_ended = True
        return bool(self._pending or reader.peek(1))


class Reader(BufferedReader):
    """A reader that ignores `close`: http.client calls it after every response, the informational ones too."""

    def close(self) -> None:
        """Do nothing: the owner of the connection closes it."""

    def flush(self) -> None:
        """Do nothing; an abandoned response calls this when it is garbage collected."""


class _Source:
    """The part of a socket that `HTTPResponse` uses."""

    def __init__(self, reader: BufferedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> BufferedReader:
        return self._reader


def final_response(wire: Incoming, reader: BufferedReader, method: str) -> HTTPResponse:
    """Read the headers of the first response that is not informational (1xx), skipping those that are.

    Raises `EndlessAnswerError` after too many informational ones.
    """
    source = cast("socket", _Source(reader))
    for _ in range(_MOST_INTERIM + 1):
        response = HTTPResponse(source, method=method)
        response.begin()
        if response.status >= FINAL or response.status == _SWITCHING_PROTOCOLS or wire.ended:
            return response
    raise EndlessAnswerError(f"sent more than {_MOST_INTERIM} informational answers (1xx) and no final one")


def kept_headers(response: HTTPResponse) -> Headers:
    """Return the headers in their order, up to `BODY_LIMIT` characters in all."""
    kept: list[tuple[str, str]] = []
    room = BODY_LIMIT
    for name, value in response.headers.items():
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append((name, value))
    return tuple(kept)


def read_body(response: HTTPResponse) -> tuple[bytes, bool]:
    """Return what arrives of the body within the limits, and whether that is all of it.

    A body that breaks off or comes too late is no error: the headers alone decide the result of an attempt.
    """
    if response.status in BODILESS:  # http.client would wait for announced chunks
        return b"", True
    pieces: list[bytes] = []
    room = BODY_LIMIT
    try:
        while room and not _is_read(response):
            piece = response.read1(min(room, PIECE))
            if not piece:
                break
            pieces.append(piece)
            room -= len(piece)
    except (OSError, HTTPException):
        return b"".join(pieces), False
    return b"".join(pieces), _is_read(response)


def ends_certainly(response: HTTPResponse) -> bool:
    """Return whether the end of the response is unambiguous, so that the connection can be used again.

    It is not when several lengths differ, or when a length comes together with chunks or with a status that has no
    body: then the bytes after the end that was found may belong to the same response.
    """
    lengths = {length.strip() for length in response.headers.get_all("Content-Length", ())}
    if response.chunked or "Transfer-Encoding" in response.headers:
        return response.status not in BODILESS and not lengths
    return len(lengths) <= 1 and (response.status not in BODILESS or lengths <= {"0"})


def _is_read(response: HTTPResponse) -> bool:
    return response.isclosed() if response.chunked else response.length == 0
