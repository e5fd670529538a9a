"""Converts a server's problem document to the error that a Mockstore in this process would raise. Pure."""

from collections.abc import Mapping

from mockstore.errors import InvalidInputError, MockstoreError
from mockstore.model import Json
from mockstore.web.error_documents import error_of


def refusal(problem: Mapping[str, Json]) -> MockstoreError:
    """Return the error in the problem document, with its detail as the text.

    A problem without an error of a Mockstore, such as an unknown route, becomes an `InvalidInputError`.
    """
    detail = str(problem.get("detail") or problem["title"])
    error = error_of(problem["error"], detail) if "error" in problem else None
    return error or InvalidInputError(detail)
