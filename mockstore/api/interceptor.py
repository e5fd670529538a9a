"""Takes a client's request, has the API answer it in process, and keeps it on record."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from mockstore.api.address import Address, origin
from mockstore.api.calls import CallRecord, Ledger
from mockstore.api.exchange import Answered, Asked, EndlessWaitError, called
from mockstore.api.near import unknown_call
from mockstore.api.request_check import query_of, request_mistakes, unknown_parameters
from mockstore.api.script import Script, Told, Way, cut, problem
from mockstore.errors import BrokenConnectionError, ReceiverTimeoutError
from mockstore.model import Outcome
from mockstore.petstore.documents import coerced
from mockstore.petstore.operation import Operation
from mockstore.petstore.operations import match
from mockstore.service import Mockstore
from mockstore.source import parsed

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_API: Final = "/v1"
_REFUSED: Final = 400
"""The first status that is a refusal."""
_NOT_FOUND: Final = 404
_PLACES: Final = 5
"""So many places that were asked instead, and deliveries, are told of."""
_BROKEN: Final = 500
"""The first status that no true answer has."""
_NO_TIMEOUT: Final = "its client has no timeout and was told to get no answer: set a timeout on the client"


class Interceptor:
    """The way from the clients to the API; `address` may be replaced, and once `closed` it claims nothing."""

    def __init__(self, mockstore: Mockstore, address: Address) -> None:
        self.address = address
        self.closed = False
        self.ledger = Ledger()
        self.script = Script()
        self._mockstore = mockstore
        self._elsewhere: dict[str, None] = {}
        """Where clients asked others, each place once."""

    def claims(self, url: object) -> bool:
        """Tell whether a request to `url` is answered here."""
        if self.closed:
            return False
        claimed = self.address.claims(str(url))
        if not claimed and len(self._elsewhere) < _PLACES:
            self._elsewhere[origin(str(url))] = None
        return claimed

    def explain(self) -> Iterator[str]:
        """Yield what may be why a call is missing: clients asked elsewhere, or an event found no handler."""
        if self._elsewhere:
            yield f"clients asked other places: {', '.join(list(self._elsewhere))}; the API is at {self.address.url}"
        reader = self._mockstore.reader
        for record in reader.delivery_records()[-_PLACES:]:
            if record.attempts and record.attempts[-1].status == _NOT_FOUND:
                url, event = record.attempts[-1].request.url, reader.event_record(record.event_id)
                yield f"{event.type} was answered 404: no handler of the consumer's is at {url}"

    def answer(self, asked: Asked) -> Answered:
        """Return the answer, with what it causes delivered.

        Raises `ReceiverTimeoutError` when the client would have given up, `BrokenConnectionError` when the script
        breaks the connection, `EndlessWaitError` when nothing would ever have come.
        """
        exchange = self._open(asked)
        reply = exchange.run(self._mockstore.wsgi_app)
        self.pass_time(exchange.lasts)
        return exchange.end(reply)

    async def aanswer(self, asked: Asked) -> Answered:
        """Do what `answer` does; deliveries run on the running event loop."""
        exchange = self._open(asked)
        reply = await self._mockstore.aserve(lambda: exchange.run(self._mockstore.wsgi_app))
        if exchange.lasts:
            try:
                await self._mockstore.aadvance(exchange.lasts)
            except Exception as error:  # noqa: BLE001 - whatever the consumer's code raised
                self._mockstore.note(error)
        return exchange.end(reply)

    def pass_time(self, span: timedelta) -> None:
        """Let virtual time pass while a client waits; what a consumer raises meanwhile is not that client's."""
        if not span:
            return
        try:
            self._mockstore.advance(span)
        except Exception as error:  # noqa: BLE001 - whatever the consumer's code raised
            self._mockstore.note(error)

    def _open(self, asked: Asked) -> "_Exchange":
        parts = urlsplit(asked.url)
        path = self.address.below(parts.path)
        found = None if path is None else match("GET" if asked.method == "HEAD" else asked.method, path.rstrip("/"))
        known, texts = found or (None, {})
        said = query_of(parts.query)
        typed = coerced(known.filters, said) if known is not None and known.filters is not None else {}
        record = CallRecord(
            operation=None if known is None else known.id,
            method=asked.method,
            path=parts.path if path is None else path or "/",
            parameters={**said, **typed, **texts},
            headers=asked.headers,
            body=asked.body,
        )
        told = None if known is None else self.script.next(known.id)
        place = _Place(self.address, path, parts.query)
        return _Exchange(self.ledger, self.ledger.begin(record), record, asked, place, known, told)


class _Place(Struct, frozen=True):
    """Where a request leads; `path` is below the base path, None when it is not."""

    address: Address
    path: str | None
    query: str


class _Exchange(Struct, frozen=True):
    """One request on its way."""

    ledger: Ledger
    number: int
    record: CallRecord
    asked: Asked
    place: _Place
    known: Operation | None
    told: Told | None

    @property
    def lasts(self) -> timedelta:
        """How long the client waits, in virtual time."""
        after, patience = self.told.after if self.told else timedelta(), self.asked.timeout
        if self._is_silent and patience is not None:
            return patience
        return after if patience is None else min(after, patience)

    @property
    def _is_too_late(self) -> bool:
        after, patience = self.told.after if self.told else timedelta(), self.asked.timeout
        return self._is_silent or (patience is not None and after > patience)

    @property
    def _is_silent(self) -> bool:
        return self.told is not None and self.told.answer.outcome is Outcome.TIMEOUT

    def run(self, app: "WSGIApplication") -> Answered:
        """Return the answer, be it true or scripted."""
        if self.told is not None and not self.told.does_its_work:
            return self.told.answered(urlsplit(self.asked.url).path)
        if self.place.path is None:
            return problem(404, f"there is nothing at {self.record.path}", self.record.path)
        whole = called(app, self.asked, f"{_API}{self.place.path}")
        location = whole.header("Location")
        if location is not None and self.place.address.path != _API:
            whole = whole.with_header("Location", self.place.address.outside(location))
        return cut(whole) if self.told is not None and self.told.way is Way.CUT else whole

    def end(self, reply: Answered) -> Answered:
        """Record what came of it, and return or raise what the client gets."""
        if self.told is not None and self.told.answer.outcome is Outcome.RESET:
            self._keep("connection reset (scripted)")
            raise BrokenConnectionError("Connection reset by peer")
        if self._is_too_late:
            self._give_up()
        true = self.told is None or self.told.does_its_work
        self._keep(self._outcome(reply), reply, self._mistakes(reply) if true else [])
        return reply

    def _outcome(self, reply: Answered) -> str:
        told = self.told
        late = f" after {told.after.total_seconds():g} s" if told is not None and told.after else ""
        cut_short = ", cut in half" if told is not None and told.way is Way.CUT else ""
        scripted = " (scripted)" if cut_short or (told is not None and not told.does_its_work) else ""
        return f"answered {reply.status}{late}{cut_short}{scripted}"

    def _give_up(self) -> NoReturn:
        patience = self.asked.timeout
        if patience is None:
            self._keep("would wait for ever (scripted)", mistakes=[_NO_TIMEOUT])
            raise EndlessWaitError(f"{self.record.operation}: {_NO_TIMEOUT}")
        self._keep(f"gave up after {patience.total_seconds():g} s (scripted)")
        raise ReceiverTimeoutError(f"Read timed out. (read timeout={patience.total_seconds():g})")

    def _mistakes(self, reply: Answered) -> list[str]:
        if reply.status < _REFUSED:
            return unknown_parameters(self.known, self.place.query) if self.known is not None else []
        if reply.status >= _BROKEN:
            told = parsed(reply.body) or {}  # half of it says nothing
            return [f"the mock itself failed: {told.get('detail', 'see the log')}"]
        if self.place.path is None:
            base = self.place.address.path
            meant = match(self.asked.method, self.record.path)
            hint = "" if meant is None else f": did you mean {base}{self.record.path} ({meant[0].id})?"
            return [f"{self.record.path} is not below the base path {base}{hint}"]
        if self.known is None:
            return [unknown_call(self.asked.method, self.place.path)]
        return request_mistakes(self.known, self.asked, self.place.query, reply)

    def _keep(self, outcome: str, reply: Answered | None = None, mistakes: Sequence[str] = ()) -> None:
        status, body = (None, b"") if reply is None else (reply.status, reply.body)
        self.ledger.end(
            self.number, replace(self.record, status=status, reply=body, outcome=outcome, mistakes=tuple(mistakes))
        )
