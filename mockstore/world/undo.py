"""Records what a transaction in memory changes, so that it can be undone."""

from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, TypeAlias

MISSING: Final = object()
"""The previous value of an entry that did not exist."""
ALL: Final = object()
"""Means every key of a table."""

Table: TypeAlias = MutableMapping[Any, Any]
Before: TypeAlias = tuple[Table, Any, Any]
"""A table, a key of it or `ALL`, and what was there, or `MISSING`."""


class Transaction(AbstractContextManager[None]):
    """A transaction of a store. No generator: every attempt is recorded in one, and this costs a third of it."""

    __slots__ = ("_begin", "_end")

    def __init__(self, begin: Callable[[], None], end: Callable[[BaseException | None], None]) -> None:
        """Call `begin` at its beginning, and `end` at its end with what it failed by, or None."""
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(error)


def put_back(change: Before) -> None:
    """Restore an entry; one that was removed becomes the last of its table."""
    table, key, before = change
    if key is ALL:
        table.clear()
        table.update(before)
    elif before is MISSING:
        table.pop(key, None)
    else:
        table[key] = before


def put_in_order(undone: list[Before], order: OrderedDict[str, int]) -> None:
    """Sort `order` by its numbers, unless nothing that was removed of it was put back."""
    if any(table is order and before is not MISSING for table, _, before in undone):
        for key in sorted(order, key=order.__getitem__):
            order.move_to_end(key)
