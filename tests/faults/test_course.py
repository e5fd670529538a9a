"""When and how often an event is sent under the delivery faults."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from mockstore import Mockstore, Outgoing, faults
from mockstore.parts import ClockName
from mockstore.settings import Settings
from tests.faults.conftest import Careful, SharedServer, subscribed


class Recorder:
    """Records the type of each event, and the seconds until it came."""

    def __init__(self, store: Mockstore) -> None:
        self._store = store
        self._start = store.clock.now()
        self.entries: list[tuple[str, float]] = []

    def __call__(self, outgoing: Outgoing) -> int:
        event_type = dict(outgoing.headers)["X-Webhook-Event"]
        self.entries.append((event_type, (self._store.clock.now() - self._start).total_seconds()))
        return 204

    @property
    def types(self) -> list[str]:
        return [event_type for event_type, _ in self.entries]


@pytest.fixture
def recorder(store: Mockstore) -> Recorder:
    recorder = Recorder(store)
    store.subscribe(recorder)
    return recorder


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("duplicate", [0, 0]),
        ("duplicate_at_once", [0, 0]),
        ("out_of_order", [30]),
        ("late_and_stale", [7200]),
        ("burst", [60]),
        ("ack_lost", [0, 60]),
        ("redelivery_after_success", [0, 3600]),
        ("redelivery_after_enabling", [0, 60, 360, 2160, 5760, 9360]),
    ],
)
def test_an_event_comes_at_these_moments(store: Mockstore, recorder: Recorder, name: str, seconds: list[float]) -> None:
    store.emit("pet.adopted", fault=name)
    store.advance(hours=12)

    assert [at for _, at in recorder.entries] == seconds


@pytest.mark.parametrize("clock", ["virtual", "travel", "system"])
def test_the_course_is_the_same_under_every_clock(clock: ClockName) -> None:
    with Mockstore.in_process(strict=False, clock=clock, signature_time="virtual") as store:
        webhook = store.subscribe(lambda _: 204)

        store.emit("pet.adopted", fault=["ack_lost", "redelivery_after_success"])
        store.advance(hours=3)

        offsets = [attempt.offset.total_seconds() for attempt in webhook.deliveries.last.attempts]
    assert offsets == pytest.approx([0, 60, 3660], abs=30)


def test_what_is_out_of_order_comes_right_after_the_next_event(store: Mockstore, recorder: Recorder) -> None:
    store.emit("order.created", fault="out_of_order")
    before = list(recorder.types)
    store.emit("order.status_changed")
    store.emit("pet.adopted")
    store.advance(minutes=5)

    assert before == []
    assert recorder.types == ["order.status_changed", "order.created", "pet.adopted"]


def test_an_event_to_another_webhook_overtakes_nothing(store: Mockstore, recorder: Recorder) -> None:
    other = store.subscribe(lambda _: 204, events="pet.*")

    store.emit("order.created", fault="out_of_order")
    store.emit("pet.adopted", to=other)

    assert recorder.types == []


def test_what_is_stale_comes_after_everything_that_was_newer(store: Mockstore, recorder: Recorder) -> None:
    store.emit("order.created", fault="late_and_stale")
    store.advance(hours=1)
    store.emit("order.status_changed")
    store.advance(hours=1)

    assert recorder.entries == [("order.status_changed", 3600), ("order.created", 7200)]


def test_a_burst_gathers_what_happens_within_a_minute(store: Mockstore, recorder: Recorder) -> None:
    store.faults.add("burst")

    for _ in range(3):
        store.emit("pet.adopted")
        store.advance(seconds=15)
    store.advance(seconds=15)
    store.emit("order.created")
    store.advance(minutes=1)

    assert recorder.entries == [("pet.adopted", 60)] * 3 + [("order.created", 120)]


def test_a_lost_acknowledgement_leaves_a_trace_of_what_was_answered(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)

    event = store.emit("pet.adopted", fault="ack_lost")

    (attempt,) = event.delivery.attempts
    assert (attempt.outcome, attempt.status) == ("timeout", None)
    assert attempt.duration == timedelta(seconds=5)
    assert attempt.error == "the acknowledgement was lost on its way back (a fault)"
    assert attempt.reply is not None
    assert attempt.reply.status == 204


def test_only_an_acknowledgement_can_be_lost(store: Mockstore) -> None:
    store.subscribe(lambda _: 503)

    event = store.emit("pet.adopted", fault="ack_lost")

    assert [attempt.status for attempt in event.delivery.attempts] == [503]


def test_a_lost_acknowledgement_can_befall_other_attempts(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 204)

    store.emit("pet.adopted", fault=faults.named("ack_lost").on(1, 2))
    store.advance(hours=1)

    assert [attempt.outcome for attempt in webhook.deliveries.last.attempts] == ["timeout", "timeout", "acknowledged"]


def test_while_every_acknowledgement_is_lost_the_webhook_is_disabled_and_the_rest_discarded(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 204)

    first = store.emit("order.created", fault="redelivery_after_enabling")
    late = store.emit("pet.adopted", fault="late_and_stale")
    store.advance(minutes=96)
    webhook.assert_disabled()
    store.advance(hours=1)

    webhook.assert_active()
    first.assert_acknowledged()
    assert late.delivery.state == "discarded"


def test_copies_of_an_event_are_deliveries_of_their_own_with_the_same_bytes(store: Mockstore) -> None:
    inbox = store.open_inbox()

    event = store.emit("pet.adopted", fault="duplicate_at_once")

    one, other = event.deliveries
    assert one.id != other.id
    assert inbox[0].body == inbox[1].body == event.body
    assert [received.attempt for received in inbox] == [1, 1]


# ---- at the same moment ----


class AnswersInPairs(Careful):
    """Answers only when two requests are there at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._barrier = Barrier(2, timeout=10)

    def handle(self, body: bytes, environ: dict[str, Any]) -> int:
        self._barrier.wait()
        return super().handle(body, environ)


def test_over_sockets_a_duplicate_at_once_is_under_way_at_the_same_time(shared_server: SharedServer) -> None:
    consumer = AnswersInPairs()
    with subscribed(consumer, shared_server) as (store, _):
        store.emit("order.created", fault="duplicate_at_once").assert_acknowledged()

    assert (consumer.requests, len(consumer.booked)) == (2, 1)


def test_a_server_sends_a_duplicate_at_once_at_the_same_time(shared_server: SharedServer) -> None:
    consumer = shared_server.consumer = AnswersInPairs()
    with Mockstore.standalone(Settings(port=0)) as store:
        webhook = store.subscribe(shared_server.url)
        consumer.secret = webhook.secret

        event = store.emit("order.created", fault="duplicate_at_once")
        store.settle(timedelta(seconds=20))

        event.assert_acknowledged()
    assert (consumer.requests, len(consumer.booked)) == (2, 1)


def test_on_an_event_loop_a_duplicate_at_once_is_under_way_at_the_same_time() -> None:
    inside: list[int] = []

    async def app(
        scope: dict[str, Any], _receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        inside.append(+1)
        await asyncio.wait_for(met.wait(), 10) if len(inside) < 2 else met.set()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> Iterable[str]:
        with Mockstore.in_process(strict=False) as store:
            store.subscribe(app)
            event = await store.aemit("order.created", fault="duplicate_at_once")
            return [delivery.state for delivery in event.deliveries]

    met = asyncio.Event()
    assert asyncio.run(run()) == ["delivered", "delivered"]


# ---- held and released ----


def test_a_position_that_is_named_twice_is_delivered_twice(store: Mockstore, recorder: Recorder) -> None:
    store.hold()
    first = store.emit("order.created")
    second = store.emit("order.status_changed")
    store.release(order=[1, 0, 1])

    assert recorder.types == ["order.status_changed", "order.created", "order.status_changed"]
    assert (len(first.deliveries), len(second.deliveries)) == (1, 2)


def test_a_position_that_is_left_out_stays_held(store: Mockstore, recorder: Recorder) -> None:
    store.hold()
    store.emit("order.created")
    kept = store.emit("order.status_changed")
    store.release(order=[0])

    assert recorder.types == ["order.created"]
    assert kept.delivery.state == "held"


def test_what_was_held_keeps_its_faults(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 401)

    store.hold()
    store.emit("order.created", fault="wrong_secret")
    store.release(order=[0, 0])

    assert [(len(delivery.attempts), delivery.state) for delivery in webhook.deliveries] == [(1, "failed")] * 2
