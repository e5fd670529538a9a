"""Delivers on a thread that has other things to do: it sends what is due, goes away, and comes back for the answer."""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Final

from mockstore.delivery.trying import Tried, Trying, Turn
from mockstore.model import DeliveryRecord, Reply

PATIENCE: Final = timedelta(milliseconds=1)
"""How long such a thread waits for an answer."""


class Moments:
    """One delivery at a time, begun in one moment and ended in the next.

    For a thread that could as well wake another one, which takes longer than most receivers do. `take` returns what
    there is to be begun; `hand_over` gets what takes longer than a moment, and `end` what is left of an attempt that
    has its answer.
    """

    def __init__(
        self,
        trying: Trying,
        *,
        take: Callable[[], DeliveryRecord | None],
        hand_over: Callable[[Turn], None],
        end: Callable[[Turn, Reply | None], Tried | None],
    ) -> None:
        self._trying = trying
        self._take = take
        self._hand_over = hand_over
        self._end = end
        self._lock = Lock()
        self._turn: Turn | None = None

    def moment(self) -> bool:
        """End what is underway, begin what is due; return whether there is something to come back for at once."""
        with self._lock:
            self._look()
            delivery = self._take()
            if delivery is None:
                return False
            turn = self._trying.begun(delivery)
            if turn.underway is None:
                self._hand_over(turn)
                return False
            self._turn = turn
            return True

    def close(self) -> None:
        """Wait for the end of what is underway."""
        with self._lock:
            turn, self._turn = self._turn, None
            if turn is not None:
                self._end(turn, None)

    def _look(self) -> None:
        turn, self._turn = self._turn, None
        if turn is None or turn.underway is None:
            return
        reply = turn.underway.look(PATIENCE)
        if reply is None:
            self._hand_over(turn)
        else:
            self._end(turn, reply)
