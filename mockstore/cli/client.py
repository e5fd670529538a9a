"""The HTTP client of the commands: sends JSON to a running mock, and reports each failure in one line."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

import click
from click.core import ParameterSource

from mockstore.errors import InvalidInputError, MockstoreError
from mockstore.model import Json
from mockstore.world.transports.json_client import JsonClient, path_to, sendable

__all__ = ["RESPONSE_TIMEOUT", "Client", "RefusedError", "path_to"]

RESPONSE_TIMEOUT: Final = 60.0
"""In seconds. It is long because a request may wait until the mock has made its deliveries."""


class RefusedError(MockstoreError):
    """The mock answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """Keep-alive connections to one mock, for one tenant.

    `token` is the control token, which is sent to `/_mockstore` only.
    """

    def __init__(self, server: str, tenant: str | None = None, token: str | None = None) -> None:
        self._client = _client(server)
        self.server = self._client.url
        self._headers = {"Accept": "application/json", "Authorization": "Bearer mockstore"}
        if tenant is not None:
            self._headers["X-Tenant-ID"] = _checked_tenant(tenant)
        self._control = {} if token is None else {"Authorization": f"Bearer {sendable(token, _source_of('token'))}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, expect: str = "", **query: str | int | None) -> Json:
        """Return the JSON object at `path`; query parameters that are None are left out.

        Raise `NoServerError` when the object lacks the member that `expect` names.
        """
        parameters = urlencode({name: value for name, value in query.items() if value is not None})
        return self._object(self.request("GET", f"{path}?{parameters}" if parameters else path), expect)

    def post(self, path: str, document: Mapping[str, Json] | None = None, expect: str = "") -> Json:
        """Post the document, and return the JSON object of the response; `expect` as for `get`."""
        return self._object(self.request("POST", path, document if document is not None else {}), expect)

    def request(self, method: str, path: str, document: Mapping[str, Json] | None = None) -> Json:
        """Return the JSON of the response, None if it has no body.

        Raise `RefusedError` for an error response, `NoServerError` when no mock answers.
        """
        headers = self._headers | (self._control if path.startswith("/_mockstore/") else {})
        response = self._client.ask(method, path, headers, document)
        if response.is_problem:
            raise RefusedError(response.status, _problem(response.document))
        return response.document

    def _object(self, answer: Json, expect: str) -> Json:
        if not isinstance(answer, dict) or (expect and expect not in answer):
            raise self._client.stranger("something else")
        return answer


def _client(server: str) -> JsonClient:
    try:
        return JsonClient(server, named="--server", patience=RESPONSE_TIMEOUT)
    except InvalidInputError as error:
        raise InvalidInputError(f"{_source_of('server')}: {error}", field="server") from None


def _source_of(option: str) -> str:
    """Return the source of an option's value: the option, or the environment variable that was set instead."""
    context = click.get_current_context(silent=True)
    if context is None or context.get_parameter_source(option) is not ParameterSource.ENVIRONMENT:
        return f"--{option}"
    return next(str(one.envvar) for one in context.command.params if one.name == option)


def _problem(problem: Json) -> str:
    """Return a problem document as text: its `detail` if that contains every error's message, else each error."""
    detail = str(problem.get("detail") or problem["title"])
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    if all(str(error.get("message")) in detail for error in errors):
        return detail
    return "; ".join(f"{error.get('field')}: {error.get('message')}" for error in errors)


def _checked_tenant(tenant: str) -> str:
    if not (tenant.isascii() and tenant.isprintable()):
        raise InvalidInputError(f"--tenant: {tenant!r} is no UUID", field="tenant")
    return tenant
