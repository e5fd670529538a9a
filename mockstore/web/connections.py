"""cheroot's requests and connections, with problem documents, limited bodies, timeouts and a lingering close."""

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

_READ_SIZE: Final = 8192
_LINE_LIMIT: Final = 4096
_TRAILER_LIMIT: Final = 100
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_CRLF: Final = b"\r\n"

_TOO_LARGE: Final = 413


class TooLargeError(Exception):
    """A chunked body is over the limit."""


class FastPath(Protocol):
    """Answers some requests without the app."""

    def takes(self, head: PlainHead) -> bool:
        """Return whether `answer` may answer a request with this head."""

    def answer(self, body: bytes) -> bytes | None:
        """Return the whole response; None leaves the request to the app."""

    def kick(self) -> None:
        """Wake the worker threads to deliver the events that were emitted."""

    def deliver_briefly(self) -> bool:
        """Deliver some events on this thread, with short waits only; return whether to call again soon."""


class Request(HTTPRequest):
    """One request; a request that cheroot itself refuses is answered with a problem document."""

    conn: "Connection"
    server: Any
    head: PlainHead | None = None
    """The head of a plain request; None for any other request."""
    path: bytes = b""
    """Empty until the request line is read."""

    def parse_request(self) -> None:
        """Parse the head of the request."""
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
        """Answer by the fast path or the app. A chunked body is read whole before, up to the body limit."""
        self.conn.answering = True
        try:
            fast_path: FastPath | None = self.server.fast_path
            if fast_path is not None and self.head is not None and fast_path.takes(self.head):
                self._respond_fast(fast_path, self.head.length)
            elif not self.chunked_read:
                super().respond()
            elif self._read_chunked_body():
                self._respond_with_body_read()
        finally:
            self.conn.answering = False

    def _respond_fast(self, fast_path: FastPath, length: int) -> None:
        body = self.conn.rfile.read(length)
        answer = fast_path.answer(body) if len(body) == length else None  # the app refuses a shorter one
        if answer is None:
            self.rfile = BytesIO(body)
            self._respond_with_body_read()
        else:
            fast_path.kick()  # before `write`, since the client may be slow to read
            self.sent_headers = True
            self.conn.wfile.write(answer)

    def _respond_with_body_read(self) -> None:
        self.server.gateway(self).respond()
        self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def simple_response(self, status: object, msg: str = "") -> None:
        """Answer with a problem document, and close the connection."""
        self.close_connection = True
        self.sent_headers = True
        code = int(str(status)[:3])
        self.conn.lingering = code != HTTPStatus.REQUEST_TIMEOUT  # a slow client has had its time already
        detail = msg or f"this server does not take such a request ({str(status)[4:]})"
        path = _path_without_tenant(self.path)
        content = json.dumps(problem_document(code, detail, instance=path and instance_of(path))).encode()
        headers = {"Content-Type": PROBLEM_TYPE, "Content-Length": str(len(content)), "Connection": "close"}
        if path is not None and is_api(path):
            headers |= self.server.allowance.headers()
        lines = [f"{self.server.protocol} {code} {HTTPStatus(code).phrase}", *map(": ".join, headers.items())]
        with suppress(OSError):
            self.conn.wfile.write("\r\n".join([*lines, "", ""]).encode() + content)

    def send_headers(self) -> None:
        """Send the headers; close after a timeout, and after 413 in a way that lets the client read the response."""
        self.close_connection |= self.conn.client_timeout.passed
        self.conn.lingering = int(self.status[:3]) == _TOO_LARGE
        super().send_headers()

    def _read_chunked_body(self) -> bool:
        """Replace a chunked body by a whole one, or by a length over the limit; return False if it is malformed."""
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
    """One connection of a client."""

    RequestHandlerClass = Request
    answering: bool = False
    lingering: bool = False
    idle_deadline: Deadline
    """When the connection is closed if no request has arrived."""
    client_timeout: ClientTimeout
    """Limits the time for reading a request."""
    unsent: bytes = b""
    """The rest of a response, to be sent before anything else."""

    def __init__(self, server: Any, sock: socket.socket) -> None:  # noqa: ANN401 - cheroot's
        super().__init__(server, sock)
        self.client_timeout = ClientTimeout(sock, self._is_busy_or_closing)
        self.wfile = Writer(sock.send, ClientTimeout(sock, self._is_busy))
        self.rfile = Reader(sock, self.client_timeout)

    def answer_at_once(self, fast_path: FastPath) -> bool:
        """Answer the next request by the fast path without blocking; return whether that was possible.

        The connection must be without TLS, and all earlier requests answered. The part of the response that cannot be
        sent at once is left in `unsent`. A request that is not answered, even after an error, can be read again.
        """
        received = self._received()
        self.rfile.unread(received)
        head = plain_head(received)
        if head is not None and fast_path.takes(head):
            end = head.size + head.length
            answer = fast_path.answer(received[head.size : end]) if len(received) >= end else None
            if answer is not None:
                self.rfile.unread(received[end:])
                self.unsent = answer[_send_now(self.socket, answer) :]
                return True
        return False

    def _received(self) -> bytes:
        """Return the bytes received so far, without blocking; `recv` would block, as the socket has a timeout."""
        try:
            return os.read(self.socket.fileno(), _READ_SIZE)
        except BlockingIOError:
            return b""

    def communicate(self) -> bool:
        """Send what is unsent, do the TLS handshake, or answer a request; return whether to keep the connection."""
        if self.unsent:
            unsent, self.unsent = self.unsent, b""
            self.wfile.write(unsent)
            return True
        self.client_timeout.restart()
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.version() is None:
            return self._handshake(self.socket)  # the caller then waits for the first request
        return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot's

    def _handshake(self, secured: ssl.SSLSocket) -> bool:
        """Do the TLS handshake; return False when it failed, True when it is done or to be continued.

        A client that speaks plain HTTP gets a plain response: a write by TLS would start another handshake.
        """
        try:
            self.client_timeout.run(_do_handshake, secured)
        except TimeoutError:
            return True  # continued when more bytes arrive
        except ssl.SSLError as error:
            if error.reason == "HTTP_REQUEST":
                self.wfile = Writer(partial(socket.socket.send, secured), self.client_timeout)  # without TLS
                Request(self.server, self).simple_response(
                    "400 Bad Request", "this server speaks HTTPS: write https://"
                )
            return False
        return True

    def wait_for_request(self) -> bool:
        """Wait for the next request; return False when the wait timed out, which is early while threads are scarce.

        True means that a request has begun or the client has closed the connection.
        """
        self.client_timeout.restart()
        try:
            self.rfile.peek(1)
        except TimeoutError:
            return False
        return True

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Buffer what is written inside the block, and send it at the end at once."""
        wire, self.wfile = self.wfile, BytesIO()
        try:
            yield
        finally:
            written, self.wfile = self.wfile.getvalue(), wire
        self.wfile.write(written)

    def stop_reading(self) -> None:
        """Stop reading: a thread that waits for a request on this connection gets end of file."""
        with suppress(OSError):
            socket.socket.shutdown(
                self.socket, socket.SHUT_RD
            )  # `SSLSocket.shutdown` would remove TLS and continue in plain text

    def close(self) -> None:
        """Close it; a client that still sends a refused body gets time to read the response."""
        if self.lingering:
            self.lingering = False
            drain(self.socket, unless=self._is_busy_or_closing)
        super().close()

    def _is_busy(self) -> bool:
        return bool(self.server.requests.busy)

    def _is_busy_or_closing(self) -> bool:
        """Return whether to wait less for a slow sender: other requests wait for a thread, or the server stops."""
        return bool(self.server.requests.closing) or self._is_busy()


class Gateway(Gateway_10):
    """Calls the WSGI app; can break off a response."""

    def write(self, chunk: bytes) -> None:
        """Send a part of the response; for `BREAK_OFF`, the status line only, and then close the connection."""
        if not self.env.get(BREAK_OFF):
            with nullcontext() if self.req.sent_headers else self.req.conn.buffered():
                super().write(chunk)
            return
        self.req.close_connection = True
        if not self.req.sent_headers:
            self.req.sent_headers = True
            self.req.conn.wfile.write(b"HTTP/1.1 200 OK\r\n")


def _path_without_tenant(tenant_and_path: bytes) -> str | None:
    """Return the path without a tenant prefix, as the app gets it; None when it is empty."""
    environ = at_tenant({"PATH_INFO": tenant_and_path.decode("latin-1")})
    return str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace") or None


def _do_handshake(secured: ssl.SSLSocket) -> int:
    secured.do_handshake()
    return 0


def _send_now(sock: socket.socket, content: bytes) -> int:
    """Send as much as possible without blocking, and return the number of bytes sent.

    `socket.send` would wait until the socket's timeout.
    """
    try:
        return os.write(sock.fileno(), content)
    except BlockingIOError:
        return 0


def read_chunks(stream: IO[bytes], limit: int) -> bytes:
    """Read a chunked body (RFC 9112, 7.1) of at most `limit` bytes; raise `TooLargeError`, or `ValueError`."""
    body = bytearray()
    while size := _size_of(stream.readline(_LINE_LIMIT)):
        if len(body) + size > limit:
            raise TooLargeError
        body += stream.read(size)
        if stream.read(len(_CRLF)) != _CRLF:
            raise ValueError("a chunk does not end where its size says")
    for _ in range(_TRAILER_LIMIT):
        if stream.readline(_LINE_LIMIT) in (_CRLF, b""):
            return bytes(body)
    raise ValueError("too many trailers")


def _size_of(line: bytes) -> int:
    size = line.partition(b";")[0].strip()
    if _CHUNK_SIZE.fullmatch(size) is None:
        raise ValueError(f"{size[:20]!r} is no size of a chunk")
    return int(size, 16)
