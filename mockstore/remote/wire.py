"""Sends requests to the control routes of a server, and raises the errors of a Mockstore in this process."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from mockstore.errors import NoServerError
from mockstore.model import Json
from mockstore.remote.refusals import refusal
from mockstore.world.transports import json_client
from mockstore.world.transports.json_client import Answered, JsonClient, sendable

TIMEOUT_SECONDS: Final = 120.0
"""The timeout of a request in seconds; `advance` returns only when everything due has been delivered."""
_TENANT: Final = "X-Tenant-ID"
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = frozenset({403, 421})


class Wire:
    """A client of one tenant on a server; None is the shared tenant."""

    def __init__(self, url: str, *, tenant: str | None, token: str | None) -> None:
        self._client = JsonClient(url, named="the URL", patience=TIMEOUT_SECONDS)
        self.url = self._client.url
        self.request_count = 0
        """The number of requests so far."""
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {sendable(token, 'the control token')}"
        if tenant is not None:
            self._headers[_TENANT] = tenant

    def get(self, *steps: str, **query: str | None) -> Json:
        """Return the document at a path below `/_mockstore`; query parameters that are None are left out."""
        __tracebackhide__ = True
        encoded = urlencode({name: value for name, value in query.items() if value is not None})
        return self.ask("GET", path_to(*steps) + (f"?{encoded}" if encoded else ""))

    def post(self, *steps: str, **document: Json) -> Json:
        """Send a document by POST, and return the document in the response."""
        __tracebackhide__ = True
        return self.ask("POST", path_to(*steps), document)

    def delete(self, *steps: str) -> None:
        """Send a DELETE request."""
        __tracebackhide__ = True
        self.ask("DELETE", path_to(*steps))

    def ask(self, method: str, path: str, document: Mapping[str, Json] | None = None) -> Json:
        """Return the JSON of the response, None without any; raise `NoServerError` or the error of the server."""
        __tracebackhide__ = True
        self.request_count += 1
        answered = self._client.ask(method, path, self._headers, document)
        if answered.is_problem:
            raise self._access_error(answered) or refusal(answered.document)
        if not isinstance(answered.document, dict | None):
            raise self.stranger("something else")
        return answered.document

    def stranger(self, answer: str) -> NoServerError:
        """Return the error for a response that is not a mockstore's."""
        return self._client.stranger(answer)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _access_error(self, answered: Answered) -> NoServerError | None:
        if answered.status in _FORBIDDEN:
            return NoServerError(f"{self.url} does not let us in: {answered.document.get('detail')}")
        if answered.status != _UNAUTHORIZED:
            return None
        found = "does not take this control token" if "Authorization" in self._headers else "asks for its control token"
        return NoServerError(
            f"{self.url} {found}; give the one that it was started with, or has printed, by --mockstore-token, "
            f"MOCKSTORE_CONTROL_TOKEN or Mockstore.connect(url, token=…)"
        )


def path_to(*steps: str) -> str:
    """Return the path of a control route, with each step percent-encoded."""
    return json_client.path_to("_mockstore", *steps)
