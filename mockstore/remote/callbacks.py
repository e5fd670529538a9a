"""Serves the apps of this process to a mockstore server elsewhere, and keeps the exceptions that they raise."""

from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_address
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from mockstore.delivery.judge import judge
from mockstore.errors import ConsumerError, DeliveryError, InvalidInputError, StartupError
from mockstore.model import Attempt, Outgoing, Reply
from mockstore.provider import Provider
from mockstore.world.clock import random_uuid
from mockstore.world.transports.router import Router, is_loopback

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mockstore.web.server import Server

RAISED: Final = "Mockstore-Raised"
"""The response header with the number of the exception behind the response."""
LOOPBACK: Final = "127.0.0.1"


class Callbacks:
    """The mounted apps, each at its own path, on one free port, which is opened for the first app.

    `host` is the host name by which the server reaches this process; unless it is loopback, listens on all interfaces.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._router = Router.of_apps()
        self._server: Server | None = None
        self._provider: Provider | None = None
        self._failures: dict[str, DeliveryError | BaseException] = {}
        self._numbers = count(1)
        self._run = random_uuid()
        self._lock = Lock()

    def address(self, target: object, path: str, provider: Provider) -> str:
        """Mount an app if it is not mounted yet, and return its URL for webhooks."""
        if not path.startswith("/"):
            raise InvalidInputError(f"the path {path!r} must start with a slash", field="path")
        mounted = self._router.mount_app(target)
        self._provider = provider
        server = self._running_server()
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{server.port}/{mounted}{path}"

    def completed(self, attempt: Attempt, provider: Provider) -> Attempt:
        """Return the attempt as if the app had been called in process, with the exception that it raised."""
        if attempt.reply is None:
            return attempt
        number = next((value for name, value in attempt.reply.headers if name.lower() == RAISED.lower()), None)
        failure = self._failures.get(number) if number is not None else None
        if failure is None:
            return attempt
        if not isinstance(failure, DeliveryError):  # the app's framework turned it into a response
            headers = tuple(field for field in attempt.reply.headers if field[1] != number)
            return replace(attempt, reply=replace(attempt.reply, headers=headers, exception=failure), exception=failure)
        verdict = judge(failure, provider)
        raised = failure.__cause__ if isinstance(failure, ConsumerError) else None
        return replace(attempt, outcome=verdict.outcome, error=verdict.error, status=None, reply=None, exception=raised)

    def close(self) -> None:
        """Stop serving, and unmount all apps."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._router.close()

    def _running_server(self) -> "Server":
        with self._lock:
            if self._server is None:
                self._server = _start(self._answer, LOOPBACK if is_loopback(self._host) else _wildcard(self._host))
            return self._server

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        reply = self._reply(_outgoing(environ))
        phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else "-"
        start_response(f"{reply.status} {phrase}", _headers_of(reply))
        return [reply.body]

    def _reply(self, outgoing: Outgoing) -> Reply:
        assert self._provider is not None  # noqa: S101 - an app is mounted before any request
        try:
            reply = self._router.send(outgoing, self._provider.timeout)
        except DeliveryError as error:
            return Reply(500, ((RAISED, self._keep(error)),), str(error).encode())
        if reply.exception is None:
            return reply
        return replace(reply, headers=(*reply.headers, (RAISED, self._keep(reply.exception))))

    def _keep(self, failure: BaseException) -> str:
        number = f"{self._run}-{next(self._numbers)}"
        self._failures[number] = failure
        return number


def _start(app: object, host: str) -> "Server":
    from mockstore.settings import Settings  # noqa: PLC0415 - needed for the server only
    from mockstore.web.server import Server  # noqa: PLC0415 - loads cheroot

    server = Server(app, Settings(host=host, port=0))  # type: ignore[arg-type]  # a WSGI app, as a method
    try:
        server.start()
    except StartupError as error:
        raise StartupError(f"the apps of this process cannot be served to the mock: {error}") from None
    return server


def _wildcard(host: str) -> str:
    try:
        return "::" if ip_address(host).version == 6 else "0.0.0.0"  # noqa: PLR2004, S104 - the server is elsewhere
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - likewise


def _outgoing(environ: "WSGIEnvironment") -> Outgoing:
    """Return the request for the app: the first segment of the path is the host at which the app is mounted."""
    raw = str(environ.get("REQUEST_URI") or environ["PATH_INFO"])
    path, _, query = raw.partition("?")
    host, _, rest = path.lstrip("/").partition("/")
    url = f"http://{host}/{rest}" + (f"?{query}" if query else "")
    names = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}
    names |= {name: name[5:].replace("_", "-").title() for name in environ if name.startswith("HTTP_")}
    unwanted = ("HTTP_HOST", "HTTP_CONNECTION", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
    headers = tuple((names[name], str(environ[name])) for name in names if environ.get(name) and name not in unwanted)
    stream = environ["wsgi.input"]
    body = stream.read(int(environ["CONTENT_LENGTH"])) if environ.get("CONTENT_LENGTH") else stream.read()
    return Outgoing(url, headers, body, str(environ["REQUEST_METHOD"]))


def _headers_of(reply: Reply) -> list[tuple[str, str]]:
    unwanted = {"content-length", "connection", "transfer-encoding"}
    fields = [field for field in reply.headers if field[0].lower() not in unwanted]
    return [*fields, ("Content-Length", str(len(reply.body)))]
