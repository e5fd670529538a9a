"""What an operation answers instead of the truth: which status, how late, how broken. Pure."""

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
from mockstore.api.exchange import Answered
from mockstore.api.near import known_operation
from mockstore.errors import InvalidInputError
from mockstore.petstore.operation import PROBLEM, Operation
from mockstore.web.documents import problem_document
from mockstore.web.limits import full_allowance

BROKEN_JSON: Final = "broken json"
_HEADERS: Final = MappingProxyType({401: ("WWW-Authenticate", "Bearer"), 429: ("Retry-After", "1")})
"""What a refusal cannot do without (contract 2)."""
_FIRST_REFUSAL: Final = 400


class Way(StrEnum):
    """How an operation comes to its answer."""

    TRUE = "true"
    """It does its work, and answers as ever."""
    CUT = "cut"
    """It does its work, and half of the answer's body arrives."""
    REFUSED = "refused"
    """It does nothing, and answers a problem."""
    GIVEN = "given"
    """It does nothing, and answers what the test has given, or not at all."""


class Told(Struct, frozen=True):
    """One entry of a script."""

    way: Way
    answer: Answer

    @property
    def does_its_work(self) -> bool:
        """Whether the operation is carried out."""
        return self.way in (Way.TRUE, Way.CUT)

    @property
    def after(self) -> timedelta:
        """How long the answer takes, in virtual time."""
        return self.answer.after

    def answered(self, path: str) -> Answered:
        """Return the answer of an operation that does not do its work."""
        if self.way is Way.GIVEN:
            return Answered(self.answer.status, self.answer.headers, self.answer.body)
        return problem(self.answer.status, "so it was scripted", path)


class _Queue(Struct):
    entries: deque[Told]
    then: Told | None
    """What comes after them; None is the truth."""

    def next(self) -> Told | None:
        return self.entries.popleft() if self.entries else self.then


class Script(Struct):
    """The scripts of all operations."""

    _queues: dict[str, _Queue] = field(default_factory=dict)

    def will_answer(self, operation: str, *told: Answer | int | str | timedelta, then_normal: bool) -> None:
        """Replace what is left of the operation's script; see `PetstoreApi.will_answer`."""
        known = known_operation(operation)
        entries = [_entry(known, one) for one in told]
        self._queues[known.id] = _Queue(deque(entries), None if then_normal or not entries else entries[-1])

    def next(self, operation: str) -> Told | None:
        """Return what a call of the operation gets; None is the truth."""
        queue = self._queues.get(operation)
        return queue.next() if queue is not None else None


def problem(status: int, detail: str, path: str) -> Answered:
    """Return a problem as the API words it, with the header fields that every answer of it has."""
    document = json.dumps(problem_document(status, detail, instance=path)).encode()
    headers = [
        ("Content-Type", PROBLEM),
        ("Content-Length", str(len(document))),
        *full_allowance(None).headers().items(),
    ]
    extra = _HEADERS.get(status)
    return Answered(status, (*headers, *([extra] if extra else [])), document)


def cut(whole: Answered) -> Answered:
    """Return an answer with half of its body, and a length that says so: what arrives is complete, and broken."""
    half = whole.body[: len(whole.body) // 2]
    return replace(whole, body=half).with_header("Content-Length", str(len(half)))


def _entry(known: Operation, told: Answer | int | str | timedelta) -> Told:
    if isinstance(told, Answer):
        return Told(Way.GIVEN, told)
    if isinstance(told, timedelta):
        return Told(Way.TRUE, Answer(after=told))
    if isinstance(told, str) and told.strip().lower() == BROKEN_JSON:
        return Told(Way.CUT, _breakable(known))
    try:
        read = answer(told)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{told!r} is no answer; write a status, timeout, reset, {BROKEN_JSON}, or for instance 200 after 6s"
            if isinstance(told, str)
            else str(error)
        ) from None
    if read.outcome is not None:
        return Told(Way.GIVEN, read)
    if read.status >= _FIRST_REFUSAL:
        return Told(Way.REFUSED, read)
    return Told(Way.TRUE, _success(known, read))


def _success(known: Operation, read: Answer) -> Answer:
    """Return it when the operation succeeds with this status."""
    if read.status in known.success:
        return read
    allowed = " or ".join(map(str, known.success))
    raise InvalidInputError(
        f"{known.id} never answers {_named(read.status)}: it succeeds with {allowed}. To answer it all the same, say "
        f"with what: Answer({read.status}, b'…')"
    )


def _breakable(known: Operation) -> Answer:
    """Return the answer that is to be cut, when there is anything to cut."""
    if any(one.content for one in known.success.values()):
        return Answer()
    raise InvalidInputError(f"{known.id} answers without a body: there is no JSON to break")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
