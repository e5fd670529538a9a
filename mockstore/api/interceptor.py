"""Answers a client's request from the API in process, and records the call."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from mockstore.api.address import Address, origin
from mockstore.api.calls import CallRecord, Ledger
from mockstore.api.exchange import ClientRequest, ClientResponse, EndlessWaitError, called
from mockstore.api.near import unknown_call
from mockstore.api.request_check import query_of, request_mistakes, unknown_parameters
from mockstore.api.script import Entry, Script, Way, cut, problem
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
_LOWEST_ERROR: Final = 400
"""The lowest error status."""
_NOT_FOUND: Final = 404
_MOST: Final = 5
"""How many other hosts, and how many of the latest deliveries, an explanation considers."""
_LOWEST_DEFECT: Final = 500
"""The lowest status that means a defect of the mock."""
_NO_TIMEOUT: Final = "its client has no timeout and was told to get no answer: set a timeout on the client"


class Interceptor:
    """Answers the requests of clients to the API at `address`, which may be replaced; none once `closed`."""

    def __init__(self, mockstore: Mockstore, address: Address) -> None:
        self.address = address
        self.closed = False
        self.ledger = Ledger()
        self.script = Script()
        self._mockstore = mockstore
        self._elsewhere: dict[str, None] = {}
        """The origins of other requests, each once."""

    def claims(self, url: object) -> bool:
        """Return whether requests to `url` are answered here."""
        if self.closed:
            return False
        claimed = self.address.claims(str(url))
        if not claimed and len(self._elsewhere) < _MOST:
            self._elsewhere[origin(str(url))] = None
        return claimed

    def explain(self) -> Iterator[str]:
        """Yield possible reasons why a call is missing: requests to other hosts, or an event answered with 404."""
        if self._elsewhere:
            yield f"clients asked other places: {', '.join(list(self._elsewhere))}; the API is at {self.address.url}"
        reader = self._mockstore.reader
        for record in reader.delivery_records()[-_MOST:]:
            if record.attempts and record.attempts[-1].status == _NOT_FOUND:
                url, event = record.attempts[-1].request.url, reader.event_record(record.event_id)
                yield f"{event.type} was answered 404: no handler of the consumer's is at {url}"

    def answer(self, request: ClientRequest) -> ClientResponse:
        """Return the response, after the deliveries that the request causes.

        Raises `ReceiverTimeoutError` when the client's timeout is exceeded, `BrokenConnectionError` when the script
        breaks the connection, `EndlessWaitError` when a client without a timeout gets no response.
        """
        exchange = self._open(request)
        reply = exchange.run(self._mockstore.wsgi_app)
        self.pass_time(exchange.duration)
        return exchange.end(reply)

    async def aanswer(self, request: ClientRequest) -> ClientResponse:
        """Do the same as `answer`; deliveries run on the running event loop."""
        exchange = self._open(request)
        reply = await self._mockstore.aserve(lambda: exchange.run(self._mockstore.wsgi_app))
        if exchange.duration:
            try:
                await self._mockstore.aadvance(exchange.duration)
            except Exception as error:  # noqa: BLE001 - whatever the consumer's code raised
                self._mockstore.note(error)
        return exchange.end(reply)

    def pass_time(self, span: timedelta) -> None:
        """Advance virtual time while a client waits; exceptions of consumers are recorded, not raised in the client."""
        if not span:
            return
        try:
            self._mockstore.advance(span)
        except Exception as error:  # noqa: BLE001 - whatever the consumer's code raised
            self._mockstore.note(error)

    def _open(self, request: ClientRequest) -> "_Exchange":
        parts = urlsplit(request.url)
        path = self.address.below(parts.path)
        found = None if path is None else match("GET" if request.method == "HEAD" else request.method, path.rstrip("/"))
        known, texts = found or (None, {})
        query = query_of(parts.query)
        typed = coerced(known.filters, query) if known is not None and known.filters is not None else {}
        record = CallRecord(
            operation=None if known is None else known.id,
            method=request.method,
            path=parts.path if path is None else path or "/",
            parameters={**query, **typed, **texts},
            headers=request.headers,
            body=request.body,
        )
        entry = None if known is None else self.script.next(known.id)
        target = _Target(self.address, path, parts.query)
        return _Exchange(self.ledger, self.ledger.begin(record), record, request, target, known, entry)


class _Target(Struct, frozen=True):
    """The parsed URL of a request; `path` is relative to the base path, None if it is not below it."""

    address: Address
    path: str | None
    query: str


class _Exchange(Struct, frozen=True):
    """One request until its response."""

    ledger: Ledger
    number: int
    record: CallRecord
    request: ClientRequest
    target: _Target
    known: Operation | None
    entry: Entry | None

    @property
    def duration(self) -> timedelta:
        """How long the client waits in virtual time."""
        after, timeout = self.entry.after if self.entry else timedelta(), self.request.timeout
        if self._is_silent and timeout is not None:
            return timeout
        return after if timeout is None else min(after, timeout)

    @property
    def _is_too_late(self) -> bool:
        after, timeout = self.entry.after if self.entry else timedelta(), self.request.timeout
        return self._is_silent or (timeout is not None and after > timeout)

    @property
    def _is_silent(self) -> bool:
        return self.entry is not None and self.entry.answer.outcome is Outcome.TIMEOUT

    def run(self, app: "WSGIApplication") -> ClientResponse:
        """Return the response, real or scripted."""
        if self.entry is not None and not self.entry.is_carried_out:
            return self.entry.answered(urlsplit(self.request.url).path)
        if self.target.path is None:
            return problem(404, f"there is nothing at {self.record.path}", self.record.path)
        whole = called(app, self.request, f"{_API}{self.target.path}")
        location = whole.header("Location")
        if location is not None and self.target.address.path != _API:
            whole = whole.with_header("Location", self.target.address.outside(location))
        return cut(whole) if self.entry is not None and self.entry.way is Way.CUT else whole

    def end(self, reply: ClientResponse) -> ClientResponse:
        """Record the outcome, and return the response or raise the error that the client gets."""
        if self.entry is not None and self.entry.answer.outcome is Outcome.RESET:
            self._record("connection reset (scripted)")
            raise BrokenConnectionError("Connection reset by peer")
        if self._is_too_late:
            self._give_up()
        is_real = self.entry is None or self.entry.is_carried_out
        self._record(self._outcome(reply), reply, self._mistakes(reply) if is_real else [])
        return reply

    def _outcome(self, reply: ClientResponse) -> str:
        entry = self.entry
        late = f" after {entry.after.total_seconds():g} s" if entry is not None and entry.after else ""
        cut_short = ", cut in half" if entry is not None and entry.way is Way.CUT else ""
        scripted = " (scripted)" if cut_short or (entry is not None and not entry.is_carried_out) else ""
        return f"answered {reply.status}{late}{cut_short}{scripted}"

    def _give_up(self) -> NoReturn:
        timeout = self.request.timeout
        if timeout is None:
            self._record("would wait for ever (scripted)", mistakes=[_NO_TIMEOUT])
            raise EndlessWaitError(f"{self.record.operation}: {_NO_TIMEOUT}")
        self._record(f"gave up after {timeout.total_seconds():g} s (scripted)")
        raise ReceiverTimeoutError(f"Read timed out. (read timeout={timeout.total_seconds():g})")

    def _mistakes(self, reply: ClientResponse) -> list[str]:
        if reply.status < _LOWEST_ERROR:
            return unknown_parameters(self.known, self.target.query) if self.known is not None else []
        if reply.status >= _LOWEST_DEFECT:
            document = parsed(reply.body) or {}  # a body cut in half is not JSON
            return [f"the mock itself failed: {document.get('detail', 'see the log')}"]
        if self.target.path is None:
            base = self.target.address.path
            meant = match(self.request.method, self.record.path)
            hint = "" if meant is None else f": did you mean {base}{self.record.path} ({meant[0].id})?"
            return [f"{self.record.path} is not below the base path {base}{hint}"]
        if self.known is None:
            return [unknown_call(self.request.method, self.target.path)]
        return request_mistakes(self.known, self.request, self.target.query, reply)

    def _record(self, outcome: str, reply: ClientResponse | None = None, mistakes: Sequence[str] = ()) -> None:
        status, body = (None, b"") if reply is None else (reply.status, reply.body)
        self.ledger.end(
            self.number, replace(self.record, status=status, reply=body, outcome=outcome, mistakes=tuple(mistakes))
        )
