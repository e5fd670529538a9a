"""Empty stores of every kind, and databases that several servers share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest

from mockstore.world.clock import wall_time
from mockstore.world.seams import Store
from mockstore.world.store_memory import MemoryStore
from mockstore.world.store_sql import Database
from tests.postgres import PostgresServer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_database(postgres: PostgresServer) -> Iterator[Database]:
    """A PostgreSQL database that many tests share; each test uses its own tenant."""
    database = Database.open(postgres.new_database(), now=wall_time)
    yield database
    database.close()


@pytest.fixture(scope="session")
def new_tenant() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"tenant {next(numbers)}"


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, new_tenant: Callable[[], str]) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
        yield made
    elif request.param == "sqlite":
        database = Database.open(f"sqlite:///{tmp_path}/store.db", now=wall_time)
        made = database.store(None)
        yield made
        made.close()
        database.close()
    else:
        made = request.getfixturevalue("shared_database").store(new_tenant())
        yield made
        made.close()


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """An empty database on PostgreSQL."""
    return postgres.new_database()


@pytest.fixture
def servers(url: str) -> Iterator[tuple[Database, Database]]:
    """The database of `url`, opened by two servers."""
    first, second = Database.open(url, now=wall_time), Database.open(url, now=wall_time)
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def expire_heartbeat(url: str) -> Callable[[Database], None]:
    """Make the last heartbeat of a server so old that other servers take it for lost."""

    def expire(server: Database) -> None:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute(
                "UPDATE servers SET beat_at = beat_at - interval '11 seconds' WHERE number = %s", (server.number,)
            )

    return expire
