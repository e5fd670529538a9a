"""Errors as problem documents (RFC 9457), never as HTML. One table maps errors to status codes."""

import logging
from collections.abc import Sequence

from flask import Flask, Response, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, InternalServerError

from mockstore.errors import (
    EndlessChainError,
    InvalidInputError,
    InvalidPayloadError,
    MockstoreError,
    NotFoundError,
    StoppingError,
    StoreUnavailableError,
)
from mockstore.petstore.errors import ConflictError, CredentialsError, FieldMistake, ValidationError
from mockstore.web.documents import PROBLEM_TYPE, Document, instance_of, problem_document
from mockstore.web.error_documents import error_document

STATUSES: Sequence[tuple[type[MockstoreError], int]] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (CredentialsError, 401),
    (InvalidInputError, 422),
    (EndlessChainError, 409),
    (StoreUnavailableError, 503),
    (StoppingError, 503),
)
"""The first class that matches decides; other errors of ours are 500."""

CONFLICTS = frozenset({"disabled", "too_many_webhooks"})
"""Codes of an `InvalidInputError` that concern the state of a resource, not the request: 409."""

_CONTROL = "/_mockstore/"
"""Below this path, a problem has the error's class and members as well, for `mockstore.remote`."""

_UNPROCESSABLE = 422
_UNAUTHORIZED = 401
_UNAVAILABLE = 503
_CONFLICT = 409
_COME_BACK_SECONDS = 1
"""`Retry-After` when the database is unavailable, in seconds."""


def register(app: Flask) -> None:
    """Make the app answer every error with a problem document."""
    app.register_error_handler(MockstoreError, _refused)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(Exception, _broken)


def problem(status: int, detail: str, **members: object) -> Response:
    """Return a problem as a response; `members` are further members of the document."""
    document: Document = problem_document(status, detail, instance=instance_of(request.path)) | members
    return Response(current_app.json.dumps(document), status, mimetype=PROBLEM_TYPE)


def _refused(error: MockstoreError) -> Response:
    whole = {"error": error_document(error)} if request.path.startswith(_CONTROL) else {}
    if isinstance(error, InvalidInputError) and error.code in CONFLICTS:
        return problem(_CONFLICT, str(error), code=error.code, **whole)
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    if status != _UNPROCESSABLE or not isinstance(error, InvalidInputError):
        answer = problem(status, str(error), **whole)
        if status == _UNAUTHORIZED:
            answer.www_authenticate = WWWAuthenticate("bearer")
        if status == _UNAVAILABLE:
            answer.headers["Retry-After"] = str(_COME_BACK_SECONDS)
        return answer
    errors = [{"field": one.field, "message": one.message, "code": one.code} for one in _mistakes(error)]
    return problem(status, str(error), errors=errors, **whole)


def _mistakes(error: InvalidInputError) -> Sequence[FieldMistake]:
    if isinstance(error, ValidationError):
        return error.mistakes
    if isinstance(error, InvalidPayloadError):
        lines = [mistake.partition(": ") for mistake in error.mistakes]
        return [FieldMistake(path, text, error.code) for path, _, text in lines]
    return [FieldMistake(error.field or "", str(error), error.code)]


def _failed(error: HTTPException) -> Response:
    status = error.code or 500
    detail = error.description if error.description != type(error).description else None
    answer = problem(status, detail or _DETAILS.get(status, "{description}").format_map(_Words(error)))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


class _Words(dict[str, str]):
    """The values that a text of `_DETAILS` may contain."""

    def __init__(self, error: HTTPException) -> None:
        limit = current_app.config["MAX_CONTENT_LENGTH"]
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        super().__init__(
            path=request.path,
            elsewhere=_ELSEWHERE if request.path in _DOORS else "",
            method=request.method,
            allowed=allowed,
            limit=f"{limit:,}",
            description=error.description or error.name,
        )


_DOORS = frozenset({"/", "/v1", "/v1/"})
"""Paths that new users try first; a 404 there has a hint."""
_ELSEWHERE = "; the API is below /v1, described at /v1/docs, and the page to watch and cause deliveries is /_mockstore/"

_DETAILS = {
    404: "there is nothing at {path}{elsewhere}",
    405: "{path} does not take {method}; allowed: {allowed}",
    413: "the body is larger than the {limit} bytes that are allowed",
}
"""Texts in place of werkzeug's descriptions."""


def _broken(error: Exception) -> Response:
    logging.getLogger(__name__).error("%s %s went wrong", request.method, request.path, exc_info=error)
    if "tenant" in g:
        g.tenant.mockstore.note(error)
    return problem(InternalServerError.code, f"something went wrong here: {type(error).__name__}; the log says more")
