"""Speaks to a server: JSON there and back over kept-alive connections, from any thread; every failure in one line."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import Final
from urllib.parse import quote, urlencode

from mockstore.errors import InvalidInputError, MockstoreError, UnreachableError
from mockstore.model import Json
from mockstore.remote.refusals import refusal
from mockstore.world.transports.location import Location, locate

PATIENCE: Final = 120.0
"""Seconds that an answer may take: an advance comes back when all that fell due on the way has been delivered."""
_TENANT: Final = "X-Tenant-ID"
_ERRORS_FROM: Final = 400
_NO_CONTENT: Final = 204
_NO_ENTRY: Final = frozenset({401, 403})


class NoServerError(MockstoreError):
    """No server of ours is there, or none that lets us in, or one of another version."""


class Wire:
    """The way to one server, for one tenant; None is the pool that all share."""

    def __init__(self, url: str, *, tenant: str | None, token: str | None) -> None:
        self.url = url.rstrip("/")
        self._location = _located(self.url)
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {_sendable(token)}"
        if tenant is not None:
            self._headers[_TENANT] = tenant
        self._idle: list[HTTPConnection] = []
        self._lock = Lock()
        self._closed = False

    def get(self, *steps: str, **query: str | None) -> Json:
        """Return the document at a path under `/_mockstore`; members of the query that are None are left out."""
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return self.ask("GET", path_to(*steps) + (f"?{asked}" if asked else ""))

    def post(self, *steps: str, **document: Json) -> Json:
        """Return what is answered to a document."""
        return self.ask("POST", path_to(*steps), document)

    def delete(self, *steps: str) -> None:
        """Have something forgotten."""
        self.ask("DELETE", path_to(*steps))

    def ask(self, method: str, path: str, document: Mapping[str, Json] | None = None) -> Json:
        """Return the answer's JSON, or None; raise `NoServerError`, or what a Mockstore in this process would."""
        body = None if document is None else json.dumps(document).encode()
        with self._connection() as connection:
            try:
                response, content = self._exchange(connection, method, path, body)
            except ssl.SSLError as error:
                raise NoServerError(f"no TLS with {self.url}: {error.reason or error}") from None
            except (OSError, HTTPException) as error:
                raise NoServerError(self._absent(error)) from None
        return self._read(response, content)

    def close(self) -> None:
        """Give back the connections."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for connection in idle:
            connection.close()

    def _exchange(
        self, connection: HTTPConnection, method: str, path: str, body: bytes | None
    ) -> tuple[HTTPResponse, bytes]:
        """Ask; once more when the server has closed the connection since it was last used."""
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        target = self._location.path.rstrip("/") + path
        was_used = connection.sock is not None
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
        except (ConnectionError, BrokenPipeError):
            connection.close()
            if not was_used:
                raise
            connection.request(method, target, body, headers)
            response = connection.getresponse()
        return response, response.read()

    @contextmanager
    def _connection(self) -> Iterator[HTTPConnection]:
        """Lend a connection that nobody else uses; one that failed is not kept."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            kind = HTTPSConnection if self._location.scheme == "https" else HTTPConnection
            connection = kind(self._location.host, self._location.port, timeout=PATIENCE)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()  # somebody was still waiting for news

    def _read(self, response: HTTPResponse, content: bytes) -> Json:
        if response.status == _NO_CONTENT:
            return None
        document = _parsed(content)
        is_problem = isinstance(document, dict) and "title" in document
        if response.status in _NO_ENTRY and is_problem:
            raise NoServerError(
                f"{self.url} does not let us in; give its control token by Mockstore.connect(url, token=…), "
                f"--mockstore-token or MOCKSTORE_CONTROL_TOKEN ({response.status} {response.reason})"
            )
        if response.status >= _ERRORS_FROM and is_problem:
            raise refusal(response.status, document)
        if response.status >= _ERRORS_FROM or not isinstance(document, dict):
            raise NoServerError(
                f"{self.url} answers {response.status} {response.reason}, and not as a mockstore does: is it one?"
            )
        return document

    def _absent(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self.url} has not answered within {PATIENCE:g} s"
        if isinstance(error, HTTPException) and not isinstance(error, OSError):
            return f"{self.url} does not answer in HTTP ({type(error).__name__}); is the URL right?"
        return f"no mockstore answers at {self.url}; start one with `mockstore serve`, or say where it is"


def path_to(*steps: str) -> str:
    """Return the path of a control route, each step of it quoted."""
    return "/".join(("/_mockstore", *(quote(step, safe="") for step in steps)))


def _located(url: str) -> Location:
    """Return where a URL is; raise `InvalidInputError` for what is none."""
    try:
        return locate(url)
    except UnreachableError as error:
        raise InvalidInputError(f"{url!r} is no URL of a server: {error}", field="url") from None


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _sendable(token: str) -> str:
    if not (token.isascii() and token.isprintable() and token.strip()):
        raise InvalidInputError("the control token must be printable ASCII", field="token")
    return token.strip()
