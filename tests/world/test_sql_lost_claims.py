"""A server that lost its claim while its request was sent records nothing, and can claim the delivery again."""

from collections.abc import Callable

import pytest

from mockstore.delivery.engine import Engine
from mockstore.errors import AttemptExistsError
from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, Reply, WebhookRecord
from mockstore.provider import petstore
from mockstore.world.clock import Chance, RunningClock, wall_time
from mockstore.world.store_sql import Database

WEBHOOK = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", wall_time(), wall_time())
OK, UNAVAILABLE = Reply(204), Reply(503)


def make_engine(server: Database) -> Engine:
    return Engine(petstore(), server.store(None), RunningClock(), Chance(0), tell=lambda: None)


def publish(engine: Engine) -> DeliveryRecord:
    engine.store.save_webhook(WEBHOOK)
    (delivery,) = engine.publish(EventRecord("e", "pet.adopted", wall_time(), b"{}"), [WEBHOOK])
    return delivery


@pytest.fixture
def declare_first_lost(
    servers: tuple[Database, Database], expire_heartbeat: Callable[[Database], None]
) -> Callable[[], None]:
    """Make the second server take the first one for lost."""
    first, second = servers

    def declare() -> None:
        expire_heartbeat(first)
        second.beat()

    return declare


def test_it_can_claim_the_delivery_again(
    servers: tuple[Database, Database], declare_first_lost: Callable[[], None]
) -> None:
    stalled = make_engine(servers[0])
    delivery = publish(stalled)
    started = stalled.start(stalled.claim()[0])
    assert started is not None
    declare_first_lost()

    stalled.finish(started, OK)
    stalled.store.look()

    assert stalled.store.delivery(delivery.id) == delivery
    assert [claimed.id for claimed in stalled.claim()] == [delivery.id]
    assert stalled.store.holds(delivery.id)


def test_it_can_claim_what_another_one_has_tried_meanwhile(
    servers: tuple[Database, Database], declare_first_lost: Callable[[], None]
) -> None:
    stalled, other = map(make_engine, servers)
    delivery = publish(stalled)
    started = stalled.start(stalled.claim()[0])
    declare_first_lost()
    other.store.look()
    tried = other.start(other.claim()[0])
    assert started is not None
    assert tried is not None
    other.finish(tried, UNAVAILABLE)

    stalled.finish(started, OK)
    current = stalled.store.delivery(delivery.id)
    assert current is not None
    assert [attempt.status for attempt in current.attempts] == [503]
    stalled.restart(current)

    assert [claimed.id for claimed in stalled.claim()] == [delivery.id]


def test_it_does_not_take_it_from_who_has_it_now(
    servers: tuple[Database, Database], declare_first_lost: Callable[[], None]
) -> None:
    stalled, other = map(make_engine, servers)
    delivery = publish(stalled)
    started = stalled.start(stalled.claim()[0])
    assert started is not None
    declare_first_lost()
    other.store.look()
    assert [claimed.id for claimed in other.claim()] == [delivery.id]

    stalled.finish(started, OK)
    stalled.store.look()

    assert other.store.holds(delivery.id)
    assert stalled.claim() == []
    tried = other.start(delivery)
    assert tried is not None
    other.finish(tried, OK)
    ended = other.store.delivery(delivery.id)
    assert ended is not None
    assert ended.state is DeliveryState.DELIVERED
    with pytest.raises(AttemptExistsError):
        stalled.store.save_delivery(delivery)
