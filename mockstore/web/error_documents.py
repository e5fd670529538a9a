"""Converts our errors to JSON and back without loss, for tests that use a Mockstore on a server. Pure."""

from importlib import import_module
from types import MappingProxyType
from typing import Final, get_type_hints

from mockstore.errors import MockstoreError
from mockstore.model import Json
from mockstore.web.documents import Document
from mockstore.web.records import from_json, to_json

_ELSEWHERE: Final = MappingProxyType(
    {
        "ConflictError": "mockstore.petstore.errors",
        "CredentialsError": "mockstore.petstore.errors",
        "TokenError": "mockstore.petstore.errors",
        "ValidationError": "mockstore.petstore.errors",
        "InvalidScenarioError": "mockstore.scenario.mistakes",
    }
)
"""Modules of error classes that are not in `mockstore.errors`; imported when needed."""


def error_document(error: MockstoreError) -> Document:
    """Return the error's class and declared members; its text is sent as the problem's `detail`."""
    kind = type(error)
    return {
        "class": kind.__name__,
        "members": {name: to_json(getattr(error, name)) for name in get_type_hints(kind)},
    }


def error_of(document: Json, text: str) -> MockstoreError | None:
    """Return the error from which `error_document` made the document; None for an unknown class."""
    name = str(document["class"])
    kind = getattr(import_module(_ELSEWHERE.get(name, "mockstore.errors")), name, None)
    if not (isinstance(kind, type) and issubclass(kind, MockstoreError)):
        return None
    error = kind.__new__(kind, text)  # `__init__` would compose the text from arguments that were not sent
    for member, hint in get_type_hints(kind).items():
        setattr(error, member, from_json(hint, document["members"][member]))
    return error
