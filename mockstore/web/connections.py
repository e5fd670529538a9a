"""What of cheroot's connections is ours: problem documents for its own refusals, bounded bodies, a patient close."""

import json
import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import IO, Any, Final, Protocol

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10

from mockstore.web.address import at_tenant
from mockstore.web.client_timeout import ClientTimeout
from mockstore.web.documents import PROBLEM_TYPE, instance_of, problem_document
from mockstore.web.header_fields import Fields, Lines, read_fields
from mockstore.web.limits import is_api
from mockstore.web.lingering_close import drain
from mockstore.web.plain_requests import PlainHead, plain_head
from mockstore.web.site import BREAK_OFF
from mockstore.web.streams import Reader, Writer
from mockstore.world.transports.rules import Deadline

_PIECE: Final = 8192
_LINE: Final = 4096
_TRAILERS: Final = 100
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_CRLF: Final = b"\r\n"

_TOO_LARGE: Final = 413


class TooLargeError(Exception):
    """A chunked body is over the limit."""


class FastPath(Protocol):
    """Answers some requests without an app."""

    def takes(self, head: PlainHead) -> bool:
        """Return whether a request may be one of them, as far as its head says."""

    def answer(self, body: bytes) -> bytes | None:
        """Return the whole answer; None leaves the request to the app."""

    def kick(self) -> None:
        """Wake the threads that deliver what the answer has emitted."""

    def deliver_briefly(self) -> bool:
        """Deliver some of it on this thread, without waiting for much; return whether to come back soon."""


class Request(HTTPRequest):
    """One request; what cheroot refuses by itself is answered with a problem document."""

    conn: "Connection"
    server: Any
    head: PlainHead | None = None
    """What a plain request begins with."""
    path: bytes = b""
    """Empty until it is read."""

    def parse_request(self) -> None:
        """Read the head of the request."""
        head = plain_head(self.conn.rfile.peek())
        if head is None:
            super().parse_request()
            return
        self.conn.rfile.read(head.size)
        self.head = head
        self.started_request = self.ready = True
        self.method, self.uri, self.path, self.qs = head.method, head.uri, head.path, head.query
        self.authority = b""
        self.request_protocol, self.response_protocol = b"HTTP/1.1", "HTTP/1.1"
        self.inheaders = dict(head.headers)

    def header_reader(self, lines: Lines, fields: Fields) -> None:
        """Read the headers; cheroot answers a `ValueError` with 400."""
        read_fields(lines, fields, host_required=self.response_protocol == "HTTP/1.1")

    def respond(self) -> None:
        """Let the app answer. A chunked body is read first: so it is bounded, and none of it is left unread."""
        self.conn.answering = True
        try:
            fast_path: FastPath | None = self.server.fast_path
            if fast_path is not None and self.head is not None and fast_path.takes(self.head):
                self._respond_fast(fast_path, self.head.length)
            elif not self.chunked_read:
                super().respond()
            elif self._take_chunks():
                self._respond_to_what_is_read()
        finally:
            self.conn.answering = False

    def _respond_fast(self, fast_path: FastPath, length: int) -> None:
        body = self.conn.rfile.read(length)
        answer = fast_path.answer(body) if len(body) == length else None  # less is for the app to complain of
        if answer is None:
            self.rfile = BytesIO(body)
            self._respond_to_what_is_read()
        else:
            fast_path.kick()  # before the answer, whose client may be slow to take it
            self.sent_headers = True
            self.conn.wfile.write(answer)

    def _respond_to_what_is_read(self) -> None:
        self.server.gateway(self).respond()
        self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def simple_response(self, status: object, msg: str = "") -> None:
        """Answer with a problem document, and close the connection."""
        self.close_connection = True
        self.sent_headers = True
        code = int(str(status)[:3])
        self.conn.lingering = code != HTTPStatus.REQUEST_TIMEOUT  # who was too slow has been waited for long enough
        detail = msg or f"this server does not take such a request ({str(status)[4:]})"
        path = _path_within(self.path)
        content = json.dumps(problem_document(code, detail, instance=path and instance_of(path))).encode()
        headers = {"Content-Type": PROBLEM_TYPE, "Content-Length": str(len(content)), "Connection": "close"}
        if path is not None and is_api(path):
            headers |= self.server.allowance.headers()
        lines = [f"{self.server.protocol} {code} {HTTPStatus(code).phrase}", *map(": ".join, headers.items())]
        with suppress(OSError):
            self.conn.wfile.write("\r\n".join([*lines, "", ""]).encode() + content)

    def send_headers(self) -> None:
        """Send them; after a refusal of the body, be ready to read the rest of it, unless that was too slow to come."""
        self.close_connection |= self.conn.client_timeout.passed
        self.conn.lingering = int(self.status[:3]) == _TOO_LARGE
        super().send_headers()

    def _take_chunks(self) -> bool:
        """Give the app the whole body; or, over the limit, the announcement of one that it refuses."""
        limit = self.server.body_limit
        try:
            body = read_chunks(self.conn.rfile, limit)
        except TooLargeError:
            body, length = b"", limit + 1
        except ValueError as error:
            self.simple_response("400 Bad Request", f"the chunked body is malformed: {error}")
            return False
        else:
            length = len(body)
        self.rfile = BytesIO(body)
        self.inheaders[b"Content-Length"] = str(length).encode()
        del self.inheaders[b"Transfer-Encoding"]
        self.chunked_read = False
        return True


class Connection(HTTPConnection):
    """One connection; knows whether it is answering, and how to end."""

    RequestHandlerClass = Request
    answering: bool = False
    lingering: bool = False
    patience: Deadline
    """Until when the next request is waited for."""
    client_timeout: ClientTimeout
    """How slow the client is to send the current request."""
    unsent: bytes = b""
    """What of an answer is still to be sent, before anything else."""

    def __init__(self, server: Any, sock: socket.socket) -> None:  # noqa: ANN401 - cheroot's
        super().__init__(server, sock)
        self.client_timeout = ClientTimeout(sock, self._is_urgent)
        self.wfile = Writer(sock.send, ClientTimeout(sock, self._others_wait))
        self.rfile = Reader(sock, self.client_timeout)

    def answer_at_once(self, fast_path: FastPath) -> bool:
        """Answer the next request, without waiting for anything; return whether it was for `short`, and all here.

        For a connection without TLS of which nothing is read and unanswered. The rest of an answer that its client is
        slow to take is left in `unsent`. A request that is not answered, even for an error, can be read again.
        """
        come = self._come()
        self.rfile.unread(come)
        head = plain_head(come)
        if head is not None and fast_path.takes(head):
            end = head.size + head.length
            answer = fast_path.answer(come[head.size : end]) if len(come) >= end else None
            if answer is not None:
                self.rfile.unread(come[end:])
                self.unsent = answer[_sent_at_once(self.socket, answer) :]
                return True
        return False

    def _come(self) -> bytes:
        """Return what has come in; the socket has a time limit, so this never blocks, as `recv` of it would."""
        try:
            return os.read(self.socket.fileno(), _PIECE)
        except BlockingIOError:
            return b""

    def communicate(self) -> bool:
        """Send what is unsent, begin with TLS, or answer a request; return whether there may be another one."""
        if self.unsent:
            unsent, self.unsent = self.unsent, b""
            self.wfile.write(unsent)
            return True
        self.client_timeout.restart()
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.version() is None:
            return self._shakes_hands(self.socket)  # its first request is waited for like any other
        return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot's

    def _shakes_hands(self, secured: ssl.SSLSocket) -> bool:
        """Begin with TLS; return whether that is done, or goes on later. Who speaks plain HTTP is told so.

        What is sent after a handshake that failed would wait for the client to begin another one.
        """
        try:
            self.client_timeout.keep(_shake_hands, secured)
        except TimeoutError:
            return True  # a thread is needed again when the client goes on
        except ssl.SSLError as error:
            if error.reason == "HTTP_REQUEST":
                self.wfile = Writer(partial(socket.socket.send, secured), self.client_timeout)  # below TLS
                Request(self.server, self).simple_response(
                    "400 Bad Request", "this server speaks HTTPS: write https://"
                )
            return False
        return True

    def has_more(self) -> bool:
        """Wait for the next request; return whether it has begun, or the connection has ended.

        That is not waited for while others wait for the thread.
        """
        self.client_timeout.restart()
        try:
            self.rfile.peek(1)
        except TimeoutError:
            return False
        return True

    @contextmanager
    def in_one_piece(self) -> Iterator[None]:
        """Send what is written meanwhile at once, and not in as many packets."""
        wire, self.wfile = self.wfile, BytesIO()
        try:
            yield
        finally:
            written, self.wfile = self.wfile.getvalue(), wire
        self.wfile.write(written)

    def hang_up(self) -> None:
        """Take nothing more in: whoever reads a request on it finds its end."""
        with suppress(OSError):
            socket.socket.shutdown(
                self.socket, socket.SHUT_RD
            )  # that of an SSLSocket would end TLS, and go on in plain

    def close(self) -> None:
        """Close it; a client that is still sending what was refused gets time to read why."""
        if self.lingering:
            self.lingering = False
            drain(self.socket, unless=self._is_urgent)
        super().close()

    def _others_wait(self) -> bool:
        return bool(self.server.requests.busy)

    def _is_urgent(self) -> bool:
        """Return whether a client that is slow to send is waited for no longer: others wait, or the server stops."""
        return bool(self.server.requests.closing) or self._others_wait()


class Gateway(Gateway_10):
    """The WSGI side of a request; can break an answer off."""

    def write(self, chunk: bytes) -> None:
        """Send a piece of the answer, or the beginning of one that never comes."""
        if not self.env.get(BREAK_OFF):
            with nullcontext() if self.req.sent_headers else self.req.conn.in_one_piece():
                super().write(chunk)
            return
        self.req.close_connection = True
        if not self.req.sent_headers:
            self.req.sent_headers = True
            self.req.conn.wfile.write(b"HTTP/1.1 200 OK\r\n")


def _path_within(tenant_and_path: bytes) -> str | None:
    """Return the path as the app has it, without the tenant that may stand in front of it; None when there is none."""
    environ = at_tenant({"PATH_INFO": tenant_and_path.decode("latin-1")})
    return str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace") or None


def _shake_hands(secured: ssl.SSLSocket) -> int:
    secured.do_handshake()
    return 0


def _sent_at_once(sock: socket.socket, content: bytes) -> int:
    """Send as much as goes out without waiting, and return how much; the socket has a time limit, so it never blocks.

    With `send` of such a socket, Python would wait for room until that limit.
    """
    try:
        return os.write(sock.fileno(), content)
    except BlockingIOError:
        return 0


def read_chunks(stream: IO[bytes], limit: int) -> bytes:
    """Read a chunked body (RFC 9112, 7.1) of at most `limit` bytes; raise `TooLargeError`, or `ValueError`."""
    body = bytearray()
    while size := _size_of(stream.readline(_LINE)):
        if len(body) + size > limit:
            raise TooLargeError
        body += stream.read(size)
        if stream.read(len(_CRLF)) != _CRLF:
            raise ValueError("a chunk does not end where its size says")
    for _ in range(_TRAILERS):
        if stream.readline(_LINE) in (_CRLF, b""):
            return bytes(body)
    raise ValueError("too many trailers")


def _size_of(line: bytes) -> int:
    size = line.partition(b";")[0].strip()
    if _SIZE.fullmatch(size) is None:
        raise ValueError(f"{size[:20]!r} is no size of a chunk")
    return int(size, 16)
