"""The HTTP/1.1 server of `mockstore listen`: keep-alive connections, each answer in one write."""

import errno
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from struct import pack
from threading import Event, Thread
from types import MappingProxyType
from typing import Any, Final

from mockstore.errors import BrokenConnectionError, DeliveryError, StartupError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.location import bracketed

BODY_LIMIT: Final = 10 * 1024 * 1024
"""The largest body that is accepted, in bytes."""
_WILDCARDS: Final = MappingProxyType({"0.0.0.0": "127.0.0.1", "::": "::1"})  # noqa: S104 - the address in the URL instead of it
_RESET: Final = pack("ii", 1, 0)
"""SO_LINGER with 0 seconds: closing the socket then resets the connection."""


class ReceivingServer(ThreadingHTTPServer):
    """Answers each POST with what `respond` returns. Binds when created; raises `StartupError` if that fails."""

    daemon_threads = True

    def __init__(self, host: str, port: int, respond: Callable[[Outgoing], Reply]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.respond = respond
        self.stopping = Event()
        self.failure: BaseException | None = None
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise StartupError(_bind_failure(error, host, port)) from None
        self.url = _url(host, self.server_address[1])

    def server_bind(self) -> None:
        """Bind without the DNS look-up of this machine's name, which the standard library makes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def run(self) -> None:
        """Serve until `shutdown` or an interrupt; raise the exception of a request's thread."""
        self.serve_forever(poll_interval=0.05)
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Close the listening socket, and end scripted delays."""
        self.stopping.set()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Ignore the error: only broken connections get here."""

    def fail(self, error: BaseException) -> None:
        """Stop the server; `run` then raises the error in its own thread."""
        self.failure = error
        Thread(target=self.shutdown, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: ReceivingServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        outgoing = self._read()
        if outgoing is None:
            return
        try:
            reply = self.server.respond(outgoing)
        except DeliveryError as error:
            self._withhold_answer(error)
        except Exception as error:  # noqa: BLE001 - `run` raises it
            self.server.fail(error)
        else:
            self.server.stopping.wait(reply.took.total_seconds())
            self._answer(reply)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Refuse every other HTTP method: for GET, the base class looks up `do_GET`."""
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def _refuse(self) -> None:
        self.close_connection = True
        self._answer(Reply(405, (("Allow", "POST"),), b"deliveries are POSTs\n"))

    def _read(self) -> Outgoing | None:
        """Return the request; None when it has been answered with an error already."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            self.close_connection = True
            self._answer(Reply(413 if length.isdecimal() else 411))
            return None
        url = f"{self.server.url.rstrip('/')}{self.path}"
        return Outgoing(url, tuple(self.headers.items()), self.rfile.read(int(length)))

    def _answer(self, reply: Reply) -> None:
        fields = [*reply.headers, ("Content-Length", str(len(reply.body)))]
        if self.close_connection:
            fields.append(("Connection", "close"))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        start = f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n"
        self.wfile.write(f"{start}{head}\r\n".encode("latin-1", "replace") + reply.body)

    def _withhold_answer(self, error: DeliveryError) -> None:
        """Reset the connection, or wait until the sender closes it."""
        self.close_connection = True
        if isinstance(error, BrokenConnectionError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
            return
        self.connection.settimeout(None)
        while self.rfile.read(1):
            pass

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base declares it
        """Log nothing: the command prints each request after its checks."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _url(host: str, port: int) -> str:
    """Return the URL under which this machine reaches the server."""
    return f"http://{bracketed(_WILDCARDS.get(host, host))}:{port}/"


def _bind_failure(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another with --port, or 0 for any free one"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights; choose one above 1023 with --port"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"cannot listen on {host}:{port}: {reason}"
