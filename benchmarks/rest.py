"""The Petstore API over HTTP beside a trivial Flask view on the same server, and a page of pets in process."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from flask import Flask, request
from flask.typing import ResponseReturnValue

from benchmarks.harness import MICRO, OURS, Goal, Row, Section, peers, race, scaled, timed
from mockstore import Mockstore
from mockstore.petstore.catalogue import seeded
from mockstore.settings import Settings
from mockstore.web.serve import serving
from mockstore.web.server import Server

TRIVIAL = "a trivial Flask view"
PET = {"name": "Rex", "species": "DOG", "ageMonths": 12, "price": "100.00", "currency": "USD", "status": "AVAILABLE"}
HALF = {TRIVIAL: Goal("≤", 2)}
"""At most twice the time of the trivial view, that is at least half its rate."""


def measure(*, rounds: int = 7, requests: int = 200) -> Section:
    """Measure in `rounds` of `requests` requests each."""
    its_id = next(iter(seeded(0)["pet"]))
    with serving(Settings(port=0)) as (ours, _), Server(_trivial(), Settings(port=0)) as trivial:
        reads = {OURS: (ours, "GET", f"/v1/pets/{its_id}"), TRIVIAL: (trivial, "GET", "/")}
        writes = {OURS: (ours, "POST", "/v1/pets"), TRIVIAL: (trivial, "POST", "/")}
        read, written = _race(reads, rounds, requests), _race(writes, rounds, requests)
    page = race({OURS: timed(_page, requests)}, rounds)[OURS] * MICRO
    return Section(
        "The Petstore API",
        (
            Row("GET a pet over HTTP", "µs", read[OURS], None, peers(read, HALF)),
            Row("POST a pet over HTTP", "µs", written[OURS], None, peers(written, HALF)),
            Row("first page of 20, in process", "µs", page, Goal("<", 1000)),
        ),
        "one kept connection; the trivial view answers a fixed JSON object",
    )


def _race(rivals: Mapping[str, tuple[Server, str, str]], rounds: int, requests: int) -> dict[str, float]:
    return scaled(race({name: partial(_ask, *rival, requests) for name, rival in rivals.items()}, rounds), MICRO)


def _ask(server: Server, method: str, path: str, requests: int) -> float:
    """Return the seconds per request."""
    body = json.dumps(PET) if method == "POST" else None
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    started = perf_counter()
    for _ in range(requests):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path} answered {answer.status}")
    took = perf_counter() - started
    connection.close()
    return took / requests


def _trivial() -> Flask:
    app = Flask(__name__)

    @app.route("/", methods=["GET", "POST"])
    def view() -> ResponseReturnValue:
        return {"name": "Rex", "read": request.content_length}

    return app


@contextmanager
def _page() -> Iterator[Callable[[], object]]:
    with Mockstore.in_process(strict=False) as mockstore:
        yield partial(mockstore.shop.shop.pets.find, {})
