"""From a server's problem document back to the error that a Mockstore in this process raises. Pure."""

from collections.abc import Mapping

from mockstore.errors import InvalidInputError, MockstoreError
from mockstore.model import Json
from mockstore.web.error_documents import error_of


def refusal(problem: Mapping[str, Json]) -> MockstoreError:
    """Return the error that the problem tells of; its text is the problem's detail.

    A problem that is no error of a Mockstore, such as an unknown route, is an `InvalidInputError`.
    """
    detail = str(problem.get("detail") or problem["title"])
    told = error_of(problem["error"], detail) if "error" in problem else None
    return told or InvalidInputError(detail)
