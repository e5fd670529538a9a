"""What a test has looked at, and what it began and did not finish. Known in the test's own process only."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, SupportsIndex, TypeVar, overload

from mockstore.model import Attempt, DeliveryRecord, DeliveryState

P = ParamSpec("P")
S = TypeVar("S", bound="Held")
T = TypeVar("T")


class Looks:
    """Remembers the state of each delivery when the test looked at it: what happens later counts as unseen again."""

    def __init__(self, *, limit: int | None = None) -> None:
        self._limit = limit
        """How many deliveries are remembered; None means all."""
        self._seen: dict[str, tuple[int, DeliveryState]] = {}
        """The number of attempts and the state, by the delivery's id, in the order in which the test looked."""
        self._emitted: dict[str, bool] = {}
        """Whether a fault was to befall the event, by its id: of events that the test emitted, and whose deliveries it
        has not counted since."""

        self._promises = 0
        self._unawaited: dict[int, str] = {}
        """Async calls that were not awaited yet, by number."""
        self.complaints: Sequence[str] = ()
        """Complaints about what a reset has removed."""
        self.is_judged = False
        """Whether a strict test is judged by these; a reset then keeps the complaints about what it removes."""

    def note(self, record: DeliveryRecord) -> None:
        """Note that the test has seen the delivery in this state; a later state that was seen stays seen."""
        made, _ = self._seen.get(record.id, (0, record.state))
        if len(record.attempts) < made:
            return
        self._seen[record.id] = (len(record.attempts), record.state)
        while self._limit is not None and len(self._seen) > self._limit:
            self._seen.pop(next(iter(self._seen), ""), None)

    def cover(self, record: DeliveryRecord) -> bool:
        """Return whether the test has looked since the delivery last changed."""
        return self._seen.get(record.id) == (len(record.attempts), record.state)

    def unseen(self, record: DeliveryRecord) -> Sequence[Attempt]:
        """Return the attempts that were made since the test looked; all of them when it never did."""
        made, _ = self._seen.get(record.id, (0, record.state))
        return record.attempts[made:]

    def emitted(self, event_id: str, *, with_fault: bool) -> None:
        """Note that the test emitted this event: it is a complaint if it is delivered to nobody."""
        self._emitted[event_id] = with_fault
        while self._limit is not None and len(self._emitted) > self._limit:
            self._emitted.pop(next(iter(self._emitted), ""), None)

    def counted(self, event_id: str | None = None) -> None:
        """Note that the test knows how many deliveries this event has; without an id, those of all events so far."""
        if event_id is None:
            self._emitted.clear()
        else:
            self._emitted.pop(event_id, None)

    def expects_delivery(self, event_id: str, *, has_webhooks: bool) -> bool:
        """Tell whether the test asked for this event and does not know yet how many deliveries it has.

        Where there is no webhook at all, an event without a fault may have been made for its data alone.
        """
        with_fault = self._emitted.get(event_id)
        return with_fault is not None and (has_webhooks or with_fault)

    def promised(self, call: str) -> int:
        """Note that this call has returned a coroutine that was not awaited yet; return its number."""
        self._promises += 1
        self._unawaited[self._promises] = call
        return self._promises

    def begun(self, number: int) -> None:
        """Note that this coroutine is awaited."""
        self._unawaited.pop(number, None)

    def unawaited(self) -> Sequence[str]:
        """Return the calls whose coroutines were never awaited."""
        return list(self._unawaited.values())

    def forget(self, complaints: Callable[[], Sequence[str]]) -> None:
        """Forget everything, except that a strict test keeps what `complaints` returns now."""
        if self.is_judged:
            self.complaints = complaints()
        self._seen.clear()
        self._emitted.clear()
        self._unawaited.clear()


class Held(Protocol):
    """A Mockstore, here or on a server."""

    @property
    def reader(self) -> "Looking":
        """The source that its handles read from."""


class Looking(Protocol):
    """A source with `looks`."""

    @property
    def looks(self) -> Looks:
        """What the test has looked at."""


def promised(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Make a strict test complain of a call of this `async` method that is never awaited."""

    @wraps(method)
    def call(self: S, /, *args: P.args, **keywords: P.kwargs) -> Coroutine[Any, Any, T]:
        told = [*map(repr, args), *(f"{name}={value!r}" for name, value in keywords.items())]
        looks = self.reader.looks
        number = looks.promised(f"{method.__name__}({', '.join(told)})")

        async def begin() -> T:
            __tracebackhide__ = True
            looks.begun(number)
            return await method(self, *args, **keywords)

        return begin()

    return call


class Attempts(tuple[Attempt, ...]):  # noqa: SLOT001 - the slots of a tuple are empty, and this one keeps what to call
    """The attempts of a delivery. Reading one counts as looking at the delivery; their number alone does not."""

    _look: Callable[[], None]

    @classmethod
    def seen_by(cls, look: Callable[[], None], attempts: Sequence[Attempt]) -> "Attempts":
        """Return `attempts` as a tuple that calls `look` when one of them is read."""
        made = cls(attempts)
        made._look = look
        return made

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
