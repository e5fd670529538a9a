"""A receiver that captures requests, answers as scripted, and validates what it captured."""

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
"""A tenth of the limit more may be kept for a while, since removing one request costs as much as removing many."""
_DIGITS: Final = 9
"""The number of an attempt has at most so many digits; Python refuses to convert very long ones."""


class Expected(Redacted, frozen=True):
    """What a captured request is checked against: the sender's rules and the secrets that may sign."""

    secret_fields = frozenset({"secret"})

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
    """What the inbox answered: a status, or why there was no answer."""
    arrival: int
    """How often the same body had been received by then, including this request."""
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
        """The event type in the body; an empty string when there is none."""
        event = self.event
        return str(event.get("eventType", "")) if isinstance(event, dict) else ""

    @property
    def data(self) -> Json:
        """The event's data; None when there is none."""
        event = self.event
        return event.get("data") if isinstance(event, dict) else None

    @property
    def attempt(self) -> int:
        """The attempt number in the headers; without one, how often the same body had been received."""
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
        from mockstore.signing import verify  # noqa: PLC0415 - most tests never verify

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
        known = {name: value for name, value in fields.items() if value is not None}  # others break the schema already
        templates = self.expected.provider.headers.items()
        wanted = {name: template.format_map(known) for name, template in templates if _can_fill(template, known)}
        wanted |= {"Content-Type": "application/json"}
        return [
            f"header {name}: expected {value!r}, found {self.header(name)!r}"
            for name, value in wanted.items()
            if self.header(name) != value
        ]


def _can_fill(template: str, fields: Mapping[str, object]) -> bool:
    return all(name is None or name in fields for _, name, _, _ in Formatter().parse(template))


class Captured(Collection[Received]):
    """The captured requests of one event type or pattern; live and read-only."""

    if not TYPE_CHECKING:  # so that type checkers report such calls

        def __getattr__(self, name: str) -> object:
            """Raise `AttributeError`, with advice when `name` is an attribute of `Inbox`."""
            error = AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            if name in ("will_answer", "clear", "webhook"):
                error.add_note(
                    f"inbox.of(…) only reads: say inbox.{name}, or open an inbox for these types: "
                    f"mockstore.open_inbox(…)"
                )
            raise error


class Inbox(Collection[Received]):
    """A collection of captured deliveries, in the order of arrival; answers as scripted (200 by default).

    `keep` limits how many are kept, the latest ones (for a while a tenth more), and `keep_bytes` how many bytes they
    take in all. After `Mockstore.reset` every use of the inbox raises `NotFoundError`.
    """

    webhook: "Webhook"
    """The webhook that it is subscribed with."""

    def __init__(
        self, news: News, *, keep: int | None = None, keep_bytes: int | None = None, check: Check = any_type
    ) -> None:
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._bytes = 0
        self._captured: list[Received] = []
        self._arrivals: dict[bytes, int] = {}
        self._forgotten = False
        super().__init__(self._received, news.wait_for, noun="received delivery", check=check)
        self._news = news
        self._script = Script()

    def will_answer(self, *answers: Answer | int | str | timedelta) -> None:
        """Answer in turn: a status, `"timeout"`, `"reset"`, a timedelta (a late 200), an Answer; the last repeats."""
        self._check_exists()
        self._script.will_answer(*answers)

    def clear(self) -> None:
        """Remove all captured requests and scripted answers."""
        self._check_exists()
        self._captured, self._arrivals, self._bytes = [], {}, 0
        self._script.will_answer()

    def forget(self) -> None:
        """Drop everything, as its webhook was removed: from now on every use raises `NotFoundError`."""
        self.clear()
        self._forgotten = True

    def _received(self) -> Sequence[Received]:
        self._check_exists()
        return self._captured

    def _check_exists(self) -> None:
        if self._forgotten:
            error = NotFoundError("inbox", self.webhook.id)
            error.add_note("It was forgotten by mockstore.reset(); open another one: mockstore.open_inbox()")
            raise error

    def take(self, outgoing: Outgoing, expected: Expected) -> Reply:
        """Capture the request and answer it; raise `DeliveryError` when the script says that no answer comes."""
        answer = self._script.next()
        try:
            reply = answer.reply()
        except DeliveryError as error:
            self._capture(outgoing, expected, str(error))
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
