"""The HTTP server for a WSGI app: cheroot with our own socket, thread pool and connections."""

import logging
import socket
import ssl
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from cheroot.wsgi import Server as CherootServer

from mockstore.settings import Settings
from mockstore.web.client_timeout import SLICE
from mockstore.web.connections import Connection, FastPath, Gateway
from mockstore.web.idle_connections import IdleConnections
from mockstore.web.limits import full_allowance
from mockstore.web.listener import BACKLOG, address_of, listening_socket, tls_context
from mockstore.web.pool import Pool

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOG: Final = logging.getLogger(__name__)

_STOP_SECONDS: Final = 10
"""How long `stop` waits for requests that are being answered."""
_KEEP_ALIVE_SECONDS: Final = 30
"""The timeout in the header `Keep-Alive`, which HTTP/1.0 clients get."""
_HEADER_LIMIT: Final = 64 * 1024


class Server:
    """A running server, as a context manager.

    Raises `StartupError` in the caller's thread when it cannot listen. Port 0 takes any free port; `url` has the one
    taken. Requests that `fast_path` answers never reach the app.
    """

    def __init__(self, app: "WSGIApplication", settings: Settings, fast_path: FastPath | None = None) -> None:
        self._app = app
        self._fast_path = fast_path
        self._settings = settings
        self._http: _Http | None = None
        self._thread: Thread | None = None
        self.host = settings.host
        self.port = settings.port

    @property
    def url(self) -> str:
        """The base URL as seen from this machine, without a slash at the end."""
        scheme = "http" if self._settings.tls_certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Listen, and start the server thread; requests are answered from when this returns."""
        tls = tls_context(self._settings)
        listening = listening_socket(self._settings)
        self.host, self.port = address_of(listening)
        self._http = _Http(listening, self._app, self._settings, tls, self._fast_path)
        self._http.prepare()
        self._thread = Thread(target=self._http.run, name="mockstore-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, finish the requests being answered, close all connections. A second call does nothing."""
        if self._http is None or self._thread is None:
            return
        self._http.stop()
        self._thread.join()
        self._http = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _Http(CherootServer):
    """cheroot with our own listening socket, thread pool, connection manager and connections."""

    ConnectionClass = Connection
    max_request_header_size = _HEADER_LIMIT

    def __init__(
        self,
        listening: socket.socket,
        app: "WSGIApplication",
        settings: Settings,
        tls: ssl.SSLContext | None,
        fast_path: FastPath | None,
    ) -> None:
        super().__init__(
            listening.getsockname()[:2],
            app,
            server_name="mockstore",
            request_queue_size=BACKLOG,
            timeout=_KEEP_ALIVE_SECONDS,
            shutdown_timeout=_STOP_SECONDS,
        )
        self._listening = listening
        self.gateway = Gateway
        self.fast_path = fast_path
        self.requests = Pool(self, settings.requests)
        self.body_limit = settings.body_limit
        self.allowance = full_allowance(settings.rate_limit)
        self.ssl_adapter = None if tls is None else _Tls(tls)

    def prepare(self) -> None:
        """Do what cheroot does, with `IdleConnections` in place of its connection manager."""
        super().prepare()
        self._connections.close()  # type: ignore[has-type]  # the types of cheroot leave it out
        self._connections = IdleConnections(self._listening, self._connection, self.requests.put, self.fast_path)

    def run(self) -> None:
        """Accept connections until `stop` is called."""
        self._connections.run()

    def _connection(self, sock: socket.socket, address: Any) -> Connection:  # noqa: ANN401 - it depends on the address family
        environment = dict[str, str]()
        if self.ssl_adapter is not None:
            sock, environment = self.ssl_adapter.wrap(sock)
        sock.settimeout(SLICE)
        conn = Connection(self, sock)
        conn.remote_addr, conn.remote_port = address[:2]
        conn.ssl_env = environment
        return conn

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002, ARG002 - as cheroot names them
        """Use our own socket, which listens already."""
        self.socket = self._listening
        return self._listening

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - as cheroot declares it
        """Log errors of the server at their own level, and errors of clients at DEBUG."""
        _LOG.log(level if level >= logging.ERROR else logging.DEBUG, "%s", msg, exc_info=traceback)


class _Tls:
    """The TLS adapter for cheroot. The thread that reads the first bytes does the handshake."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, str]]:
        """Return the socket with TLS, and the WSGI environment variables for it."""
        secured = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return secured, {"wsgi.url_scheme": "https", "HTTPS": "on"}
