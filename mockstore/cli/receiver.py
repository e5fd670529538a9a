"""How `mockstore listen` checks and answers a request, independent of sockets."""

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

CONNECTION_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "keep-alive"})
"""Headers of one connection (hop by hop), which are not forwarded."""

Responder: TypeAlias = Callable[[Outgoing], Reply]
"""Returns the answer to a request; raises `DeliveryError` when the request is to get none."""


class Forwarder:
    """Forwards every request unchanged to another URL, and returns the answer of that URL."""

    def __init__(self, url: str, transport: Transport, timeout: timedelta) -> None:
        self._url = url
        self._transport = transport
        self._timeout = timeout

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Return the answer of the URL, or 502 with the reason when there is none."""
        headers = tuple(field for field in outgoing.headers if field[0].lower() not in CONNECTION_HEADERS)
        try:
            reply = self._transport.send(replace(outgoing, url=self._url, headers=headers), self._timeout)
        except DeliveryError as error:
            return Reply(502, (("Content-Type", "text/plain; charset=utf-8"),), f"{error}\n".encode())
        kept = tuple(field for field in reply.headers if field[0].lower() not in CONNECTION_HEADERS)
        return replace(reply, headers=kept, took=timedelta())


class Scripted:
    """Answers by a script; the last answer repeats."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._script = Script()
        self._script.will_answer(*answers)
        self._lock = Lock()

    def __call__(self, _outgoing: Outgoing) -> Reply:
        """Return the next answer; raise `DeliveryError` when the script says that there is none."""
        with self._lock:
            answer = self._script.next()
        return answer.reply()


class ReceivedRequest(Struct, frozen=True):
    """One request, with the results of its checks and the answer."""

    number: int
    at: datetime
    outgoing: Outgoing
    event: Json
    """The parsed body; None when it is not JSON."""
    verdicts: tuple[Verdict, ...] | None
    """One for each signature scheme whose headers are there; None without a secret."""
    mistakes: tuple[str, ...]
    """Violations of the schema."""
    answer: str
    """The status, or the reason why there was no answer."""

    def header(self, name: str) -> str | None:
        """Return the first value of the header, None without one; the case of its name does not matter."""
        return next((value for key, value in self.outgoing.headers if key.lower() == name.lower()), None)

    @property
    def ok(self) -> bool:
        """Whether the event is valid and, if there is a secret, the signature too."""
        return all(self.verdicts or ()) and not self.mistakes

    def document(self) -> dict[str, Json]:
        """Return the request as a JSON object."""
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
    """Checks and answers requests: a callable, as `Mockstore.subscribe` accepts it.

    `on_request` is called with each request before its answer is sent, by one thread at a time. `secret` may be set
    later, once a registration has returned it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        respond: Responder,
        *,
        on_request: Callable[[ReceivedRequest], None],
        now: Callable[[], datetime],
    ) -> None:
        self.secret: str | None = None
        self.count = 0
        self.wrong = 0
        """How many requests had a wrong signature or an invalid event."""
        self._catalogue = catalogue
        self._respond = respond
        self._on_request = on_request
        self._now = now
        self._lock = Lock()

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Return the answer; raise `DeliveryError` when the request is to get none."""
        at = self._now()
        try:
            reply = self._respond(outgoing)
        except DeliveryError as error:
            self._record(outgoing, at, str(error))
            raise
        self._record(outgoing, at, str(reply.status))
        return reply

    def _record(self, outgoing: Outgoing, at: datetime, answer: str) -> None:
        event = parsed(outgoing.body)
        mistakes = ["body: is not JSON"] if event is None else map(str, self._catalogue.mistakes(event))
        verdicts = self._verdicts(outgoing)
        with self._lock:
            self.count += 1
            received = ReceivedRequest(self.count, at, outgoing, event, verdicts, tuple(mistakes), answer)
            self.wrong += not received.ok
            self._on_request(received)

    def _verdicts(self, outgoing: Outgoing) -> tuple[Verdict, ...] | None:
        secret = self.secret
        if secret is None:
            return None
        names = schemes_in(outgoing.headers)
        return tuple(verify(outgoing.body, outgoing.headers, secret, scheme=name) for name in names)
