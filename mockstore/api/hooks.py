"""Replaces a method of another library for a while."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hooked(owner: type, name: str, ours: object) -> Iterator[None]:
    """Replace the method `name` of `owner` by `ours` inside the block.

    At the end the earlier method is restored, unless another library has replaced `ours` meanwhile: that library may
    still call `ours`, which must then pass every call on.
    """
    before = getattr(owner, name)
    setattr(owner, name, ours)
    try:
        yield
    finally:
        if getattr(owner, name) is ours:
            setattr(owner, name, before)
