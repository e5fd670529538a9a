"""From a server's problem document back to the error that a Mockstore in this process raises. Pure."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mockstore.errors import (
    InvalidInputError,
    InvalidPayloadError,
    MockstoreError,
    NotFoundError,
    UnknownEventTypeError,
    UnknownPathError,
)
from mockstore.model import Json
from mockstore.petstore.errors import ConflictError, FieldMistake, ValidationError

_MISSING: Final = re.compile(r"no (?P<kind>[\w -]+) '(?P<id>[^']*)'")
_UNKNOWN_EVENT: Final = re.compile(r"unknown event type '(?P<name>.*?)': .*known types: (?P<known>.*)", re.DOTALL)
_UNKNOWN_PATH: Final = re.compile(
    r"no member at '(?P<path>.*?)'; nearest: (?P<near>.*)\. To send it all the same", re.DOTALL
)
_BROKEN: Final = re.compile(r"the (?P<type>\S+) payload breaks its schema:")
_STATE: Final = re.compile(
    r"cannot (?P<wanted>.+): (?P<kind>\w+) '(?P<id>[^']*)' is (?P<status>.+), which allows: (?P<allowed>.*)"
)
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


def refusal(status: int, problem: Mapping[str, Json]) -> MockstoreError:
    """Return the error that the problem tells of; its text is the problem's detail."""
    detail = str(problem.get("detail") or problem["title"])
    errors = [one for one in problem.get("errors") or [] if isinstance(one, dict)]
    if status == _NOT_FOUND and (missing := _MISSING.fullmatch(detail)):
        return NotFoundError(missing["kind"], missing["id"])
    if status == _CONFLICT:
        return _conflict(detail, str(problem.get("code", "conflict")))
    first = errors[0] if errors else {}
    code = str(first.get("code", "invalid"))
    special = _SPECIAL.get(code, _of_a_document)(detail, errors)
    if special is not None and str(special) == detail:
        return special
    return InvalidInputError(detail, field=first.get("field") or None, code=code)


def _conflict(detail: str, code: str) -> MockstoreError:
    told = _STATE.fullmatch(detail)
    if told is None:
        return InvalidInputError(detail, field="status" if code == "disabled" else None, code=code)
    allowed = [] if told["allowed"] == "nothing more" else told["allowed"].split(", ")
    return ConflictError(told["kind"], told["id"], status=told["status"], wanted=told["wanted"], allowed=allowed)


def _of_a_document(_detail: str, errors: list[Json]) -> MockstoreError | None:
    mistakes = [FieldMistake(*(str(one.get(name)) for name in ("field", "message", "code"))) for one in errors]
    return ValidationError(mistakes) if mistakes else None


def _unknown_event(detail: str, _errors: list[Json]) -> MockstoreError | None:
    told = _UNKNOWN_EVENT.fullmatch(detail)
    return None if told is None else UnknownEventTypeError(told["name"], told["known"].split(", "))


def _unknown_path(detail: str, _errors: list[Json]) -> MockstoreError | None:
    told = _UNKNOWN_PATH.match(detail)
    return None if told is None else UnknownPathError(told["path"], told["near"].split(", "))


def _broken(detail: str, errors: list[Json]) -> MockstoreError | None:
    told = _BROKEN.match(detail)
    mistakes = [f"{one.get('field')}: {one.get('message')}" for one in errors]
    return None if told is None else InvalidPayloadError(told["type"], mistakes)


_SPECIAL: Final[Mapping[str, Callable[[str, list[Json]], MockstoreError | None]]] = MappingProxyType(
    {"unknown_event": _unknown_event, "unknown_path": _unknown_path, "invalid_payload": _broken}
)
"""Errors with evidence of their own, by their codes."""
