"""Asks a server for a test elsewhere: what is below `/_mockstore`, with the errors of a Mockstore in this process."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from mockstore.errors import NoServerError
from mockstore.model import Json
from mockstore.remote.refusals import refusal
from mockstore.world.transports import json_client
from mockstore.world.transports.json_client import Answered, JsonClient, sendable

PATIENCE: Final = 120.0
"""Seconds that an answer may take: an advance comes back when all that fell due on the way has been delivered."""
_TENANT: Final = "X-Tenant-ID"
_UNAUTHORIZED: Final = 401
_NO_ENTRY: Final = frozenset({403, 421})


class Wire:
    """The way to one server, for one tenant; None is the pool that all share."""

    def __init__(self, url: str, *, tenant: str | None, token: str | None) -> None:
        self._client = JsonClient(url, named="the URL", patience=PATIENCE)
        self.url = self._client.url
        self.asked = 0
        """How many requests there have been."""
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {sendable(token, 'the control token')}"
        if tenant is not None:
            self._headers[_TENANT] = tenant

    def get(self, *steps: str, **query: str | None) -> Json:
        """Return the document at a path under `/_mockstore`; members of the query that are None are left out."""
        __tracebackhide__ = True
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return self.ask("GET", path_to(*steps) + (f"?{asked}" if asked else ""))

    def post(self, *steps: str, **document: Json) -> Json:
        """Return what is answered to a document."""
        __tracebackhide__ = True
        return self.ask("POST", path_to(*steps), document)

    def delete(self, *steps: str) -> None:
        """Have something forgotten."""
        __tracebackhide__ = True
        self.ask("DELETE", path_to(*steps))

    def ask(self, method: str, path: str, document: Mapping[str, Json] | None = None) -> Json:
        """Return the answer's JSON, or None; raise `NoServerError`, or what a Mockstore in this process would."""
        __tracebackhide__ = True
        self.asked += 1
        answered = self._client.ask(method, path, self._headers, document)
        if answered.is_problem:
            raise self._no_entry(answered) or refusal(answered.document)
        if not isinstance(answered.document, dict | None):
            raise self.stranger("something else")
        return answered.document

    def stranger(self, answer: str) -> NoServerError:
        """Return the error for an answer that is not ours."""
        return self._client.stranger(answer)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _no_entry(self, answered: Answered) -> NoServerError | None:
        if answered.status in _NO_ENTRY:
            return NoServerError(f"{self.url} does not let us in: {answered.document.get('detail')}")
        if answered.status != _UNAUTHORIZED:
            return None
        found = "does not take this control token" if "Authorization" in self._headers else "asks for its control token"
        return NoServerError(
            f"{self.url} {found}; give the one that it was started with, or has printed, by --mockstore-token, "
            f"MOCKSTORE_CONTROL_TOKEN or Mockstore.connect(url, token=…)"
        )


def path_to(*steps: str) -> str:
    """Return the path of a control route, each step of it quoted."""
    return json_client.path_to("_mockstore", *steps)
