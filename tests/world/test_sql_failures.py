"""When the database fails, one kind of error is raised, nothing is half written, and the store works again later."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockstore.errors import StoreUnavailableError
from mockstore.model import DeliveryRecord, EventRecord, ResourceRecord
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database
from tests.postgres import PostgresServer, postgres_server

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REX = ResourceRecord("pet", "1", {"name": "Rex"})
ADA = ResourceRecord("pet", "2", {"name": "Ada"})


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that tests may stop."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def database(own_server: PostgresServer) -> Iterator[Database]:
    opened = Database.open(own_server.new_database(), now=wall_time)
    yield opened
    opened.close()


def test_a_database_server_that_was_restarted_is_found_again(own_server: PostgresServer, database: Database) -> None:
    store = database.store(None)
    store.save_resource(REX)
    own_server.stop()

    with pytest.raises(StoreUnavailableError, match="cannot be used now, and what was asked for is not kept: "):
        store.save_resource(ADA)
    with pytest.raises(StoreUnavailableError, match="cannot be used now: "):
        store.resources("pet")
    with pytest.raises(StoreUnavailableError):
        database.beat()

    own_server.start()
    store.save_resource(ADA)
    assert store.resources("pet") == [REX, ADA]


def test_a_transaction_that_loses_its_connection_leaves_nothing_behind(
    own_server: PostgresServer, database: Database
) -> None:
    store = database.store(None)

    def lose_connection() -> None:
        with store.transaction():
            store.save_resource(REX)
            own_server.stop()
            store.save_resource(ADA)

    with pytest.raises(StoreUnavailableError):
        lose_connection()
    own_server.start()
    assert store.resources("pet") == []


def test_a_failure_that_is_caught_inside_still_undoes_the_transaction(
    own_server: PostgresServer, database: Database
) -> None:
    store = database.store(None)

    def ignore_failure() -> None:
        with store.transaction():
            store.save_resource(REX)
            own_server.stop()
            with pytest.raises(StoreUnavailableError):
                store.save_resource(ADA)
            own_server.start()

    with pytest.raises(StoreUnavailableError, match="a statement of this transaction failed, so nothing of it is kept"):
        ignore_failure()
    assert store.resources("pet") == []


def test_a_claim_whose_release_failed_is_free_once_the_database_answers(
    own_server: PostgresServer, database: Database
) -> None:
    store = database.store(None)
    store.save_delivery(DeliveryRecord("d", "e", "w", NOON, NOON))
    store.claim(NOON, 1)
    own_server.stop()
    with pytest.raises(StoreUnavailableError):
        store.release("d")
    own_server.start()

    assert store.next_due() == NOON
    assert [delivery.id for delivery in store.claim(NOON, 1)] == ["d"]
    assert store.holds("d")


def test_what_is_due_next_is_read_anew_when_the_end_of_a_commit_is_unknown(own_server: PostgresServer) -> None:
    url, delivery = own_server.new_database(), DeliveryRecord("d", "e", "w", NOON, NOON)
    database, other = Database.open(url, now=wall_time), Database.open(url, now=wall_time)
    store = database.store(None)
    assert store.next_due() is None

    def lose_connection() -> None:
        with store.transaction():
            store.save_delivery(replace(delivery, id="lost"))
            own_server.stop()

    with pytest.raises(StoreUnavailableError):
        lose_connection()
    own_server.start()
    other.store(None).save_delivery(delivery)

    assert store.next_due() == NOON
    database.close()
    other.close()


def test_a_claim_that_is_undone_with_its_transaction_can_be_made_again(database: Database) -> None:
    store = database.store(None)
    store.save_delivery(DeliveryRecord("d", "e", "w", NOON, NOON))

    def fail() -> None:
        with store.transaction():
            store.claim(NOON, 1)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not store.holds("d")
    assert store.next_due() == NOON
    assert [delivery.id for delivery in store.claim(NOON, 1)] == ["d"]


def test_a_sqlite_file_that_another_program_keeps_locked_is_an_error(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/shop.db", now=wall_time)
    store = database.store(None)
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailableError) as caught:
        store.save_resource(REX)
    assert str(caught.value) == (
        f"sqlite:///{tmp_path}/shop.db cannot be used now, and what was asked for is not kept: database is locked"
    )

    other.rollback()
    other.close()
    store.save_resource(REX)
    assert store.resources("pet") == [REX]
    database.close()


SERVER = """
import sys
from datetime import UTC, datetime
from mockstore.model import DeliveryRecord, EventRecord
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
store = Database.open(sys.argv[1], now=wall_time).store(None)
for number in range(1_000_000):
    with store.transaction():
        store.add_event(EventRecord(str(number), "pet.adopted", NOON, b"{}"))
        store.save_delivery(DeliveryRecord(str(number), str(number), "w", NOON, NOON))
    store.claim(NOON, 1)
    print(number, flush=True)
"""


def test_a_server_that_is_killed_loses_nothing_and_its_claims_are_free(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with subprocess.Popen([sys.executable, "-c", SERVER, url], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        printed = [server.stdout.readline().strip() for _ in range(20)]
        server.kill()

    database = Database.open(url, now=wall_time)
    store = database.store(None)
    assert [event.id for event in store.events()][:20] == printed
    assert len(store.deliveries()) == len(store.events())
    assert [delivery.id for delivery in store.claim(NOON, 20)] == printed
    assert store.event(printed[0]) == EventRecord(printed[0], "pet.adopted", NOON, b"{}")
    assert database.tenants_at_work() == [None]
    database.close()
