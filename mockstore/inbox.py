"""A receiver that captures what it is sent, and checks it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from string import Formatter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from mockstore.answers import Answer, Script
from mockstore.collection import Check, Collection, any_type
from mockstore.errors import DeliveryError, NotFoundError
from mockstore.model import Headers, Json, Outgoing, Reply
from mockstore.news import News
from mockstore.provider import Provider
from mockstore.redacted import Redacted
from mockstore.signing import SCHEMES
from mockstore.source import parsed

if TYPE_CHECKING:
    from mockstore.handles import Webhook
    from mockstore.signing import Verdict


_SLACK: Final = 10
"""One n-th more than the limit may be kept for a while: removing one costs as much as removing many."""
_DIGITS: Final = 9
"""The number of an attempt has at most so many digits; Python refuses to convert very long ones."""


class Expected(Redacted, frozen=True):
    """What a captured request is checked against: the sender's rules and the secrets that may sign."""

    untold = frozenset({"secret"})

    provider: Provider
    secret: Callable[[], str]


class Received(Struct, frozen=True):
    """One captured request."""

    url: str
    """The URL that it was sent to."""
    headers: Headers
    """The headers in order, as pairs of name and value."""
    body: bytes
    """The exact bytes."""
    answer: str
    """What the inbox answered: a status or the way it failed."""
    arrival: int
    """How often the same body had come so far, this request included."""
    expected: Expected

    @property
    def size(self) -> int:
        """How many bytes were captured."""
        return len(self.body) + len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def header(self, name: str) -> str | None:
        """Return the first value of the header field, whatever its case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def event(self) -> Json:
        """The event as a plain dict; None when the body is not JSON."""
        return parsed(self.body)

    @property
    def type(self) -> str:
        """The event type in the body; an empty text when there is none."""
        event = self.event
        return str(event.get("eventType", "")) if isinstance(event, dict) else ""

    @property
    def data(self) -> Json:
        """The event's data; None when there is none."""
        event = self.event
        return event.get("data") if isinstance(event, dict) else None

    @property
    def attempt(self) -> int:
        """The number of the attempt from the headers; without one, how often these bytes have come."""
        named = next((name for name, value in self.expected.provider.headers.items() if value == "{attempt}"), "")
        number = self.header(named) or ""
        return int(number) if number.isdecimal() and len(number) <= _DIGITS else self.arrival

    @property
    def signature(self) -> "Verdict":
        """The result of the signature check, by the first scheme whose headers are present."""
        return next(iter(self._verdicts()))

    def assert_valid(self) -> None:
        """Raise `AssertionError` with every mistake of schema, signature and headers at once."""
        __tracebackhide__ = True
        mistakes = [*self._schema_mistakes(), *self._header_mistakes()]
        mistakes += [f"signature: {verdict.message}" for verdict in self._verdicts() if not verdict.ok]
        if mistakes:
            listed = "\n".join(f"  {mistake}" for mistake in mistakes)
            raise AssertionError(f"received {self.type or 'a request'} is not valid:\n{listed}\n{self.summary()}")

    def assert_nothing_extra(self) -> None:
        """Raise `AssertionError` when the event has a member that its schema does not know."""
        __tracebackhide__ = True
        extras = self.expected.provider.catalogue.extras(self.event)
        if extras:
            raise AssertionError(f"received {self.type} has members that its schema does not know: {', '.join(extras)}")

    def summary(self) -> str:
        """Return its type, id, attempt and answer on one line."""
        event = self.event
        id_ = event.get("id", "?") if isinstance(event, dict) else f"{len(self.body)} bytes that are no JSON object"
        return f"{self.type or '(no event type)'} {id_} attempt {self.attempt}: answered {self.answer}"

    def __repr__(self) -> str:
        return f"<Received {self.summary()}>"

    def _verdicts(self) -> "list[Verdict]":
        from mockstore.signing import verify  # noqa: PLC0415 - most never need the doctor

        provider = self.expected.provider
        present = [name for name, scheme in SCHEMES.items() if any(self.header(one) for one in scheme.headers)]
        return [
            verify(self.body, self.headers, self.expected.secret(), scheme=name)
            for name in present or provider.signatures[:1]
        ]

    def _schema_mistakes(self) -> list[str]:
        if self.event is None:
            return ["body: is not JSON"]
        return [str(mistake) for mistake in self.expected.provider.catalogue.mistakes(self.event)]

    def _header_mistakes(self) -> list[str]:
        event = self.event if isinstance(self.event, dict) else {}
        fields = {"event_id": event.get("id"), "event_type": event.get("eventType"), "attempt": self.attempt}
        told = {name: value for name, value in fields.items() if value is not None}  # what is missing is told already
        templates = self.expected.provider.headers.items()
        wanted = {name: template.format_map(told) for name, template in templates if _can_fill(template, told)}
        wanted |= {"Content-Type": "application/json"}
        return [
            f"header {name}: expected {value!r}, found {self.header(name)!r}"
            for name, value in wanted.items()
            if self.header(name) != value
        ]


def _can_fill(template: str, fields: Mapping[str, object]) -> bool:
    return all(name is None or name in fields for _, name, _, _ in Formatter().parse(template))


class Captured(Collection[Received]):
    """The captures of an inbox of one type or pattern. Live, and read-only."""

    if not TYPE_CHECKING:  # whose checker is to know that there are no such verbs

        def __getattr__(self, name: str) -> object:
            """Explain where the verbs of an inbox are, when one is called here."""
            error = AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            if name in ("will_answer", "clear", "webhook"):
                error.add_note(
                    f"inbox.of(…) only reads: say inbox.{name}, or open an inbox for these types: "
                    f"mockstore.open_inbox(…)"
                )
            raise error


class Inbox(Collection[Received]):
    """Captures deliveries in the order of their arrival, and answers as told (200 by default); a collection.

    With `keep`, no more than a tenth more than so many are remembered, the latest ones, and with `keep_bytes` no more
    than so many bytes of them. After `Mockstore.reset` there is no such inbox any more: whatever it is asked or told
    then raises `NotFoundError`.
    """

    webhook: "Webhook"
    """Its own registration."""

    def __init__(
        self, news: News, *, keep: int | None = None, keep_bytes: int | None = None, check: Check = any_type
    ) -> None:
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._bytes = 0
        self._captured: list[Received] = []
        self._arrivals: dict[bytes, int] = {}
        self._forgotten = False
        super().__init__(self._remembered, news.wait_for, noun="received delivery", check=check)
        self._news = news
        self._script = Script()

    def will_answer(self, *answers: Answer | int | str | timedelta) -> None:
        """Answer in turn: statuses, `"timeout"`, `"reset"`, a timedelta to take, or an Answer; the last repeats."""
        self._must_be_there()
        self._script.will_answer(*answers)

    def clear(self) -> None:
        """Remove all captured requests and scripted answers."""
        self._must_be_there()
        self._captured, self._arrivals, self._bytes = [], {}, 0
        self._script.will_answer()

    def forget(self) -> None:
        """End, as its webhook was removed: from now on every question raises `NotFoundError`."""
        self.clear()
        self._forgotten = True

    def _remembered(self) -> Sequence[Received]:
        self._must_be_there()
        return self._captured

    def _must_be_there(self) -> None:
        if self._forgotten:
            error = NotFoundError("inbox", self.webhook.id)
            error.add_note("It was forgotten by mockstore.reset(); open another one: mockstore.open_inbox()")
            raise error

    def take(self, outgoing: Outgoing, expected: Expected) -> Reply:
        """Capture the request and answer it; raise the `DeliveryError` of an answer that never comes."""
        answer = self._script.next()
        try:
            reply = answer.reply()
        except DeliveryError as silence:
            self._capture(outgoing, expected, str(silence))
            raise
        self._capture(outgoing, expected, str(reply.status))
        return reply

    def _capture(self, outgoing: Outgoing, expected: Expected, answer: str) -> None:
        arrival = self._arrivals[outgoing.body] = self._arrivals.get(outgoing.body, 0) + 1
        received = Received(outgoing.url, outgoing.headers, outgoing.body, answer, arrival, expected)
        self._captured.append(received)
        self._bytes += received.size
        if self._keep is not None and len(self._captured) > self._keep + self._keep // _SLACK:
            self._forget_oldest(len(self._captured) - self._keep)
        while self._keep_bytes is not None and self._bytes > self._keep_bytes:
            self._forget_oldest(1)
        self._news.tell()

    def _forget_oldest(self, count: int) -> None:
        """Remove the oldest captures, and the counts of bodies that are no longer among them."""
        for old in self._captured[:count]:
            if self._arrivals.get(old.body) == old.arrival:
                del self._arrivals[old.body]
            self._bytes -= old.size
        del self._captured[:count]

    def _narrowed(self, find: Callable[[], Sequence[Received]]) -> Captured:
        return Captured(find, self._wait, noun=self._noun, check=self._check)
