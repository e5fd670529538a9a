"""When the release of a claim or the commit fails, nothing of the transaction is kept and nothing is lost."""

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


class FailingDatabase:
    """A store whose database can be made to fail at the end of each transaction that changes deliveries."""

    def __init__(
        self, store: Store, execute: Callable[[str], None], *, failing: str, repair: str, message: str
    ) -> None:
        self.store = store
        self.message = message
        """The text of the raised error before its cause."""
        self._execute = execute
        self._failing = failing
        self._repair = repair

    def start_failing(self) -> None:
        self._execute(self._failing)

    def stop_failing(self) -> None:
        self._execute(self._repair)


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[FailingDatabase]:
    """SQLite, where the release of a claim fails."""

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
            connection.execute(statement)

    database = Database.open(f"sqlite:///{tmp_path}/shop.db", now=wall_time)
    yield FailingDatabase(
        database.store(None),
        execute,
        failing=FAILING_RELEASE,
        repair="DROP TRIGGER failing",
        message="what was asked for is not kept: ",
    )
    database.close()


@pytest.fixture
def in_postgresql(postgres: PostgresServer) -> Iterator[FailingDatabase]:
    """PostgreSQL, where the commit fails."""
    url = postgres.new_database()

    def execute(statement: str) -> None:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute(statement.encode())

    database = Database.open(url, now=wall_time)
    yield FailingDatabase(
        database.store(None),
        execute,
        failing=FAILING_COMMIT,
        repair="DROP TRIGGER failing ON deliveries",
        message="what was asked for may have been kept: ",
    )
    database.close()


@pytest.fixture(params=["in_sqlite", "in_postgresql"])
def failing_database(request: pytest.FixtureRequest) -> FailingDatabase:
    found: FailingDatabase = request.getfixturevalue(request.param)
    return found


class Receiver:
    """A transport that answers 503 and counts the requests; each request makes the database fail from then on."""

    def __init__(self, failing_database: FailingDatabase) -> None:
        self.requests = 0
        self._failing_database = failing_database

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.url
        assert timeout
        self.requests += 1
        self._failing_database.start_failing()
        return Reply(503)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: no resource is held."""


def _never(error: BaseException) -> None:
    raise AssertionError(error)


def test_an_attempt_whose_recording_failed_is_recorded_by_the_next_try(failing_database: FailingDatabase) -> None:
    engine = Engine(petstore(), failing_database.store, RunningClock(), Chance(0), tell=lambda: None)
    receiver, waits = Receiver(failing_database), list[StoreUnavailableError]()

    def wait(error: StoreUnavailableError) -> None:
        waits.append(error)
        failing_database.stop_failing()

    engine.store.save_webhook(WEBHOOK)
    engine.publish(EventRecord("e", "pet.adopted", wall_time(), b"{}"), [WEBHOOK])
    (claimed,) = engine.claim()

    tried = AttemptRunner(engine, receiver, None, wait=wait, remember=_never).attempt(Job(claimed))

    after = engine.store.delivery(claimed.id)
    assert after is not None
    assert tried is not None
    assert [one.number for one in after.attempts] == [tried.attempt.number] == [1]
    assert (len(waits), receiver.requests) == (1, 1)
    assert f"{failing_database.message}disk I/O error" in str(waits[0])
    assert engine.claim() == []
    assert engine.store.next_due() == after.due
    assert not engine.store.holds(claimed.id)
