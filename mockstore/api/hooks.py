"""Puts a method of ours in the place of another library's, and back."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hooked(owner: type, name: str, ours: object) -> Iterator[None]:
    """Let `owner` have `ours` as its method while this lasts.

    At the end the method that was there comes back, unless somebody else has put another one in the meantime: then it
    is theirs to clear up, and what is left of ours has to be harmless.
    """
    before = getattr(owner, name)
    setattr(owner, name, ours)
    try:
        yield
    finally:
        if getattr(owner, name) is ours:
            setattr(owner, name, before)
