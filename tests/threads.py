"""A system that has no more threads to give."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_MUCH = 1 << 46
"""Bytes for the stack of a thread; no system has them."""


@contextmanager
def no_more_threads() -> Iterator[None]:
    """Let no thread start meanwhile, in the whole process; those that run go on."""
    before = threading.stack_size(TOO_MUCH)
    try:
        yield
    finally:
        threading.stack_size(before)
