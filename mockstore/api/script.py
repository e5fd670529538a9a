"""Scripted answers of operations: the status, the delay, and broken bodies. Pure."""

import json
from collections import deque
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from mockstore.answers import Answer, answer
from mockstore.api.exchange import ClientResponse
from mockstore.api.near import known_operation
from mockstore.errors import InvalidInputError
from mockstore.petstore.operation import PROBLEM, Operation
from mockstore.web.documents import problem_document
from mockstore.web.limits import full_allowance

BROKEN_JSON: Final = "broken json"
_HEADERS: Final = MappingProxyType({401: ("WWW-Authenticate", "Bearer"), 429: ("Retry-After", "1")})
"""The header that a problem with this status must have (contract 2)."""
_FIRST_REFUSAL: Final = 400


class Way(StrEnum):
    """How the answer of an operation is made."""

    REAL = "real"
    """The operation is carried out, and its answer is sent."""
    CUT = "cut"
    """The operation is carried out, and its answer is sent with half of the body."""
    REFUSED = "refused"
    """The operation is not carried out; the answer is a problem."""
    GIVEN = "given"
    """The operation is not carried out; the answer is the one in the script, or none."""


class Entry(Struct, frozen=True):
    """One entry of a script."""

    way: Way
    answer: Answer

    @property
    def is_carried_out(self) -> bool:
        """Whether the operation is carried out."""
        return self.way in (Way.REAL, Way.CUT)

    @property
    def after(self) -> timedelta:
        """The delay of the answer in virtual time."""
        return self.answer.after

    def answered(self, path: str) -> ClientResponse:
        """Return the answer of an operation that is not carried out."""
        if self.way is Way.GIVEN:
            return ClientResponse(self.answer.status, self.answer.headers, self.answer.body)
        return problem(self.answer.status, "so it was scripted", path)


class _Queue(Struct):
    entries: deque[Entry]
    then: Entry | None
    """The answer after all entries; None means the real one."""

    def next(self) -> Entry | None:
        return self.entries.popleft() if self.entries else self.then


class Script(Struct):
    """The scripts of all operations."""

    _queues: dict[str, _Queue] = field(default_factory=dict)

    def will_answer(self, operation: str, *answers: Answer | int | str | timedelta, then_normal: bool) -> None:
        """Replace the script of the operation; see `PetstoreApi.will_answer`."""
        known = known_operation(operation)
        entries = [_entry(known, one) for one in answers]
        self._queues[known.id] = _Queue(deque(entries), None if then_normal or not entries else entries[-1])

    def next(self, operation: str) -> Entry | None:
        """Return the next entry for a call of the operation; None means the real answer."""
        queue = self._queues.get(operation)
        return queue.next() if queue is not None else None


def problem(status: int, detail: str, path: str) -> ClientResponse:
    """Return a problem as the API renders it, with the headers that all its responses have."""
    document = json.dumps(problem_document(status, detail, instance=path)).encode()
    headers = [
        ("Content-Type", PROBLEM),
        ("Content-Length", str(len(document))),
        *full_allowance(None).headers().items(),
    ]
    extra = _HEADERS.get(status)
    return ClientResponse(status, (*headers, *([extra] if extra else [])), document)


def cut(whole: ClientResponse) -> ClientResponse:
    """Return the answer with half of its body and the matching `Content-Length`: HTTP is valid, the JSON broken."""
    half = whole.body[: len(whole.body) // 2]
    return replace(whole, body=half).with_header("Content-Length", str(len(half)))


def _entry(known: Operation, scripted: Answer | int | str | timedelta) -> Entry:
    if isinstance(scripted, Answer):
        return Entry(Way.GIVEN, scripted)
    if isinstance(scripted, timedelta):
        return Entry(Way.REAL, Answer(after=scripted))
    if isinstance(scripted, str) and scripted.strip().lower() == BROKEN_JSON:
        return Entry(Way.CUT, _breakable(known))
    try:
        read = answer(scripted)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{scripted!r} is no answer; write a status, timeout, reset, {BROKEN_JSON}, or for instance 200 after 6s"
            if isinstance(scripted, str)
            else str(error)
        ) from None
    if read.outcome is not None:
        return Entry(Way.GIVEN, read)
    if read.status >= _FIRST_REFUSAL:
        return Entry(Way.REFUSED, read)
    return Entry(Way.REAL, _success(known, read))


def _success(known: Operation, read: Answer) -> Answer:
    """Return the answer if the operation can succeed with its status; raise `InvalidInputError` otherwise."""
    if read.status in known.success:
        return read
    allowed = " or ".join(map(str, known.success))
    raise InvalidInputError(
        f"{known.id} never answers {_named(read.status)}: it succeeds with {allowed}. To answer it all the same, say "
        f"with what: Answer({read.status}, b'…')"
    )


def _breakable(known: Operation) -> Answer:
    """Return the answer to cut; raise `InvalidInputError` if the operation answers without a body."""
    if any(one.content for one in known.success.values()):
        return Answer()
    raise InvalidInputError(f"{known.id} answers without a body: there is no JSON to break")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
