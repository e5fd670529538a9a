"""Makes the start of threads fail, as on a system that has no more of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_LARGE = 1 << 46
"""A stack size in bytes that no system can provide."""


@contextmanager
def no_more_threads() -> Iterator[None]:
    """Make every start of a thread in this process fail inside the `with` block; running threads go on."""
    before = threading.stack_size(TOO_LARGE)
    try:
        yield
    finally:
        threading.stack_size(before)
