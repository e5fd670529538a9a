"""A JSON client for a mockstore server: keeps connections alive, is safe for threads, explains failures in one line."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from mockstore.errors import InvalidInputError, NoServerError, UnreachableError
from mockstore.model import Json
from mockstore.world.transports.location import Location, locate

_ERRORS_FROM: Final = 400
_BAD_REQUEST: Final = 400
_NO_CONTENT: Final = 204


class Answered(Struct, frozen=True):
    """A response of a mockstore server; `document` is its JSON, a problem document, or None without a body."""

    status: int
    reason: str
    document: Json

    @property
    def is_problem(self) -> bool:
        """Whether the server refused the request or failed: a status of 400 or above."""
        return self.status >= _ERRORS_FROM


class JsonClient:
    """A client for one server; errors name the option that gave its URL as `named` (`--server`).

    `patience` is the timeout of a request in seconds. Raises `InvalidInputError` when `url` is no URL.
    """

    def __init__(self, url: str, *, named: str, patience: float) -> None:
        self.url = url.rstrip("/")
        self._named = named
        self._patience = patience
        self._location = _located(self.url)
        self._idle: list[HTTPConnection] = []
        self._lock = Lock()
        self._closed = False
        self._was_there = False

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], document: Mapping[str, Json] | None = None
    ) -> Answered:
        """Send a request and return the response; raise `NoServerError` when no mockstore server answers."""
        __tracebackhide__ = True
        body = None if document is None else json.dumps(document).encode()
        fields = dict(headers) | ({"Content-Type": "application/json"} if body is not None else {})
        with self._connection() as connection:
            try:
                response, content = self._exchange(connection, method, path, fields, body)
            except (OSError, HTTPException) as error:
                raise NoServerError(self._absent(error)) from None
        return self._read(response, content)

    def stranger(self, answer: str) -> NoServerError:
        """Return the error for a response that is not from a mockstore server."""
        return NoServerError(f"{self.url} answers {answer}, and not as a mockstore does; is {self._named} right?")

    def close(self) -> None:
        """Close the connections; one in use is closed after its response."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for connection in idle:
            connection.close()

    def _exchange(
        self, connection: HTTPConnection, method: str, path: str, fields: dict[str, str], body: bytes | None
    ) -> tuple[HTTPResponse, bytes]:
        """Send the request; send it again when the server has closed the kept connection."""
        target = self._location.path.rstrip("/") + path
        was_used = connection.sock is not None
        try:
            connection.request(method, target, body, fields)
            response = connection.getresponse()
        except ConnectionError:
            connection.close()
            if not was_used:
                raise
            connection.request(method, target, body, fields)
            response = connection.getresponse()
        return response, response.read()

    @contextmanager
    def _connection(self) -> Iterator[HTTPConnection]:
        """Yield a connection that no other thread uses; close it after an exception, otherwise keep it."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            kind = HTTPSConnection if self._location.scheme == "https" else HTTPConnection
            connection = kind(self._location.host, self._location.port, timeout=self._patience)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()  # the client was closed during a long request

    def _read(self, response: HTTPResponse, content: bytes) -> Answered:
        plain = self._location.scheme == "http" and not self._was_there
        if plain and response.status == _BAD_REQUEST and b"HTTPS" in content:
            raise NoServerError(f"{self.url} speaks TLS; write https://{self._location.authority}")
        document = None if response.status == _NO_CONTENT else _parsed(content)
        is_problem = isinstance(document, dict) and "title" in document
        fits = is_problem if response.status >= _ERRORS_FROM else document is not None
        if not fits and response.status != _NO_CONTENT:
            raise self.stranger(f"{response.status} {response.reason}")
        self._was_there = True
        return Answered(response.status, response.reason, document)

    def _absent(self, error: OSError | HTTPException) -> str:
        if isinstance(error, ssl.SSLError):
            return self._no_tls(error)
        if isinstance(error, TimeoutError):
            return f"{self.url} has not answered within {self._patience:g} s"
        if isinstance(error, HTTPException) and not isinstance(error, OSError):
            return f"{self.url} does not answer in HTTP ({type(error).__name__}); is {self._named} right?"
        if self._was_there:
            return (
                f"the mockstore at {self.url} does not answer any more ({type(error).__name__}): it was stopped, or "
                f"broke down; its log says more"
            )
        if isinstance(error, ConnectionResetError):  # http.client's RemoteDisconnected is one
            hint = f"if it speaks TLS, write https://{self._location.authority}"
            hint = hint if self._location.scheme == "http" else "its log says more"
            return f"{self.url} breaks the connection off without an answer; {hint}"
        return f"no mockstore answers at {self.url}; start one with `mockstore serve`, or say {self._elsewhere}"

    def _no_tls(self, error: ssl.SSLError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self.url} is not trusted ({error.verify_message.rstrip('.')}); if it is one of "
                f"your own, say in SSL_CERT_FILE which file holds the certificates that are"
            )
        return f"no TLS with {self.url}: {error.reason or error}; if it speaks plain HTTP, write http://"

    @property
    def _elsewhere(self) -> str:
        return f"{self._named} URL" if self._named.startswith("-") else "where it is"


def path_to(*steps: str) -> str:
    """Return the path made of `steps`, each of them percent-encoded."""
    return "/" + "/".join(quote(step, safe="") for step in steps)


def sendable(value: str, what: str) -> str:
    """Return `value` stripped, to be sent in a header; raise `InvalidInputError`, which does not show the value."""
    if not (value.isascii() and value.isprintable() and value.strip()):
        raise InvalidInputError(f"{what} cannot go in a header: it must be printable ASCII", field="token")
    return value.strip()


def _located(url: str) -> Location:
    try:
        return locate(url)
    except UnreachableError as error:
        raise InvalidInputError(str(error), field="url") from None


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return None
