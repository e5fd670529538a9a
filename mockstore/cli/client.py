"""Speaks to a running mock: JSON there and back, and every failure in one line."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from mockstore.errors import InvalidInputError, MockstoreError, UnreachableError
from mockstore.model import Json
from mockstore.world.transports.location import Location, locate

PATIENCE: Final = 60.0
"""Seconds that an answer may take: the mock settles deliveries while a client waits."""
_ERRORS_FROM: Final = 400
_NO_CONTENT: Final = 204


class NoServerError(MockstoreError):
    """Nobody who understands the mock's language is there."""


class RefusedError(MockstoreError):
    """The mock refused; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """The HTTP client of the command: one kept-alive connection to one mock, for one tenant.

    `token` is the control token, which goes to `/_mockstore` only.
    """

    def __init__(self, server: str, tenant: str | None = None, token: str | None = None) -> None:
        self.server = server.rstrip("/")
        try:
            self._location = locate(self.server)
        except UnreachableError as error:
            raise InvalidInputError(f"--server: {error}", field="server") from None
        self._headers = {"Accept": "application/json", "Authorization": "Bearer mockstore"}
        if tenant is not None:
            self._headers["X-Tenant-ID"] = _sendable(tenant, "--tenant", "is no UUID")
        self._control = {} if token is None else {"Authorization": f"Bearer {_sendable(token, '--token')}"}
        self._connection = _connection(self._location)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def get(self, path: str, expect: str = "", **query: str | int | None) -> Json:
        """Return the object at `path`; members of the query that are None are left out.

        `expect` names a member that it must have; raises `NoServerError` when it has not.
        """
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return self._object(self.request("GET", f"{path}?{asked}" if asked else path), expect)

    def post(self, path: str, document: Mapping[str, Json] | None = None, expect: str = "") -> Json:
        """Return the object that the mock answers to the document, as `get` does."""
        return self._object(self.request("POST", path, document if document is not None else {}), expect)

    def request(self, method: str, path: str, document: Mapping[str, Json] | None = None) -> Json:
        """Return the answer's JSON, or None; raise `NoServerError` or `RefusedError`."""
        body = None if document is None else json.dumps(document).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        headers |= self._control if path.startswith("/_mockstore/") else {}
        base = self._location.path.rstrip("/")
        try:
            self._connection.request(method, f"{base}{path}", body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except ssl.SSLError as error:
            raise NoServerError(f"no TLS with {self.server}: {error.reason or error}") from None
        except (OSError, HTTPException) as error:
            raise NoServerError(self._absent(error)) from None
        return self._read(response, content)

    def _object(self, answer: Json, expect: str) -> Json:
        if not isinstance(answer, dict) or (expect and expect not in answer):
            raise NoServerError(self._stranger("something else"))
        return answer

    def _stranger(self, answer: str) -> str:
        return f"{self.server} answers {answer}, and not as a mockstore does; is --server right?"

    def _absent(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self.server} has not answered within {PATIENCE:g} s"
        if isinstance(error, HTTPException):
            return f"{self.server} does not answer in HTTP ({type(error).__name__}); is --server right?"
        return f"no mockstore answers at {self.server}; start one with `mockstore serve`, or say --server URL"

    def _read(self, response: HTTPResponse, content: bytes) -> Json:
        if response.status == _NO_CONTENT:
            return None
        document = _parsed(content)
        if response.status >= _ERRORS_FROM and isinstance(document, dict) and "title" in document:
            raise RefusedError(response.status, _problem(document))
        if response.status >= _ERRORS_FROM or document is None:
            raise NoServerError(self._stranger(f"{response.status} {response.reason}"))
        return document


def path_to(*steps: str) -> str:
    """Return a path, each step of it quoted."""
    return "/" + "/".join(quote(step, safe="") for step in steps)


def _connection(location: Location) -> HTTPConnection:
    if location.scheme == "https":
        return HTTPSConnection(location.host, location.port, timeout=PATIENCE)
    return HTTPConnection(location.host, location.port, timeout=PATIENCE)


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _problem(problem: Json) -> str:
    """Return a problem document as text: its detail if that says everything, else each error it lists."""
    detail = str(problem.get("detail") or problem["title"])
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    if all(str(error.get("message")) in detail for error in errors):
        return detail
    return "; ".join(f"{error.get('field')}: {error.get('message')}" for error in errors)


def _sendable(value: str, option: str, what: str = "cannot go in a header") -> str:
    if not (value.isascii() and value.isprintable()):
        found = f"{value!r} " if option != "--token" else "that "
        raise InvalidInputError(f"{option}: {found}{what}", field=option.removeprefix("--"))
    return value
