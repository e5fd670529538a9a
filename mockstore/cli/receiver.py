"""What `mockstore listen` does with a request: judges it and answers. It knows no sockets."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mockstore.answers import Answer, Script
from mockstore.cli.verify import schemes_in
from mockstore.errors import DeliveryError
from mockstore.events import Catalogue, rfc3339
from mockstore.model import Json, Outgoing, Reply
from mockstore.signing import Verdict, verify
from mockstore.source import parsed
from mockstore.world.seams import Transport

CONNECTION_FIELDS = frozenset({"host", "content-length", "transfer-encoding", "connection", "keep-alive"})
"""Fields that belong to one connection; the next one has its own."""


Responder: TypeAlias = Callable[[Outgoing], Reply]
"""Finds the answer; raises the `DeliveryError` of one that never comes."""


class Forwarder:
    """Answers as another URL does, to which it sends every request on, signature and all."""

    def __init__(self, url: str, transport: Transport, timeout: timedelta) -> None:
        self._url = url
        self._transport = transport
        self._timeout = timeout

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Return the answer, or 502 with the reason when there is none."""
        headers = tuple(field for field in outgoing.headers if field[0].lower() not in CONNECTION_FIELDS)
        try:
            reply = self._transport.send(replace(outgoing, url=self._url, headers=headers), self._timeout)
        except DeliveryError as error:
            return Reply(502, (("Content-Type", "text/plain; charset=utf-8"),), f"{error}\n".encode())
        kept = tuple(field for field in reply.headers if field[0].lower() not in CONNECTION_FIELDS)
        return replace(reply, headers=kept, took=timedelta())


class Scripted:
    """Answers by a script, whose last answer repeats."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._script = Script()
        self._script.will_answer(*answers)
        self._one_at_a_time = Lock()

    def __call__(self, _outgoing: Outgoing) -> Reply:
        """Return the next answer, or raise the `DeliveryError` of one that never comes."""
        with self._one_at_a_time:
            answer = self._script.next()
        return answer.reply()


class Taken(Struct, frozen=True):
    """One request that came in, and everything there is to say about it."""

    number: int
    at: datetime
    outgoing: Outgoing
    event: Json
    """The body as JSON; None when it is none."""
    verdicts: tuple[Verdict, ...] | None
    """One for each signature scheme that the headers speak; None without a secret."""
    mistakes: tuple[str, ...]
    """What breaks the schema."""
    answer: str
    """A status, or how the answer failed."""

    def header(self, name: str) -> str | None:
        """Return the first value of the field, whatever its case."""
        return next((value for key, value in self.outgoing.headers if key.lower() == name.lower()), None)

    @property
    def well(self) -> bool:
        """Whether the signature is genuine, as far as it was judged, and the event valid."""
        return all(self.verdicts or ()) and not self.mistakes

    def document(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {
            "number": self.number,
            "at": rfc3339(self.at),
            "headers": [list(field) for field in self.outgoing.headers],
            "body": self.outgoing.body.decode("utf-8", "replace"),
            "event": self.event,
            "signatures": None
            if self.verdicts is None
            else [
                {"scheme": one.scheme, "ok": one.ok, "reason": str(one.reason), "message": one.message}
                for one in self.verdicts
            ],
            "mistakes": list(self.mistakes),
            "answer": self.answer,
        }


class Receiver:
    """Takes deliveries one after the other: a plain callable, as `Mockstore.subscribe` wants it.

    `tell` gets each request before it is answered. `secret` may be set later, when a registration has made it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        respond: Responder,
        *,
        tell: Callable[[Taken], None],
        now: Callable[[], datetime],
    ) -> None:
        self.secret: str | None = None
        self.count = 0
        self.wrong = 0
        """How many were not genuine, or not valid."""
        self._catalogue = catalogue
        self._respond = respond
        self._tell = tell
        self._now = now
        self._one_at_a_time = Lock()

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Return the answer; raise the `DeliveryError` of one that never comes."""
        at = self._now()
        try:
            reply = self._respond(outgoing)
        except DeliveryError as silence:
            self._take(outgoing, at, str(silence))
            raise
        self._take(outgoing, at, str(reply.status))
        return reply

    def _take(self, outgoing: Outgoing, at: datetime, answer: str) -> None:
        event = parsed(outgoing.body)
        mistakes = ["body: is not JSON"] if event is None else map(str, self._catalogue.mistakes(event))
        verdicts = self._verdicts(outgoing)
        with self._one_at_a_time:
            self.count += 1
            taken = Taken(self.count, at, outgoing, event, verdicts, tuple(mistakes), answer)
            self.wrong += not taken.well
            self._tell(taken)

    def _verdicts(self, outgoing: Outgoing) -> tuple[Verdict, ...] | None:
        secret = self.secret
        if secret is None:
            return None
        names = schemes_in(outgoing.headers)
        return tuple(verify(outgoing.body, outgoing.headers, secret, scheme=name) for name in names)
