"""Reads the latest entries of an ordered table. Pure."""

from collections.abc import Iterable, Reversible
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def several(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of which one alone is kept as it is."""
    return (ids,) if isinstance(ids, str) else ids


def backwards(kept: Reversible[T], latest: int | None) -> Iterable[T]:
    """Return what is `kept`, the latest first where only some of the latest are wanted."""
    return kept if latest is None else reversed(kept)


def forwards(found: Iterable[T], latest: int | None) -> list[T]:
    """Return all, or the latest, oldest first, of what `backwards` went through."""
    return list(found) if latest is None else list(islice(found, latest))[::-1]
