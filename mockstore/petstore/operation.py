"""The types of the table of operations: an operation, its request body and its responses. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from mockstore.petstore.need import Auth

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
EVENT_STREAM: Final = "text/event-stream"
FORM: Final = "multipart/form-data"
IMAGES: Final = ("image/gif", "image/jpeg", "image/png", "image/webp")

PARAMETER: Final = re.compile(r"\{([A-Za-z]+)\}")
_ALWAYS: Final = (422, 429, 500, 503)
"""Statuses of every operation: invalid tenant id, rate limit, unexpected error, database unavailable."""
_WITH_BODY: Final = (413, 415)


class Body(Struct, frozen=True):
    """The body of a request."""

    content: Mapping[str, str]
    """By media type: the kind of the schema."""
    required: bool = True


class Answer(Struct, frozen=True):
    """A response."""

    text: str
    content: Mapping[str, str | None] = field(default_factory=dict)
    """By media type: the kind of the schema, or None when the body is not JSON."""
    headers: tuple[str, ...] = ()
    """Names of its header fields, without those that every response has."""

    @property
    def kind(self) -> str | None:
        """The kind of the schema of its JSON body, or None when it has no such body."""
        return self.content.get(JSON, self.content.get(PROBLEM))


class Operation(Struct, frozen=True):
    """One operation of the API."""

    id: str
    method: str
    path: str
    """A template below the base path, such as `/pets/{petId}`."""
    tag: str
    summary: str
    auth: Auth
    success: Mapping[int, Answer]
    body: Body | None = None
    filters: str | None = None
    """The kind of the schema of its query parameters, or None when it has none."""
    refusals: tuple[int, ...] = ()
    """Statuses of errors that follow from the rules of this operation."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path parameters, from left to right."""
        return tuple(PARAMETER.findall(self.path))

    @property
    def request_kind(self) -> str | None:
        """The kind of the schema of its JSON request body, or None when it has no such body."""
        return None if self.body is None else self.body.content.get(JSON)

    @property
    def responses(self) -> dict[int, Answer]:
        """All possible responses by status, in ascending order of the status."""
        statuses = {*_ALWAYS, *self.refusals}
        if self.parameters:
            statuses.add(404)
        if self.auth is not Auth.NONE:
            statuses.add(401)
        if self.body is not None:
            statuses.update(_WITH_BODY)
        if self.request_kind is not None:
            statuses.add(400)
        answers = {**self.success, **{status: REFUSALS[status] for status in statuses}}
        return dict(sorted(answers.items()))


def _refusal(text: str, *headers: str) -> Answer:
    return Answer(text, MappingProxyType({PROBLEM: "problem"}), headers)


REFUSALS: Final[Mapping[int, Answer]] = MappingProxyType(
    {
        400: _refusal("The request cannot be read; for instance, its body is no JSON."),
        401: _refusal("A token is missing, invalid or expired, or the credentials are wrong.", "WWW-Authenticate"),
        404: _refusal("There is no such resource."),
        409: _refusal("The resource is in a state that does not allow this; for webhooks, `code` says which."),
        413: _refusal("The body is too large."),
        415: _refusal("The body is of a media type that is not understood."),
        422: _refusal("The request breaks its schema or a rule; `errors` names every mistake."),
        429: _refusal("Too many calls; `Retry-After` says when to come back.", "Retry-After"),
        500: _refusal("Something went wrong in the service."),
        503: _refusal("The database is unavailable; `Retry-After` says when to call again.", "Retry-After"),
    }
)
"""The error responses, by status."""
