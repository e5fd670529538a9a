"""The scripted answers of a receiver: a status, a late one, or none. Pure."""

import re
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import BrokenConnectionError, InvalidInputError, ReceiverTimeoutError
from mockstore.model import Headers, Outcome, Reply

_WRITTEN = re.compile(r"(?P<status>[1-5]\d\d)(?:\s+after\s+(?P<after>.+))?")


class Answer(Struct, frozen=True):
    """One answer of a receiver; `outcome` is `timeout` or `reset` when there is no answer."""

    status: int = 200
    """200 by default."""
    body: bytes = b""
    """Empty by default."""
    headers: Headers = ()
    """Header fields, as pairs of name and value."""
    after: timedelta = timedelta()
    """How long the receiver takes, in virtual time."""
    outcome: Outcome | None = None

    @classmethod
    def timeout(cls) -> "Answer":
        """Return an answer that never comes: the sender's timeout passes."""
        return cls(outcome=Outcome.TIMEOUT)

    @classmethod
    def reset(cls) -> "Answer":
        """Return an answer that never comes: the connection is reset."""
        return cls(outcome=Outcome.RESET)

    def reply(self) -> Reply:
        """Return the reply as a transport does; raise `DeliveryError` for an answer that never comes."""
        if self.outcome is Outcome.TIMEOUT:
            raise ReceiverTimeoutError("no answer (scripted timeout)")
        if self.outcome is Outcome.RESET:
            raise BrokenConnectionError("the connection was reset (scripted)")
        return Reply(self.status, self.headers, self.body, took=self.after)


def answer(told: "Answer | int | str | timedelta") -> Answer:
    """Accept an Answer, a status, a time to take before 200, or text (`503`, `timeout`, `reset`, `200 after 6s`)."""
    if isinstance(told, Answer):
        return told
    if isinstance(told, timedelta):
        return Answer(after=told)
    if isinstance(told, int):
        return _with_status(told)
    text = told.strip()
    if text in ("timeout", "reset"):
        return Answer(outcome=Outcome(text))
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise InvalidInputError(f"{told!r} is no answer; write a status, timeout, reset, or for instance 200 after 6s")
    after = parse_duration(written["after"]) if written["after"] else timedelta()
    return Answer(int(written["status"]), after=after)


def answers(told: str) -> tuple[Answer, ...]:
    """Read a list, `503,503,200`."""
    return tuple(answer(one) for one in told.split(",") if one.strip())


def _with_status(status: int) -> Answer:
    if not 100 <= status <= 599:  # noqa: PLR2004 - RFC 9110, 15
        raise InvalidInputError(f"{status} is no HTTP status; allowed are 100 to 599")
    return Answer(status)


class Script:
    """A list of answers to give in turn, of which the last repeats."""

    def __init__(self) -> None:
        self._queue: list[Answer] = []
        self._repeated = Answer()

    def will_answer(self, *told: Answer | int | str | timedelta) -> None:
        """Replace what is left of the script; without any, answer 200 from now on."""
        self._queue = [answer(one) for one in told]
        self._repeated = self._queue[-1] if self._queue else Answer()

    def next(self) -> Answer:
        """Return the next answer."""
        return self._queue.pop(0) if self._queue else self._repeated

    @property
    def left(self) -> Iterable[Answer]:
        """The answers that are left before the last one repeats."""
        return tuple(self._queue)
