"""The whole 96-minute retry schedule: five failing attempts at a Flask consumer, then the webhook is disabled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from benchmarks.consumer import OVERRIDES, PATH, SECRET, TYPE, closed_shop
from benchmarks.harness import MICRO, OURS, Goal, Row, Section, peers, race, scaled, timed
from benchmarks.rivals import through_adapter, through_responses
from mockstore import Mockstore

REFUSED = 503
ATTEMPTS = 5
FIVE_POSTS = "responses, five posts"
TRAVELS = Goal("≤", 1500 / (5 * 471))
"""The same goal as a ratio, for any machine: where it was set, a post through responses took 471 µs."""


def measure(*, rounds: int = 60, times: int = 5) -> Section:
    """Measure in `rounds` of `times` schedules each."""
    app = closed_shop()
    rivals = {
        OURS: timed(lambda: _ours(app), times),
        FIVE_POSTS: timed(lambda: through_responses(app, REFUSED, ATTEMPTS), times),
        "requests adapter, five posts": timed(lambda: through_adapter(app, REFUSED, ATTEMPTS), times),
    }
    found = scaled(race(rivals, rounds), MICRO)
    row = Row("96 minutes", "µs", found[OURS], Goal("≤", 1500), peers(found, {FIVE_POSTS: TRAVELS}))
    return Section(
        "The whole ladder into a Flask consumer",
        (row,),
        "registered, emitted, five attempts over 96 virtual minutes, disabled; the peers know no schedule and "
        "post five times",
    )


@contextmanager
def _ours(app: Flask) -> Iterator[Callable[[], object]]:
    with Mockstore.in_process(strict=False) as mockstore:

        def climb() -> None:
            webhook = mockstore.subscribe(app, path=PATH, secret=SECRET)
            mockstore.emit(TYPE, OVERRIDES)
            mockstore.clock.advance(minutes=96)
            webhook.assert_disabled()

        yield climb
