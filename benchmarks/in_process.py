"""One event to a Flask consumer in process: made, validated, signed, delivered, verified and recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from flask import Flask
from werkzeug import Request, Response

from benchmarks.consumer import OVERRIDES, PATH, SECRET, TYPE, Maker, shop, take
from benchmarks.harness import MICRO, OURS, Goal, Row, Section, peers, race, scaled, timed
from benchmarks.rivals import call, post_to, through_adapter, through_responses
from mockstore import Mockstore

TAKEN = 204


def measure(*, rounds: int = 60, times: int = 20) -> Section:
    """Measure in `rounds` of `times` events each."""
    app = shop()
    rivals = {
        OURS: timed(_ours, times),
        "responses": timed(lambda: through_responses(app, TAKEN), times),
        "requests adapter": timed(lambda: through_adapter(app, TAKEN), times),
        "pytest-httpserver": timed(_through_httpserver, times),
        "the app alone": timed(lambda: _app_alone(app), times),
    }
    found = scaled(race(rivals, rounds), MICRO)
    row = Row("one event", "µs", found[OURS], Goal("≤", 400), peers(found, {"responses": Goal("<", 0.5)}))
    return Section(
        "One event into a Flask consumer, in process",
        (row,),
        "made, validated, signed, delivered, verified by the consumer, recorded; the peers use our factory, "
        "and requests with one session kept",
    )


@contextmanager
def _ours() -> Iterator[Callable[[], object]]:
    with Mockstore.in_process() as mockstore:
        mockstore.subscribe(shop(), path=PATH, secret=SECRET)
        yield lambda: mockstore.emit(TYPE, OVERRIDES).assert_acknowledged()


@contextmanager
def _app_alone(app: Flask) -> Iterator[Callable[[], object]]:
    """Yield a call of the app with a finished request: the lower bound for all ways to deliver."""
    body, headers = Maker().signed()
    yield lambda: call(app, body, headers.items())


@contextmanager
def _through_httpserver() -> Iterator[Callable[[], object]]:
    from pytest_httpserver import HTTPServer  # noqa: PLC0415 - needed by `make bench` only

    taken: list[object] = []

    def receive(request: Request) -> Response:
        return Response(status=take(request.get_data(), request.headers["X-Webhook-Signature"], taken))

    maker = Maker()
    with HTTPServer() as server, requests.Session() as session:
        server.expect_request(PATH, method="POST").respond_with_handler(receive)
        url = server.url_for(PATH)
        yield lambda: post_to(url, session, maker, TAKEN)
