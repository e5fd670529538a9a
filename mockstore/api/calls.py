"""What clients called, oldest first, with the questions that tests ask of it."""

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
    """One call as it is kept; `status` is None as long as there is no answer, and for ever when there never was."""

    operation: str | None
    method: str
    path: str
    parameters: Mapping[str, Json]
    headers: Headers
    body: bytes
    status: int | None = None
    reply: bytes = b""
    """The body of the answer."""
    outcome: str = "has no answer yet"
    mistakes: tuple[str, ...] = ()
    """What breaks the schema, or that there is no such operation."""

    @property
    def document(self) -> Json:
        """The JSON that was sent; None when there was none."""
        return parsed(self.body)

    def summary(self) -> str:
        """Return the operation, the request line and what came of it, on one line."""
        return f"{self.operation or '(no operation)'} {self.method} {self.path}: {self.outcome}"


class Ledger:
    """Keeps the records, and which of them somebody has looked at; clients may call from many threads."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self._seen: set[int] = set()
        self._lock = Lock()

    def begin(self, record: CallRecord) -> int:
        """Keep a call that has no answer yet, and return its number."""
        with self._lock:
            self.records.append(record)
            return len(self.records) - 1

    def end(self, number: int, record: CallRecord) -> None:
        """Keep what came of it."""
        self.records[number] = record

    def look(self, number: int) -> None:
        """Settle the call: the test knows what came of it."""
        self._seen.add(number)

    def unseen(self) -> list[CallRecord]:
        """Return the calls that nobody has looked at."""
        return [record for number, record in enumerate(self.records) if number not in self._seen]


class Call:
    """One call of a client. Reading its status, answer or mistakes settles it for the judgement of a strict test."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self._number = number

    @property
    def record(self) -> CallRecord:
        """Everything that is known of it; to read this settles nothing."""
        return self._ledger.records[self._number]

    @property
    def operation(self) -> str | None:
        """The id of its operation in the API's document, `getPet` for instance; None when there is no such operation.

        To read a None settles the call.
        """
        if self.record.operation is None:
            self._ledger.look(self._number)
        return self.record.operation

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return self.record.method

    @property
    def path(self) -> str:
        """The path below the base URL, as it was on the wire, without the query."""
        return self.record.path

    @property
    def parameters(self) -> Mapping[str, Json]:
        """What stood in the path and in the query, by name; numbers and booleans where the API's document says so."""
        return self.record.parameters

    @property
    def document(self) -> Json:
        """The JSON that was sent; None when there was none."""
        return self.record.document

    @property
    def body(self) -> bytes:
        """The bytes that were sent."""
        return self.record.body

    def header(self, name: str) -> str | None:
        """Return the first value of a header field that was sent, whatever its case; None when it is absent."""
        return next((value for key, value in self.record.headers if key.lower() == name.lower()), None)

    @property
    def status(self) -> int | None:
        """The status that was answered; None when there was no answer."""
        self._ledger.look(self._number)
        return self.record.status

    @property
    def answer(self) -> Json:
        """The JSON that was answered; None when there was none."""
        self._ledger.look(self._number)
        return parsed(self.record.reply)

    @property
    def mistakes(self) -> Sequence[str]:
        """What is wrong with the request, a line each: what breaks the schema, or that no such operation exists."""
        self._ledger.look(self._number)
        return self.record.mistakes

    def assert_valid(self) -> None:
        """Raise `AssertionError` with every mistake of the request at once."""
        __tracebackhide__ = True
        if self.mistakes:
            listed = "\n".join(f"  {mistake}" for mistake in self.mistakes)
            raise AssertionError(f"the call is not valid:\n  {self.summary()}\nits mistakes:\n{listed}")

    def summary(self) -> str:
        """Return the operation, the request line and what came of it, on one line."""
        return self.record.summary()

    def __repr__(self) -> str:
        return f"<Call {self.summary()}>"


class Calls(Sequence[Call]):
    """A live sequence of calls, oldest first: each question is asked of what is there at that moment."""

    def __init__(
        self,
        ledger: Ledger,
        fits: Callable[[CallRecord], bool] = lambda _record: True,
        explain: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._ledger = ledger
        self._fits = fits
        self._explain = explain
        """Says what may be why a call is missing."""

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
        """Return those of this operation, as a live sequence; raise `InvalidInputError` when there is no such one."""
        __tracebackhide__ = True
        wanted = known_operation(operation).id
        return Calls(self._ledger, lambda record: self._fits(record) and record.operation == wanted, self._explain)

    def where(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> Sequence[Call]:
        """Return those of `operation` whose parameters and document have what `match` says.

        Its keys may be dotted paths. Raises `InvalidInputError` for an operation that does not exist.
        """
        __tracebackhide__ = True
        if operation is not None:
            known_operation(operation)
        return [call for call in self._found() if not _mismatches(call.record, operation, match)]

    def one(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> Call:
        """Return the only one that fits; raise `AssertionError` with the nearest when there are none or several."""
        __tracebackhide__ = True
        found = self.where(operation, match)
        if len(found) != 1:
            raise AssertionError(self._miss("exactly one call", operation, match, found))
        return found[0]

    def none(self, operation: str | None = None, match: Mapping[str, Json] | None = None) -> None:
        """Raise `AssertionError` when there is any that fits."""
        __tracebackhide__ = True
        found = self.where(operation, match)
        if found:
            raise AssertionError(self._miss("no call", operation, match, found))

    @property
    def last(self) -> Call:
        """The latest; raise `AssertionError` when there is none."""
        __tracebackhide__ = True
        found = self._found()
        if not found:
            raise AssertionError("\n".join(["expected at least one call, there is none", *self._explain()]))
        return found[-1]

    def assert_operations(self, expected: Iterable[str]) -> None:
        """Raise `AssertionError` unless the calls were of exactly these operations, in that order."""
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
    """Return why a call does not fit, a line for each reason."""
    lines = []
    if operation is not None and record.operation != operation:
        lines.append(f"operation: expected {operation!r}, found {record.operation!r}")
    if match is None:
        return lines
    document = record.document
    return lines + differences(match, {**record.parameters, **(document if isinstance(document, dict) else {})})


def _listed(calls: Iterable[Call]) -> list[str]:
    return [f"  {call.summary()}" for call in calls]
