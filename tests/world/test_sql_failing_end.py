"""A transaction that fails at its very end, at the release of a claim or at the commit: nothing is kept or lost."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from mockstore.delivery.attempt_runner import AttemptRunner, Job
from mockstore.delivery.engine import Engine
from mockstore.errors import StoreUnavailableError
from mockstore.model import EventRecord, Outgoing, Reply, WebhookRecord
from mockstore.provider import petstore
from mockstore.world.clock import Chance, RunningClock, wall_time
from mockstore.world.seams import Store
from mockstore.world.store_sql import Database
from tests.postgres import PostgresServer

WEBHOOK = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", wall_time(), wall_time())

FAILING_RELEASE = """
CREATE TRIGGER failing BEFORE UPDATE OF claimed_by ON deliveries WHEN NEW.claimed_by IS NULL
BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END
"""
FAILING_COMMIT = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk I/O error'; END $$;
CREATE CONSTRAINT TRIGGER failing AFTER UPDATE ON deliveries DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION fail()
"""


class Trouble:
    """A store in a database that can be made to fail at the end of what changes deliveries."""

    def __init__(
        self, store: Store, execute: Callable[[str], None], *, failing: str, mended: str, outcome: str
    ) -> None:
        self.store = store
        self.outcome = outcome
        """What is told of it."""
        self._execute = execute
        self._failing = failing
        self._mended = mended

    def begin(self) -> None:
        self._execute(self._failing)

    def end(self) -> None:
        self._execute(self._mended)


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Trouble]:
    """The release of a claim fails."""

    def execute(words: str) -> None:
        with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
            connection.execute(words)

    database = Database.open(f"sqlite:///{tmp_path}/shop.db", now=wall_time)
    yield Trouble(
        database.store(None),
        execute,
        failing=FAILING_RELEASE,
        mended="DROP TRIGGER failing",
        outcome="what was asked for is not kept: ",
    )
    database.close()


@pytest.fixture
def in_postgresql(postgres: PostgresServer) -> Iterator[Trouble]:
    """The commit fails."""
    url = postgres.new_database()

    def execute(words: str) -> None:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute(words.encode())

    database = Database.open(url, now=wall_time)
    yield Trouble(
        database.store(None),
        execute,
        failing=FAILING_COMMIT,
        mended="DROP TRIGGER failing ON deliveries",
        outcome="what was asked for may have been kept: ",
    )
    database.close()


@pytest.fixture(params=["in_sqlite", "in_postgresql"])
def trouble(request: pytest.FixtureRequest) -> Trouble:
    found: Trouble = request.getfixturevalue(request.param)
    return found


class Receiver:
    """A transport whose receiver is out of order; counts the requests. The database fails from the first one on."""

    def __init__(self, trouble: Trouble) -> None:
        self.seen = 0
        self._trouble = trouble

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.url
        assert timeout
        self.seen += 1
        self._trouble.begin()
        return Reply(503)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Nothing to give back."""


def _never(error: BaseException) -> None:
    raise AssertionError(error)


def test_an_attempt_whose_recording_failed_is_recorded_by_the_next_try(trouble: Trouble) -> None:
    engine = Engine(petstore(), trouble.store, RunningClock(), Chance(0), tell=lambda: None)
    receiver, waits = Receiver(trouble), list[StoreUnavailableError]()

    def wait(error: StoreUnavailableError) -> None:
        waits.append(error)
        trouble.end()

    engine.store.save_webhook(WEBHOOK)
    engine.publish(EventRecord("e", "pet.adopted", wall_time(), b"{}"), [WEBHOOK])
    (claimed,) = engine.claim()

    tried = AttemptRunner(engine, receiver, None, wait=wait, remember=_never).attempt(Job(claimed))

    after = engine.store.delivery(claimed.id)
    assert after is not None
    assert tried is not None
    assert [one.number for one in after.attempts] == [tried.attempt.number] == [1]
    assert (len(waits), receiver.seen) == (1, 1)
    assert f"{trouble.outcome}disk I/O error" in str(waits[0])
    assert engine.claim() == []
    assert engine.store.next_due() == after.due
    assert not engine.store.holds(claimed.id)
