"""The sockets of `mockstore listen`: HTTP/1.1 with kept-alive connections, each answer in one write."""

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
"""The largest body that is taken."""
_WILDCARDS: Final = MappingProxyType({"0.0.0.0": "127.0.0.1", "::": "::1"})  # noqa: S104 - what to call instead of them
_RESET: Final = pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing the socket resets the connection."""


class ReceivingServer(ThreadingHTTPServer):
    """Hands each POST to `take`. Bound when it is made; raises `StartupError` for an address that cannot be had."""

    daemon_threads = True

    def __init__(self, host: str, port: int, take: Callable[[Outgoing], Reply]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.take = take
        self.stopping = Event()
        self.failure: BaseException | None = None
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise StartupError(_why(error, host, port)) from None
        self.url = _url(host, self.server_address[1])

    def server_bind(self) -> None:
        """Bind, without asking the DNS for the name of this machine as the standard library does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def run(self) -> None:
        """Serve until an interrupt; raise what went wrong on a thread."""
        self.serve_forever(poll_interval=0.05)
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Give the port back."""
        self.stopping.set()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Ignore a connection that broke; nothing else gets here."""

    def fail(self, error: BaseException) -> None:
        """Bring an error home to the thread that runs the server, which stops."""
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
            reply = self.server.take(outgoing)
        except DeliveryError as silence:
            self._be_silent(silence)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that waits
            self.server.fail(error)
        else:
            self.server.stopping.wait(reply.took.total_seconds())
            self._answer(reply)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Refuse every other method: the base class looks for one called `do_GET`."""
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def _refuse(self) -> None:
        self.close_connection = True
        self._answer(Reply(405, (("Allow", "POST"),), b"deliveries are POSTs\n"))

    def _read(self) -> Outgoing | None:
        """Return the request; None when it was refused."""
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

    def _be_silent(self, silence: DeliveryError) -> None:
        """Reset the connection, or say nothing until the sender gives up."""
        self.close_connection = True
        if isinstance(silence, BrokenConnectionError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
            return
        self.connection.settimeout(None)
        while self.rfile.read(1):
            pass

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base declares it
        """Say nothing: each delivery is told once it was judged."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _url(host: str, port: int) -> str:
    """Return where this machine reaches it."""
    return f"http://{bracketed(_WILDCARDS.get(host, host))}:{port}/"


def _why(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another with --port, or 0 for any free one"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights; choose one above 1023 with --port"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"cannot listen on {host}:{port}: {reason}"
