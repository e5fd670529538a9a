"""A prepared request is sent only if the same request would be made now."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from mockstore import Mockstore, Reply, Webhook
from mockstore.delivery.attempt_runner import FRESH, AttemptRunner, Job
from mockstore.errors import StoreUnavailableError
from mockstore.model import Attempt, DeliveryRecord, Outgoing
from mockstore.world.seams import Store
from mockstore.world.transports.rules import Deadline
from tests.delivery.parts import still_parts

if TYPE_CHECKING:
    from mockstore.delivery.engine import Engine

MOMENT = timedelta(milliseconds=1)


class RecordingTransport:
    """A transport that keeps the request objects it gets."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ARG002 - the protocol's
        self.sent.append(outgoing)
        return Reply(204)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class Shop:
    """A Mockstore with one claimed delivery, and the requests that went to its webhook."""

    def __init__(self) -> None:
        self.parts = still_parts()
        self.mockstore = Mockstore(self.parts)
        transport = RecordingTransport()
        self.sent = transport.sent
        self.parts.router.mount("shop.test", transport)
        self.webhook: Webhook = self.mockstore.subscribe("http://shop.test/webhooks")
        self.runner = AttemptRunner(self.parts.engine, self.parts.router, None, wait=_fail, remember=_fail)
        self.mockstore.hold()
        self.mockstore.emit("pet.adopted")
        self.parts.engine.release()
        (self.claimed,) = self.parts.engine.claim()

    def prepared(self) -> Job:
        job = self.runner.prepared(self.claimed)
        assert job.started is not None
        return job

    def attempts(self) -> tuple[Attempt, ...]:
        found: DeliveryRecord | None = self.parts.store.delivery(self.claimed.id)
        return () if found is None else found.attempts

    def pass_time(self, by: timedelta) -> None:
        self.parts.clock.jump_to(self.parts.clock.now() + by)


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    with closing(made.mockstore):
        yield made


def _fail(error: BaseException) -> None:
    raise AssertionError(error)


def test_a_fresh_request_goes_out_as_it_was_prepared(shop: Shop) -> None:
    prepared = shop.prepared()
    shop.pass_time(MOMENT)

    tried = shop.runner.attempt(prepared)

    assert prepared.started is not None
    assert shop.sent[0] is prepared.started.outgoing
    assert tried is not None
    assert tried.attempt.at == prepared.started.at


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda shop: shop.mockstore.rotate_secret(shop.webhook), id="another secret"),
        pytest.param(
            lambda shop: shop.mockstore.webhooks.update(shop.webhook.id, {"description": "new"}),
            id="another description",
        ),
        pytest.param(lambda shop: shop.pass_time(FRESH), id="a later moment"),
    ],
)
def test_a_prepared_request_that_would_differ_now_is_made_again(shop: Shop, change: Callable[[Shop], None]) -> None:
    prepared = shop.prepared()
    change(shop)

    tried = shop.runner.attempt(prepared)

    assert tried is not None
    assert tried.attempt.at == shop.parts.clock.now()
    assert prepared.started is not None
    assert shop.sent[0] is not prepared.started.outgoing
    assert shop.mockstore.deliveries[0].record.attempts == (tried.attempt,)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda shop: shop.mockstore.webhooks.remove(shop.webhook.id), id="its webhook was deleted"),
        pytest.param(
            lambda shop: shop.mockstore.webhooks.update(shop.webhook.id, {"status": "disabled"}),
            id="its webhook was disabled",
        ),
        pytest.param(lambda shop: shop.mockstore.reset(), id="everything was reset"),
        pytest.param(lambda shop: shop.parts.store.release(shop.claimed.id), id="the claim was lost"),
    ],
)
def test_a_prepared_request_that_would_not_be_made_now_is_not_sent(shop: Shop, change: Callable[[Shop], None]) -> None:
    prepared = shop.prepared()
    change(shop)

    assert shop.runner.attempt(prepared) is None

    assert shop.sent == []
    assert shop.attempts() == ()


class _SlowBody:
    """A transport whose receiver sends the headers at once and the body slowly."""

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert outgoing.body
        assert timeout
        body = Deadline(MOMENT)
        while not body.passed():
            pass
        return Reply(200, took=timedelta())

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def test_a_slow_body_counts_as_time_that_the_receiver_kept_the_thread(shop: Shop) -> None:
    runner = AttemptRunner(shop.parts.engine, _SlowBody(), None, wait=_fail, remember=_fail)

    tried = runner.attempt(Job(shop.claimed))

    assert tried is not None
    assert tried.attempt.duration == timedelta()
    assert tried.held >= MOMENT


def test_what_cannot_be_prepared_is_left_to_its_turn(shop: Shop) -> None:
    runner = AttemptRunner(cast("Engine", _EngineWithoutStore()), shop.parts.router, None, wait=_fail, remember=_fail)

    assert runner.prepared(shop.claimed) == Job(shop.claimed)


class _EngineWithoutStore:
    """An engine whose store is unavailable."""

    @property
    def store(self) -> Store:
        raise StoreUnavailableError("the database is gone")
