"""Live sequences of events, deliveries or captured requests, with queries and assertions for tests."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Generic, Protocol, TypeVar, overload

from mockstore.delivery.schedule import span_of
from mockstore.events import differences
from mockstore.model import Json


class Member(Protocol):
    """A member of a collection: an event, a delivery or a captured request."""

    @property
    def type(self) -> str:
        """The event type; an empty string when there is none."""

    @property
    def data(self) -> Json:
        """The event's `data`; None when there is none."""

    def summary(self) -> str:
        """Return a description for failure texts."""


T = TypeVar("T", bound=Member)

SHOWN = 40
"""The most members that a failure text lists: of more, it lists the first and the last ones."""

Waiter = Callable[[Callable[[], bool], float | None], bool]
"""Blocks until the condition is true; returns False after the timeout in seconds (None: no limit)."""

Check = Callable[[str], None]
"""Raises `UnknownEventTypeError` unless it is given an event type or a pattern."""


def _nothing() -> None:
    """Do nothing."""


def any_type(_event_type: str) -> None:
    """Accept any event type."""


class Collection(Sequence[T], Generic[T]):
    """A live sequence, oldest first: each call works on the members that there are at that moment.

    `find` returns the current members, `wait` blocks until a condition is true (see `News.wait_for`), `noun` names a
    member in failure texts. `counted` is called whenever a test asks for the number of members, or that there are none;
    `check` raises unless it is given an event type or a pattern.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[T]],
        wait: Waiter,
        *,
        noun: str,
        counted: Callable[[], None] = _nothing,
        check: Check = any_type,
    ) -> None:
        self._find = find
        self._wait = wait
        self._noun = noun
        self._counted = counted
        self._check = check

    def __len__(self) -> int:
        self._counted()
        return len(self._find())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[T]:
        return iter(self._find())  # `Sequence` would call `find` again for each member

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._find()[index]

    def __repr__(self) -> str:
        return f"<{len(self)} {self._noun}: {', '.join(one.type for one in self._find())}>"

    def of(self, event_type: str) -> "Collection[T]":
        """Return those of `event_type` (or of a pattern, `order.*`), as a live collection.

        Raises `UnknownEventTypeError` for an unknown type, and so do `where`, `one` and `none`.
        """
        self._check_type(event_type)
        return self._narrowed(lambda: [one for one in self._find() if _is_of(one.type, event_type)])

    def where(self, event_type: str | None = None, match: Mapping[str, Json] | None = None) -> Sequence[T]:
        """Return those of `event_type` (or a pattern) whose `data` has the values of `match` (keys or dotted paths)."""
        if event_type is not None:
            self._check_type(event_type)
        return [one for one in self._find() if not _mismatches(one, event_type, match)]

    def one(self, event_type: str | None = None, match: Mapping[str, Json] | None = None) -> T:
        """Return the only match; raise `AssertionError` with all of several, or with the nearest when there is none."""
        __tracebackhide__ = True
        found = self.where(event_type, match)
        if len(found) != 1:
            raise AssertionError(self._miss(f"exactly one {self._noun}", event_type, match, found))
        return found[0]

    def none(self, event_type: str | None = None, match: Mapping[str, Json] | None = None) -> None:
        """Raise `AssertionError` when there is a match."""
        __tracebackhide__ = True
        self._counted()
        found = self.where(event_type, match)
        if found:
            raise AssertionError(self._miss(f"no {self._noun}", event_type, match, found))

    @property
    def last(self) -> T:
        """The latest one; raise `AssertionError` when there is none."""
        __tracebackhide__ = True
        found = self._find()
        if not found:
            raise AssertionError(f"expected at least one {self._noun}, there is none")
        return found[-1]

    def wait_for(self, count: int, timeout: float = 5.0) -> Sequence[T]:
        """Wait until there are at least `count`, and return all; raise `AssertionError` after `timeout` seconds."""
        __tracebackhide__ = True
        seconds = span_of(timeout, "timeout").total_seconds()
        if not self._wait(lambda: len(self._complete()) >= count, seconds):
            found = self._complete()
            raise AssertionError(
                f"waited {seconds:g} s for {count} x {self._noun}, got {len(found)}:\n{_listed(self._find())}"
            )
        return self._complete()

    def assert_types(self, expected: Iterable[str]) -> None:
        """Raise `AssertionError` unless the event types are exactly `expected`, in that order."""
        __tracebackhide__ = True
        self._counted()
        _compare_types("in this order", list(expected), [one.type for one in self._find()])

    def assert_types_in_any_order(self, expected: Iterable[str]) -> None:
        """Raise `AssertionError` unless the event types are `expected`, in any order and equally often."""
        __tracebackhide__ = True
        self._counted()
        _compare_types("in any order", sorted(expected), sorted(one.type for one in self._find()))

    def _check_type(self, event_type: str) -> None:
        """Raise `UnknownEventTypeError` for a type without a schema, unless there is a member of that type."""
        if not any(one.type == event_type for one in self._find()):
            self._check(event_type)

    def _narrowed(self, find: Callable[[], Sequence[T]]) -> "Collection[T]":
        return type(self)(find, self._wait, noun=self._noun, counted=self._counted, check=self._check)

    def _complete(self) -> Sequence[T]:
        return self._find()

    def _miss(self, expected: str, event_type: str | None, match: Mapping[str, Json] | None, found: Sequence[T]) -> str:
        wanted = (f" of type {event_type!r}" if event_type else "") + (f" with {dict(match)!r}" if match else "")
        lines = [f"expected {expected}{wanted}, found {len(found)}"]
        if found:
            lines += ["they are:", _listed(found)]
        elif everything := self._find():
            nearest = min(everything, key=lambda one: len(_mismatches(one, event_type, match)))
            lines += ["the nearest:", _indented(nearest.summary()), "differs in:"]
            lines += [f"  {mismatch}" for mismatch in _mismatches(nearest, event_type, match)]
            lines += [f"all {len(everything)}:", _listed(everything)]
        else:
            lines.append(f"there is no {self._noun} at all")
        return "\n".join(lines)


def _mismatches(one: Member, event_type: str | None, match: Mapping[str, Json] | None) -> list[str]:
    """Return why `one` does not match, a line for each reason."""
    lines = []
    if event_type is not None and not _is_of(found := one.type, event_type):
        lines.append(f"type: expected {event_type!r}, found {found!r}")
    return lines + (differences(match, one.data) if match is not None else [])


def _is_of(found: str, wanted: str) -> bool:
    """Tell whether a type equals `wanted` or matches it as a pattern (`order.*`, `*`)."""
    return wanted in (found, "*") or (wanted.endswith(".*") and found.startswith(wanted[:-1]))


def _compare_types(order: str, wanted: list[str], seen: list[str]) -> None:
    __tracebackhide__ = True
    if wanted == seen:
        return
    lines = [f"expected {len(wanted)} event types {order}, found {len(seen)}:"]
    for number, (left, right) in enumerate(zip_longest(wanted, seen, fillvalue="(none)"), start=1):
        lines.append(f"  {' ' if left == right else '!'} {number}. expected {left}, found {right}")
    raise AssertionError("\n".join(lines))


def _listed(found: Sequence[Member]) -> str:
    """Return a line for each, or for the first and the last ones when there are more than `SHOWN`."""
    if len(found) <= SHOWN:
        return "\n".join(_indented(one.summary()) for one in found)
    head, tail = found[: SHOWN // 2], found[-SHOWN // 2 :]
    return f"{_listed(head)}\n  … {len(found) - SHOWN:,} more …\n{_listed(tail)}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
