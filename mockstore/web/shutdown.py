"""Ends long-running work of a server when the server closes."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from mockstore.durable import started
from mockstore.scenario import Play
from mockstore.web.console.stream import Closing

_LOOK: Final = 0.2
"""How often to check whether the server closes; in seconds."""


@contextmanager
def ending_with(closing: Closing, play: Play) -> Iterator[None]:
    """Stop the play within the block when the server closes. In process `closing` is set from the start: no server."""
    over = Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            if closing.is_set():
                play.stop()
                return

    if not closing.is_set():
        started(watch, "mockstore-play-watch")
    try:
        yield
    finally:
        over.set()
