"""Observers are told of changes after their commit, and not of those rolled back; claims are always released."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from mockstore.delivery.attempt_runner import AttemptRunner, Job
from mockstore.delivery.engine import Engine, Started
from mockstore.errors import AttemptExistsError
from mockstore.model import (
    Attempted,
    DeliveryRecord,
    DeliveryState,
    Disabled,
    EventRecord,
    Observation,
    Published,
    Reply,
    WebhookRecord,
)
from mockstore.provider import petstore
from mockstore.world.clock import EPOCH, Chance, VirtualClock
from mockstore.world.store_memory import MemoryStore
from tests.delivery.test_threads import Network

WEBHOOK = WebhookRecord("w", "http://shop.test/", ("*",), "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", EPOCH, EPOCH)
EVENT = EventRecord("e", "pet.adopted", EPOCH, b"{}")


class Late(MemoryStore):
    """A store in which another server has recorded the same attempt already."""

    late = False

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        if self.late:
            raise AttemptExistsError(delivery.id, 1)
        super().save_delivery(delivery)


class ObservedEngine:
    """An engine and its observations."""

    def __init__(self, *, tell: Callable[[], None] = lambda: None, retries: bool = True) -> None:
        self.store = Late()
        self.seen: list[Observation] = []
        rules = petstore() if retries else replace(petstore(), schedule=replace(petstore().schedule, waits=()))
        self.engine = Engine(rules, self.store, VirtualClock(), Chance(0), tell=tell, observe=self.seen.append)
        self.store.save_webhook(WEBHOOK)

    @property
    def kinds(self) -> list[type[Observation]]:
        return [type(seen) for seen in self.seen]

    def published(self) -> DeliveryRecord:
        (delivery,) = self.engine.publish(EVENT, [WEBHOOK])
        return delivery

    def started(self) -> Started:
        self.published()
        (claimed,) = self.engine.claim()
        started = self.engine.start(claimed)
        assert started is not None
        return started


def roll_back(observed: ObservedEngine, work: Callable[[], object]) -> None:
    def fail() -> None:
        with observed.store.transaction():
            work()
            raise LookupError

    with pytest.raises(LookupError):
        fail()


def test_what_is_rolled_back_is_not_reported() -> None:
    observed = ObservedEngine()

    roll_back(observed, observed.published)
    roll_back(observed, lambda: observed.engine.disable(WEBHOOK, "by request"))

    assert observed.seen == []


def test_what_is_kept_is_reported_in_its_order_after_the_outermost_transaction() -> None:
    observed = ObservedEngine()

    with observed.store.transaction():
        observed.published()
        observed.engine.disable(WEBHOOK, "by request")
        before = list(observed.seen)

    assert before == []
    assert observed.kinds == [Published, Disabled]


def test_an_attempt_that_disables_its_webhook_is_reported_after_that() -> None:
    observed = ObservedEngine(retries=False)

    observed.engine.finish(observed.started(), Reply(503))

    assert observed.kinds == [Published, Disabled, Attempted]


def test_the_claim_of_an_attempt_that_another_server_has_recorded_is_released() -> None:
    observed = ObservedEngine()
    started = observed.started()

    observed.store.late = True
    observed.engine.finish(started, Reply(503))

    assert not observed.store.holds(started.delivery.id)
    assert observed.kinds == [Published]


def test_an_attempt_that_is_recorded_goes_on_as_recorded_whatever_fails_afterwards() -> None:
    errors: list[BaseException] = []

    def fail() -> None:
        raise LookupError("nobody listens")

    observed = ObservedEngine(tell=fail)
    runner = AttemptRunner(observed.engine, Network(), None, wait=errors.append, remember=errors.append)
    observed.published()
    (claimed,) = observed.engine.claim()

    runner.attempt(Job(claimed, observed.engine.start(claimed)), answer=Reply(503))

    after = observed.store.delivery(claimed.id)
    assert after is not None
    assert (after.state, len(after.attempts)) == (DeliveryState.PENDING, 1)
    assert after.due == EPOCH + timedelta(minutes=1)
    assert [str(error) for error in errors] == ["nobody listens"]
