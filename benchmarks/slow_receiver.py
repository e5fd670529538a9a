"""A receiver that takes 50 ms for each delivery: the share of the ideal rate that 50 threads reach."""

import asyncio
import sys
from functools import partial
from time import perf_counter

from benchmarks.consumer import PATH
from benchmarks.harness import OURS, Goal, Row, Section, race
from benchmarks.receiver import Receiver, running, serve
from mockstore import Mockstore
from mockstore.settings import Settings

TAKES = 0.05
AT_ONCE = 50


class SlowReceiver(Receiver):
    """A kept-alive connection that delays each response."""

    def answer(self) -> None:
        """Answer after `TAKES` seconds."""
        asyncio.get_running_loop().call_later(TAKES, super().answer)


def measure(*, rounds: int = 3, events: int = 2_000) -> Section:
    """Measure in `rounds` of `events` events each."""
    with running("benchmarks.slow_receiver") as port:
        share = race({OURS: partial(_share, port, events)}, rounds)[OURS]
    return Section(
        f"A receiver that takes {TAKES * 1000:.0f} ms, {AT_ONCE} threads",
        (Row("share of the ideal rate", "", share, Goal("≥", 0.9)),),
        f"the ideal is {AT_ONCE} requests under way all the time, {AT_ONCE / TAKES:,.0f} deliveries a second; they are "
        "released at once",
    )


def _share(port: int, events: int) -> float:
    with Mockstore.standalone(Settings(threads=AT_ONCE)) as mockstore:
        mockstore.subscribe(f"http://127.0.0.1:{port}{PATH}")
        mockstore.hold()
        for _ in range(events):
            mockstore.emit("pet.adopted")
        began = perf_counter()
        mockstore.release()
        mockstore.settle()
        return events / (perf_counter() - began) / (AT_ONCE / TAKES)


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(SlowReceiver)))
