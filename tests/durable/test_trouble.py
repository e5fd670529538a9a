"""A database that is unavailable for a while: 503 meanwhile, no partial changes, and normal work afterwards."""

import sqlite3
from contextlib import closing
from http.client import HTTPException

from benchmarks.processes import ServerProcess, Sink
from tests.durable.conftest import Serve
from tests.postgres import postgres_server

FULL = 400 * 1024
"""The limit in bytes for the server's files; its empty tables take less than half of it."""


def emitted(server: ServerProcess) -> tuple[int, str]:
    """Return the status, and the event's id or the problem's detail."""
    status, answer = server.call("POST", "/_mockstore/emit", {"type": "pet.adopted"})
    return status, answer["data"][0]["id"] if status == 202 else answer["detail"]


def emitted_in_the_end(server: ServerProcess) -> str:
    """Emit an event until it is accepted; return its id."""
    for _ in range(100):
        try:
            status, told = emitted(server)
        except (OSError, HTTPException):
            continue
        if status == 202:
            return told
    raise AssertionError("it never went on")


def events_of(server: ServerProcess) -> int:
    _, answer = server.call("GET", "/_mockstore/events?limit=1")
    return int(answer["pagination"]["totalItems"])


def test_a_locked_database_is_503_and_goes_on_when_it_is_free(
    serve: Serve, sqlite: str, sink: Sink, receiver: str
) -> None:
    server = serve(sqlite)
    server.call("POST", "/v1/webhooks", {"url": receiver, "events": ["*"]})
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, detail = emitted(server)
        other.execute("ROLLBACK")

    event_id = emitted_in_the_end(server)

    assert status == 503
    assert "cannot be used now, and what was asked for is not kept: database is locked" in detail
    assert sink.wait_for(event_id)
    assert events_of(server) == 1


FAILING_FROM_733 = """
CREATE TRIGGER failing BEFORE INSERT ON events WHEN (SELECT count(*) FROM events) >= 733
BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END
"""


def test_a_batch_that_fails_half_way_says_how_many_events_are_kept(serve: Serve, sqlite: str) -> None:
    server = serve(sqlite)
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute(FAILING_FROM_733)

    status, answer = server.call("POST", "/_mockstore/emit", {"type": "pet.adopted", "count": 2000})

    assert (status, events_of(server)) == (503, 600)
    assert answer["detail"].startswith("600 of 2000 events are kept; for the next 200: ")
    assert answer["detail"].endswith("and what was asked for is not kept: disk I/O error")


def test_a_full_disk_is_503_and_what_was_promised_before_stays(serve: Serve, sqlite: str) -> None:
    server = serve(sqlite, limit=FULL)
    promised, status, detail = 0, 202, ""
    while status == 202 and promised < 5000:
        status, detail = emitted(server)
        promised += status == 202
    kept = events_of(server)
    server.stop()

    server = serve(sqlite)
    again, _ = emitted(server)

    assert (status, again) == (503, 202)
    assert "cannot be used now, and what was asked for " in detail
    assert promised == kept
    assert events_of(server) == promised + 1


def test_a_postgresql_that_vanishes_is_503_and_goes_on_when_it_is_back(serve: Serve, sink: Sink, receiver: str) -> None:
    with postgres_server() as postgres:
        server = serve(postgres.new_database())
        server.call("POST", "/v1/webhooks", {"url": receiver, "events": ["*"]})
        before = emitted_in_the_end(server)
        assert sink.wait_for(before)
        postgres.stop()
        status, _ = emitted(server)
        postgres.start()

        after = emitted_in_the_end(server)

        assert status == 503
        assert sink.wait_for(after)
        server.stop()
