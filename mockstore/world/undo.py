"""Transactions of the memory store, and how their changes are undone."""

from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, TypeAlias

MISSING: Final = object()
"""The previous value of an entry that did not exist."""
ALL: Final = object()
"""Stands for all keys of a table."""

Table: TypeAlias = MutableMapping[Any, Any]
Before: TypeAlias = tuple[Table, Any, Any]
"""A table, a key or `ALL`, and the previous value or `MISSING`."""


class Transaction(AbstractContextManager[None]):
    """A transaction of a store. Each attempt needs one, and a class costs a third of what a generator would."""

    __slots__ = ("_begin", "_end")

    def __init__(self, begin: Callable[[], None], end: Callable[[BaseException | None], None]) -> None:
        """Call `begin` on entry, and `end` on exit with the exception or None."""
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(error)


def restore(change: Before) -> None:
    """Restore the previous value; an entry that was removed becomes the last of its table."""
    table, key, before = change
    if key is ALL:
        table.clear()
        table.update(before)
    elif before is MISSING:
        table.pop(key, None)
    else:
        table[key] = before


def sort_again(undone: list[Before], order: OrderedDict[str, int]) -> None:
    """Sort `order` by its numbers if an entry that had been removed from it was restored."""
    if any(table is order and before is not MISSING for table, _, before in undone):
        for key in sorted(order, key=order.__getitem__):
            order.move_to_end(key)
