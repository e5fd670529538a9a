"""The HTTP server around an app: accepts as soon as it has started, and stops when the answers under way are out."""

import logging
import socket
import ssl
from contextlib import suppress
from threading import Lock, Thread, current_thread
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Self

from cheroot.makefile import MakeFile
from cheroot.wsgi import Server as CherootServer

from mockstore.settings import Settings
from mockstore.web.connections import Connection, Gateway, ShortWay
from mockstore.web.listener import BACKLOG, address_of, listening_socket, tls_context
from mockstore.web.pool import Pool

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOG: Final = logging.getLogger(__name__)

_PATIENCE_SECONDS: Final = 10
"""How long a stop waits for the answers under way."""
_SILENCE_SECONDS: Final = 30
"""How long a client may be silent, amid a request or between two."""
_LOOK_SECONDS: Final = 5
"""How often silent connections are looked for."""
_HEADER_LIMIT: Final = 64 * 1024


class Server:
    """A running server, as a context manager.

    Raises `StartupError` in the caller's thread when it cannot listen. Port 0 takes any free port; `url` says which.
    What `short` takes never gets to the app.
    """

    def __init__(self, app: "WSGIApplication", settings: Settings, short: ShortWay | None = None) -> None:
        self._app = app
        self._short = short
        self._settings = settings
        self._http: _Http | None = None
        self._thread: Thread | None = None
        self.host = settings.host
        self.port = settings.port

    @property
    def url(self) -> str:
        """Where it is reached from this machine, without a slash at the end."""
        scheme = "http" if self._settings.tls_certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Listen; when this returns, a request is answered."""
        tls = tls_context(self._settings)
        listening = listening_socket(self._settings)
        self.host, self.port = address_of(listening)
        self._http = _Http(listening, self._app, self._settings, tls, self._short)
        self._http.prepare()
        self._thread = Thread(target=self._http.run, name="mockstore-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing new, let the answers under way end, close the connections. A second call does nothing."""
        if self._http is None or self._thread is None:
            return
        self._http.leave((self.host, self.port))
        self._thread.join()
        self._http.stop()
        self._http = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _LeaveError(SystemExit):
    """Takes the accepting thread out of cheroot's loop, which otherwise looks up only now and then."""


class _Http(CherootServer):
    """cheroot with a socket, a pool and connections of ours."""

    ConnectionClass = Connection
    keep_alive_conn_limit: Any = None
    expiration_interval = _LOOK_SECONDS
    max_request_header_size = _HEADER_LIMIT

    def __init__(
        self,
        listening: socket.socket,
        app: "WSGIApplication",
        settings: Settings,
        tls: ssl.SSLContext | None,
        short: ShortWay | None,
    ) -> None:
        super().__init__(
            listening.getsockname()[:2],
            app,
            server_name="mockstore",
            request_queue_size=BACKLOG,
            timeout=_SILENCE_SECONDS,
            shutdown_timeout=_PATIENCE_SECONDS,
        )
        self._listening = listening
        self._keeping = Lock()
        self._leaving = False
        self._accepting: Thread | None = None
        self._refusing: Thread | None = None
        self.gateway = Gateway
        self.short = short
        self.requests = Pool(self, settings.requests)
        self.body_limit = settings.body_limit
        self.ssl_adapter = None if tls is None else _Tls(tls)

    def run(self) -> None:
        """Accept connections until `leave` is called."""
        self._accepting = current_thread()
        with suppress(_LeaveError):
            self.serve()

    def stop(self) -> None:
        """Do what cheroot does, and wait for the thread that it forgets."""
        super().stop()
        if self._refusing is not None:
            self._refusing.join()

    def _serve_unservicable(self) -> None:
        self._refusing = current_thread()
        super()._serve_unservicable()  # type: ignore[misc]  # the types of cheroot leave it out

    def leave(self, address: tuple[str, int]) -> None:
        """Let `run` return; `address` is where this machine reaches the server."""
        with self._keeping:
            self._leaving = True
        with suppress(OSError):
            socket.create_connection(address, timeout=1).close()  # wakes the thread that waits for connections

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002, ARG002 - as cheroot names them
        """Take the socket that listens already."""
        self.socket = self._listening
        return self._listening

    def process_conn(self, conn: Connection) -> None:
        """Let a thread serve the connection; a new one waits for its first bytes without a thread."""
        if self._leaving and current_thread() is self._accepting:
            conn.close()
            raise _LeaveError
        if conn.last_used is None:
            self.put_conn(conn)
        else:
            super().process_conn(conn)

    def put_conn(self, conn: Connection) -> None:
        """Keep an idle connection for its next request, unless the server is about to stop."""
        with self._keeping:
            if not self._leaving:
                super().put_conn(conn)
                return
        conn.close()

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - as cheroot declares it
        """Log what is ours to correct as it is, and what clients do as detail."""
        _LOG.log(level if level >= logging.ERROR else logging.DEBUG, "%s", msg, exc_info=traceback)


class _Tls:
    """TLS as cheroot asks for it. The handshake is made with the first bytes, on the thread that reads them."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, str]]:
        """Return the socket with TLS on it, and what the WSGI environment is to say of it."""
        secured = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return secured, {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = 8192) -> IO[bytes]:
        """Return the socket as a file."""
        file: IO[bytes] = MakeFile(sock, mode, bufsize)
        return file
