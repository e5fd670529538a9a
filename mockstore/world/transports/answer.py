"""Reads an answer off a socket with `http.client`, each step of it within what is left of a deadline."""

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
"""So many informational answers (1xx) may come before the final one."""

SLACK = 0.01
"""By how many seconds a socket's time limit may be off: setting it anew costs a system call each time."""


def arm(sock: socket, deadline: Deadline) -> None:
    """Give the next operation what is left of the time: a drip of bytes does not extend it."""
    left = deadline.left()
    if not left:
        raise TimeoutError
    if abs(left - (sock.gettimeout() or 0.0)) > SLACK:
        sock.settimeout(left)


class EndlessAnswerError(HTTPException):
    """More came in than an answer may have."""


class Incoming(RawIOBase):
    """What comes in from a socket of one answer, each read within what is left of the deadline.

    Raises `EndlessAnswerError` when there is more of it than `ANSWER_LIMIT`.
    """

    def __init__(self, sock: socket, deadline: Deadline) -> None:
        self._socket = sock
        self._deadline = deadline
        self.received = False
        self.ended = False
        self._over = False
        self._come = b""
        self._room = ANSWER_LIMIT

    def first_piece(self, come: bytes) -> bytes:
        """Return what has come in, or else the first bytes that do; reading begins with them all the same."""
        if not come:
            arm(self._socket, self._deadline)
            come = self._socket.recv(PIECE)
        self._come = come
        self._room -= len(come)
        self.received = bool(self._come)
        return self._come

    def readable(self) -> bool:
        """Tell what `io` asks for: it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what has come in, waiting for it within the deadline; 0 is the end."""
        if self._over:
            return 0
        if self._come:
            room = memoryview(buffer)
            count = min(len(room), len(self._come))
            room[:count], self._come = self._come[:count], self._come[count:]
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
        """Return whether more has come in than was read; it would pass for the next answer. Ends all reading."""
        self._over = True
        return bool(self._come or reader.peek(1))


class Reader(BufferedReader):
    """Survives http.client, which closes what it reads from after every answer, the informational ones too."""

    def close(self) -> None:
        """Leave the connection to its owner."""

    def flush(self) -> None:
        """Nothing is written to it; an answer that was given up calls this when it is forgotten."""


class _Source:
    """As much of a socket as `HTTPResponse` asks for."""

    def __init__(self, reader: BufferedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> BufferedReader:
        return self._reader


def final_response(wire: Incoming, reader: BufferedReader, method: str) -> HTTPResponse:
    """Read answers up to the first that is not merely informational, to the end of its headers."""
    source = cast("socket", _Source(reader))
    for _ in range(_MOST_INTERIM + 1):
        response = HTTPResponse(source, method=method)
        response.begin()
        if response.status >= FINAL or response.status == _SWITCHING_PROTOCOLS or wire.ended:
            return response
    raise EndlessAnswerError(f"sent more than {_MOST_INTERIM} informational answers (1xx) and no final one")


def kept_headers(response: HTTPResponse) -> Headers:
    """Return the headers in their order, as many of them as fit in the limit."""
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

    The verdict has fallen with the headers: a body that breaks off or comes too late is cut short, no more.
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
    """Return whether everybody would find the end of the answer at the same byte.

    Where lengths contradict each other, or there is one beside chunks or for a status that has no body, what comes
    behind the end that was found may be more of the same answer.
    """
    lengths = {length.strip() for length in response.headers.get_all("Content-Length", ())}
    if response.chunked or "Transfer-Encoding" in response.headers:
        return response.status not in BODILESS and not lengths
    return len(lengths) <= 1 and (response.status not in BODILESS or lengths <= {"0"})


def _is_read(response: HTTPResponse) -> bool:
    return response.isclosed() if response.chunked else response.length == 0
