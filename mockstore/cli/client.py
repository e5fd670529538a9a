"""Speaks to a running mock: JSON there and back, and every failure in one line."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

import click
from click.core import ParameterSource

from mockstore.errors import InvalidInputError, MockstoreError
from mockstore.model import Json
from mockstore.world.transports.json_client import JsonClient, path_to, sendable

__all__ = ["PATIENCE", "Client", "RefusedError", "path_to"]

PATIENCE: Final = 60.0
"""Seconds that an answer may take: the mock settles deliveries while a client waits."""


class RefusedError(MockstoreError):
    """The mock refused; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """The HTTP client of the command: kept-alive connections to one mock, for one tenant.

    `token` is the control token, which goes to `/_mockstore` only.
    """

    def __init__(self, server: str, tenant: str | None = None, token: str | None = None) -> None:
        self._client = _client(server)
        self.server = self._client.url
        self._headers = {"Accept": "application/json", "Authorization": "Bearer mockstore"}
        if tenant is not None:
            self._headers["X-Tenant-ID"] = _sendable_tenant(tenant)
        self._control = {} if token is None else {"Authorization": f"Bearer {sendable(token, _told_by('token'))}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

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
        headers = self._headers | (self._control if path.startswith("/_mockstore/") else {})
        answered = self._client.ask(method, path, headers, document)
        if answered.is_problem:
            raise RefusedError(answered.status, _problem(answered.document))
        return answered.document

    def _object(self, answer: Json, expect: str) -> Json:
        if not isinstance(answer, dict) or (expect and expect not in answer):
            raise self._client.stranger("something else")
        return answer


def _client(server: str) -> JsonClient:
    try:
        return JsonClient(server, named="--server", patience=PATIENCE)
    except InvalidInputError as error:
        raise InvalidInputError(f"{_told_by('server')}: {error}", field="server") from None


def _told_by(option: str) -> str:
    """Return where the command has the value of an option from: the option itself, or the variable beside it."""
    context = click.get_current_context(silent=True)
    if context is None or context.get_parameter_source(option) is not ParameterSource.ENVIRONMENT:
        return f"--{option}"
    return next(str(one.envvar) for one in context.command.params if one.name == option)


def _problem(problem: Json) -> str:
    """Return a problem document as text: its detail if that says everything, else each error it lists."""
    detail = str(problem.get("detail") or problem["title"])
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    if all(str(error.get("message")) in detail for error in errors):
        return detail
    return "; ".join(f"{error.get('field')}: {error.get('message')}" for error in errors)


def _sendable_tenant(tenant: str) -> str:
    if not (tenant.isascii() and tenant.isprintable()):
        raise InvalidInputError(f"--tenant: {tenant!r} is no UUID", field="tenant")
    return tenant
