"""What a test has looked at, emitted and awaited, from which a strict test is judged; kept in the test's process."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, SupportsIndex, TypeVar, overload

from mockstore.model import Attempt, DeliveryRecord, DeliveryState

P = ParamSpec("P")
S = TypeVar("S", bound="HasReader")
T = TypeVar("T")


class Examined:
    """Remembers the state of each delivery when the test looked at it: later changes are not covered."""

    def __init__(self, *, limit: int | None = None) -> None:
        self._limit = limit
        """How many deliveries are remembered; None means all."""
        self._seen: dict[str, tuple[int, DeliveryState]] = {}
        """The number of attempts and the state, by the delivery's id, in the order in which the test looked."""
        self._emitted: dict[str, bool] = {}
        """For events that the test emitted and whose deliveries it has not counted: whether with a fault, by id."""
        self._calls = 0
        self._unawaited: dict[int, str] = {}
        """The text of each async call whose coroutine was not awaited yet, by its number."""
        self.complaints: Sequence[str] = ()
        """The complaints about deliveries and events that a reset removed."""
        self.is_judged = False
        """Whether a strict test is judged by this: a reset then keeps the complaints about what it removes."""

    def note(self, record: DeliveryRecord) -> None:
        """Record that the test looked at the delivery in this state; a record older than the last one is ignored."""
        made, _ = self._seen.get(record.id, (0, record.state))
        if len(record.attempts) < made:
            return
        self._seen[record.id] = (len(record.attempts), record.state)
        while self._limit is not None and len(self._seen) > self._limit:
            self._seen.pop(next(iter(self._seen), ""), None)

    def covers(self, record: DeliveryRecord) -> bool:
        """Return whether the test has looked since the delivery last changed."""
        return self._seen.get(record.id) == (len(record.attempts), record.state)

    def new_attempts(self, record: DeliveryRecord) -> Sequence[Attempt]:
        """Return the attempts that were made since the test looked; all when it never did."""
        made, _ = self._seen.get(record.id, (0, record.state))
        return record.attempts[made:]

    def emitted(self, event_id: str, *, with_fault: bool) -> None:
        """Record that the test emitted this event: a strict test fails if it is delivered to nobody."""
        self._emitted[event_id] = with_fault
        while self._limit is not None and len(self._emitted) > self._limit:
            self._emitted.pop(next(iter(self._emitted), ""), None)

    def counted(self, event_id: str | None = None) -> None:
        """Record that the test has counted the deliveries of this event; without an id, of all events so far."""
        if event_id is None:
            self._emitted.clear()
        else:
            self._emitted.pop(event_id, None)

    def expects_delivery(self, event_id: str, *, has_webhooks: bool) -> bool:
        """Tell whether the test emitted this event and has not counted its deliveries.

        False for an event without a fault if there are no webhooks: it may have been emitted for its data alone.
        """
        with_fault = self._emitted.get(event_id)
        return with_fault is not None and (has_webhooks or with_fault)

    def called(self, call: str) -> int:
        """Record an async call whose coroutine was not awaited yet; return its number, for `awaited`."""
        self._calls += 1
        self._unawaited[self._calls] = call
        return self._calls

    def awaited(self, number: int) -> None:
        """Record that the coroutine of this call is awaited."""
        self._unawaited.pop(number, None)

    def unawaited(self) -> Sequence[str]:
        """Return the text of each call whose coroutine was never awaited."""
        return list(self._unawaited.values())

    def forget(self, complaints: Callable[[], Sequence[str]]) -> None:
        """Forget everything; for a strict test, keep the complaints that `complaints()` returns."""
        if self.is_judged:
            self.complaints = complaints()
        self._seen.clear()
        self._emitted.clear()
        self._unawaited.clear()


class HasReader(Protocol):
    """A Mockstore, here or on a server."""

    @property
    def reader(self) -> "HasExamined":
        """The source that its handles read from."""


class HasExamined(Protocol):
    """The part of a `Source` that is used here."""

    @property
    def examined(self) -> Examined:
        """What the test has looked at."""


def must_be_awaited(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Decorate an `async` method: a strict test fails if a call of it is never awaited."""

    @wraps(method)
    def call(self: S, /, *args: P.args, **keywords: P.kwargs) -> Coroutine[Any, Any, T]:
        arguments = [*map(repr, args), *(f"{name}={value!r}" for name, value in keywords.items())]
        examined = self.reader.examined
        number = examined.called(f"{method.__name__}({', '.join(arguments)})")

        async def run() -> T:
            __tracebackhide__ = True
            examined.awaited(number)
            return await method(self, *args, **keywords)

        return run()

    return call


class Attempts(tuple[Attempt, ...]):  # noqa: SLOT001 - a tuple has no slots, and this needs an attribute
    """The attempts of a delivery. Reading one counts as looking at the delivery; their number alone does not."""

    _look: Callable[[], None]

    @classmethod
    def watched(cls, look: Callable[[], None], attempts: Sequence[Attempt]) -> "Attempts":
        """Return `attempts` as a tuple that calls `look` when one of them is read."""
        watched = cls(attempts)
        watched._look = look
        return watched

    def __iter__(self) -> Iterator[Attempt]:
        self._look()
        return super().__iter__()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Attempt: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Attempt, ...]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Attempt | tuple[Attempt, ...]:
        self._look()
        return super().__getitem__(index)
