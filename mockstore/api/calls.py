"""The recorded calls of clients, oldest first, and the queries and assertions on them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from threading import Lock
from typing import overload

from msgspec import Struct

from mockstore.api.near import known_operation
from mockstore.events import differences
from mockstore.model import Headers, Json
from mockstore.source import parsed


class CallRecord(Struct, frozen=True):
    """A recorded call; `status` is None without a response, or until it comes."""

    operation: str | None
    method: str
    path: str
    parameters: Mapping[str, Json]
    headers: Headers
    body: bytes
    status: int | None = None
    reply: bytes = b""
    """The body of the response."""
    outcome: str = "has no answer yet"
    mistakes: tuple[str, ...] = ()
    """Schema violations of the request, or that there is no such operation."""

    @property
    def document(self) -> Json:
        """The JSON body of the request; None without one."""
        return parsed(self.body)

    def summary(self) -> str:
        """Return the operation, the request line and the outcome, on one line."""
        return f"{self.operation or '(no operation)'} {self.method} {self.path}: {self.outcome}"


class Ledger:
    """Keeps the records, and which of them the test has looked at. Thread-safe."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self._seen: set[int] = set()
        self._lock = Lock()

    def begin(self, record: CallRecord) -> int:
        """Record a call that has no response yet, and return its number."""
        with self._lock:
            self.records.append(record)
            return len(self.records) - 1

    def end(self, number: int, record: CallRecord) -> None:
        """Replace the record by one with the outcome."""
        self.records[number] = record

    def look(self, number: int) -> None:
        """Mark the call as looked at."""
        self._seen.add(number)

    def unseen(self) -> list[CallRecord]:
        """Return the calls that the test has not looked at."""
        return [record for number, record in enumerate(self.records) if number not in self._seen]


class Call:
    """One call of a client. A strict test does not complain of a call whose status, answer or mistakes were read."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self._number = number

    @property
    def record(self) -> CallRecord:
        """The whole record; reading it does not mark the call as looked at."""
        return self._ledger.records[self._number]

    @property
    def operation(self) -> str | None:
        """The operation id in the OpenAPI document, such as `getPet`; None when there is no such operation.

        Reading None marks the call as looked at.
        """
        if self.record.operation is None:
            self._ledger.look(self._number)
        return self.record.operation

    @property
    def method(self) -> str:
        """The method in upper case."""
        return self.record.method

    @property
    def path(self) -> str:
        """The path below the base URL, percent-encoded as sent, without the query."""
        return self.record.path

    @property
    def parameters(self) -> Mapping[str, Json]:
        """The parameters of path and query by name; numbers and booleans where the OpenAPI document says so."""
        return self.record.parameters

    @property
    def document(self) -> Json:
        """The JSON body of the request; None without one."""
        return self.record.document

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return self.record.body

    def header(self, name: str) -> str | None:
        """Return the first value of a request header, ignoring case; None when it is absent."""
        return next((value for key, value in self.record.headers if key.lower() == name.lower()), None)

    @property
    def status(self) -> int | None:
        """The status of the response; None without one."""
        self._ledger.look(self._number)
        return self.record.status

    @property
    def answer(self) -> Json:
        """The JSON body of the response; None without one."""
        self._ledger.look(self._number)
        return parsed(self.record.reply)

    @property
    def mistakes(self) -> Sequence[str]:
        """The mistakes of the request, a line each: schema violations, or that no such operation exists."""
        self._ledger.look(self._number)
        return self.record.mistakes

    def assert_valid(self) -> None:
        """Raise `AssertionError` with all mistakes of the request if there are any."""
        __tracebackhide__ = True
        if self.mistakes:
            listed = "\n".join(f"  {mistake}" for mistake in self.mistakes)
            raise AssertionError(f"the call is not valid:\n  {self.summary()}\nits mistakes:\n{listed}")

    def summary(self) -> str:
        """Return the operation, the request line and the outcome, on one line."""
        return self.record.summary()

    def __repr__(self) -> str:
        return f"<Call {self.summary()}>"


class Calls(Sequence[Call]):
    """A live sequence of calls, oldest first: each access sees the calls made so far."""

    def __init__(
        self,
        ledger: Ledger,
        fits: Callable[[CallRecord], bool] = lambda _record: True,
        explain: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._ledger = ledger
        self._fits = fits
        self._explain = explain
        """Returns lines with possible reasons why a call is missing."""

    def __len__(self) -> int:
        return len(self._found())

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | Sequence[Call]:
        return self._found()[index]

    def __repr__(self) -> str:
        return f"<{len(self)} calls: {', '.join(call.record.operation or '(no operation)' for call in self)}>"

    def of(self, operation: str) -> "Calls":
        """Return a live sequence of the calls of one operation; raise `InvalidInputError` if it does not exist."""
        __tracebackhide__ = True
        wanted = known_operation(operation).id
        return Calls(self._ledger, lambda record: self._fits(record) and record.operation == wanted, self._explain)

    def where(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> Sequence[Call]:
        """Return the calls of `operation` whose parameters and document have the values in `match`.

        Its keys may be dotted paths. Raises `InvalidInputError` for an operation that does not exist.
        """
        __tracebackhide__ = True
        if operation is not None:
            known_operation(operation)
        return [call for call in self._found() if not _mismatches(call.record, operation, match)]

    def one(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> Call:
        """Return the only matching call; raise `AssertionError`, with the nearest, if there is none or several."""
        __tracebackhide__ = True
        found = self.where(operation, match)
        if len(found) != 1:
            raise AssertionError(self._miss("exactly one call", operation, match, found))
        return found[0]

    def none(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> None:
        """Raise `AssertionError` if any call matches."""
        __tracebackhide__ = True
        found = self.where(operation, match)
        if found:
            raise AssertionError(self._miss("no call", operation, match, found))

    @property
    def last(self) -> Call:
        """The latest call; raise `AssertionError` without any."""
        __tracebackhide__ = True
        found = self._found()
        if not found:
            raise AssertionError("\n".join(["expected at least one call, there is none", *self._explain()]))
        return found[-1]

    def assert_operations(self, expected: Iterable[str]) -> None:
        """Raise `AssertionError` unless the calls are exactly of these operations, in this order."""
        __tracebackhide__ = True
        wanted = [known_operation(one).id for one in expected]
        seen = [call.record.operation or "(no operation)" for call in self]
        if wanted != seen:
            pairs = enumerate(zip_longest(wanted, seen, fillvalue="(none)"), start=1)
            lines = [f"  {' ' if a == b else '!'} {number}. expected {a}, found {b}" for number, (a, b) in pairs]
            lines += self._explain() if len(seen) < len(wanted) else ()
            raise AssertionError("\n".join([f"expected {len(wanted)} calls in this order, found {len(seen)}:", *lines]))

    def _found(self) -> list[Call]:
        records = self._ledger.records
        return [Call(self._ledger, number) for number, record in enumerate(records) if self._fits(record)]

    def _miss(
        self, expected: str, operation: str | None, match: Mapping[str, Json] | None, found: Sequence[Call]
    ) -> str:
        wanted = (f" of {operation!r}" if operation else "") + (f" with {dict(match)!r}" if match else "")
        lines = [f"expected {expected}{wanted}, found {len(found)}"]
        if found:
            lines += ["they are:", *_listed(found)]
        elif everything := self._found():
            nearest = min(everything, key=lambda call: len(_mismatches(call.record, operation, match)))
            lines += ["the nearest:", *_listed([nearest]), "differs in:"]
            lines += [f"  {mismatch}" for mismatch in _mismatches(nearest.record, operation, match)]
            lines += [f"all {len(everything)}:", *_listed(everything)]
        else:
            lines.append("there is no call at all")
        return "\n".join(lines if found else [*lines, *self._explain()])


def _mismatches(record: CallRecord, operation: str | None, match: Mapping[str, Json] | None) -> list[str]:
    """Return the reasons why a call does not match, a line each."""
    lines = []
    if operation is not None and record.operation != operation:
        lines.append(f"operation: expected {operation!r}, found {record.operation!r}")
    if match is None:
        return lines
    document = record.document
    return lines + differences(match, {**record.parameters, **(document if isinstance(document, dict) else {})})


def _listed(calls: Iterable[Call]) -> list[str]:
    return [f"  {call.summary()}" for call in calls]
