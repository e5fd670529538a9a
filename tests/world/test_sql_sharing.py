"""Servers that share a PostgreSQL database: a delivery is claimed by one of them, and the claims of a lost one end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.errors import AttemptExistsError
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Outcome, Outgoing, ResourceRecord
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DELIVERY = DeliveryRecord("d", "e", "w", NOON, NOON)
DONE = Attempt(
    1, NOON, NOON, Outcome.ACKNOWLEDGED, 200, timedelta(), None, Outgoing("http://shop.test/", (), b"{}"), None
)


def claimed(server: Database, limit: int = 10) -> list[str]:
    return [delivery.id for delivery in server.store(None).claim(NOON, limit)]


def test_servers_have_different_numbers_and_the_same_root(servers: tuple[Database, Database]) -> None:
    first, second = servers

    assert (first.number, second.number) == (1, 2)
    assert first.root == second.root
    assert (first.shared, second.shared) == (True, True)


def test_servers_that_open_an_empty_database_at_once_agree(url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: Database.open(url, now=wall_time), range(4)))

    assert sorted(server.number for server in opened) == [1, 2, 3, 4]
    assert len({server.root for server in opened}) == 1
    for server in opened:
        server.close()


def test_no_delivery_is_claimed_twice(servers: tuple[Database, Database]) -> None:
    for number in range(200):
        servers[0].store(None).save_delivery(replace(DELIVERY, id=str(number)))

    with ThreadPoolExecutor(8) as threads:
        taken = [id_ for ids in threads.map(lambda turn: claimed(servers[turn % 2], 5), range(120)) for id_ in ids]

    assert sorted(taken) == sorted(map(str, range(200)))


def test_transactions_of_a_tenant_follow_each_other_across_servers(servers: tuple[Database, Database]) -> None:
    def count(turn: int) -> None:
        store = servers[turn % 2].store(None)
        with store.transaction():
            found = store.resource("counter", "1")
            total = 0 if found is None else found.document["total"]
            store.save_resource(ResourceRecord("counter", "1", {"total": total + 1}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(60)))

    assert servers[1].store(None).resource("counter", "1") == ResourceRecord("counter", "1", {"total": 60})


def test_a_closed_server_gives_its_claims_back(url: str) -> None:
    first, second = Database.open(url, now=wall_time), Database.open(url, now=wall_time)
    first.store(None).save_delivery(DELIVERY)
    claimed(first)
    assert claimed(second) == []

    first.close()
    assert claimed(second) == ["d"]
    second.close()


def test_the_claims_of_a_lost_server_come_back(
    servers: tuple[Database, Database], expire_heartbeat: Callable[[Database], None]
) -> None:
    lost, living = servers
    lost.store(None).save_delivery(DELIVERY)
    claimed(lost)
    living.beat()
    assert claimed(living) == []

    expire_heartbeat(lost)
    living.beat()
    assert living.store(None).next_due() == NOON
    assert claimed(living) == ["d"]
    assert living.store(None).holds("d")


def test_a_server_that_comes_to_life_again_no_longer_holds_what_it_had(
    servers: tuple[Database, Database], expire_heartbeat: Callable[[Database], None]
) -> None:
    stalled, living = servers
    stalled.store(None).save_delivery(DELIVERY)
    claimed(stalled)
    expire_heartbeat(stalled)
    living.beat()
    stalled.beat()

    assert not stalled.store(None).holds("d")
    assert claimed(living) == ["d"]
    stalled.store(None).release("d")  # has no effect: the claim is no longer its own
    assert living.store(None).holds("d")


def test_a_server_that_comes_to_life_again_does_not_start_what_it_still_has_in_hand(
    servers: tuple[Database, Database], expire_heartbeat: Callable[[Database], None]
) -> None:
    stalled, living = servers
    stalled.store(None).save_delivery(DELIVERY)
    claimed(stalled)
    expire_heartbeat(stalled)
    living.beat()
    stalled.beat()

    assert claimed(stalled) == []
    assert stalled.store(None).next_due() is None

    stalled.store(None).release("d")
    assert stalled.store(None).next_due() == NOON
    assert claimed(stalled) == ["d"]


def test_only_one_server_records_an_attempt(servers: tuple[Database, Database]) -> None:
    first, second = servers
    first.store(None).save_delivery(DELIVERY)
    ended = replace(DELIVERY, attempts=(DONE,), due=None, state=DeliveryState.DELIVERED)
    failed = replace(DELIVERY, attempts=(replace(DONE, outcome=Outcome.REFUSED, status=500),))
    second.store(None).save_delivery(ended)

    with pytest.raises(AttemptExistsError):
        first.store(None).save_delivery(failed)
    assert first.store(None).delivery("d") == ended
