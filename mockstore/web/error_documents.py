"""Our errors as JSON without loss, and back: for a test that uses a Mockstore on a server. Pure."""

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
"""Modules of the classes that are not in `mockstore.errors`; imported when such an error comes."""


def error_document(error: MockstoreError) -> Document:
    """Return the class of the error and the members that it declares; the text travels as the problem's detail."""
    kind = type(error)
    return {
        "class": kind.__name__,
        "members": {name: to_json(getattr(error, name)) for name in get_type_hints(kind)},
    }


def error_of(document: Json, text: str) -> MockstoreError | None:
    """Return the error that `error_document` made the document of; None when its class is not known here."""
    name = str(document["class"])
    kind = getattr(import_module(_ELSEWHERE.get(name, "mockstore.errors")), name, None)
    if not (isinstance(kind, type) and issubclass(kind, MockstoreError)):
        return None
    error = kind.__new__(kind, text)  # its `__init__` would compose the text anew, from what does not travel
    for member, hint in get_type_hints(kind).items():
        setattr(error, member, from_json(hint, document["members"][member]))
    return error
