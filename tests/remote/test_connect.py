"""`Mockstore.connect`: a Mockstore on a server has the same methods and handles as one in process."""

import os
import signal
import threading
from datetime import timedelta
from socket import create_server
from typing import TYPE_CHECKING

import pytest
from flask import Flask, request

from mockstore import Answer, Mockstore, Outgoing
from mockstore.delivery.schedule import RetryPolicy
from mockstore.errors import (
    InvalidInputError,
    InvalidPayloadError,
    NoServerError,
    NotFoundError,
    ReceiverTimeoutError,
    UnknownEventTypeError,
    UnknownPathError,
)
from mockstore.model import Outcome
from mockstore.petstore.errors import ConflictError, ValidationError
from mockstore.remote import RemoteMockstore, connected
from mockstore.signing import verify
from tests.remote.conftest import TOKEN, process, running

if TYPE_CHECKING:
    from collections.abc import Callable


def consumer(*failing: str) -> Flask:
    """Return an app that raises for these event types."""
    app = Flask("consumer")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True

    @app.post("/webhooks/petstore")
    def take() -> tuple[str, int]:
        if request.headers["X-Webhook-Event"] in failing:
            raise LookupError("no such shelf")
        return "", 204

    return app


def test_an_app_of_this_process_gets_genuine_events(mock: RemoteMockstore) -> None:
    seen: list[Outgoing] = []
    hook = mock.subscribe(seen.append, "pet.*")

    event = mock.emit("pet.adopted", {"pet.name": "Kit"})
    event.assert_acknowledged()

    assert [one.body for one in seen] == [event.body]
    assert seen[0].url == "http://testserver/webhooks/petstore"
    assert verify(seen[0].body, seen[0].headers, hook.secret)
    assert event.data["pet"]["name"] == "Kit"


async def _asgi(scope: dict[str, object], _: "Callable[..., object]", send: "Callable[..., object]") -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 202, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]


def test_an_asgi_app_of_this_process_is_reached_too(mock: RemoteMockstore) -> None:
    mock.subscribe(_asgi, path="/hooks/caf%C3%A9?shop=1")

    event = mock.emit("pet.adopted")

    event.assert_acknowledged()
    assert event.delivery.attempts[0].status == 202


def test_an_exception_behind_a_500_comes_home(mock: RemoteMockstore) -> None:
    mock.subscribe(consumer("order.created"))

    delivery = mock.emit("order.created").delivery
    mock.settle()

    (first,) = delivery.attempts
    assert (first.status, type(first.exception), str(first.exception)) == (500, LookupError, "no such shelf")


def test_an_exception_that_leaves_the_app_is_an_attempt_without_an_answer(mock: RemoteMockstore) -> None:
    def receive(_: Outgoing) -> None:
        raise LookupError("no such shelf")

    mock.subscribe(receive)
    delivery = mock.emit("order.created").delivery
    mock.settle()

    (first,) = delivery.attempts
    assert (first.outcome, first.status, first.reply) == (Outcome.ERROR, None, None)
    assert type(first.exception) is LookupError


def test_a_receiver_here_can_play_a_timeout(mock: RemoteMockstore) -> None:
    def receive(_: Outgoing) -> None:
        raise ReceiverTimeoutError("no answer (played)")

    mock.subscribe(receive)
    delivery = mock.emit("order.created").delivery
    mock.settle()

    assert [attempt.outcome for attempt in delivery.attempts] == [Outcome.TIMEOUT]


def test_an_inbox_answers_by_script_through_the_ladder(mock: RemoteMockstore) -> None:
    inbox = mock.open_inbox("order.created")
    inbox.will_answer(503, "timeout", Answer(200, body=b"\xff"))

    delivery = mock.emit("order.created").delivery
    mock.advance(minutes=6)

    delivery.assert_acknowledged()
    assert [attempt.offset.total_seconds() for attempt in delivery.attempts] == [0, 60, 360]
    assert [one.answer for one in inbox.of("order.created")] == ["503", "no answer (scripted timeout)", "200"]
    assert delivery.attempts[-1].reply is not None
    assert delivery.attempts[-1].reply.body == b"\xff"
    inbox[-1].assert_valid()
    inbox.clear()
    assert not inbox


def test_waiting_ends_as_soon_as_there_is_something(mock: RemoteMockstore) -> None:
    inbox = mock.open_inbox()
    mock.emit("pet.adopted")

    (received,) = inbox.wait_for(1, timeout=20)

    assert received.type == "pet.adopted"
    with pytest.raises(AssertionError, match=r"waited 0\.2 s for 2 x received delivery, got 1:"):
        inbox.wait_for(2, timeout=0.2)


def test_waiting_leaves_no_thread_behind(mock: RemoteMockstore) -> None:
    before = threading.enumerate()
    looks = iter([False, True])

    assert mock.reader.wait(lambda: next(looks), 20)

    assert threading.enumerate() == before


def test_who_waits_hears_at_once_of_a_server_that_goes_away() -> None:
    with running("--clock", "virtual") as (url, number), connected(url, strict=False) as mock:

        def claim() -> bool:
            os.kill(number, signal.SIGKILL)
            return False

        with pytest.raises(NoServerError, match="does not answer any more"):
            mock.reader.wait(claim, 600)


def test_the_clock_moves_for_this_tenant_alone(mock: RemoteMockstore, server: str) -> None:
    before = mock.clock.now()

    mock.clock.advance(hours=5)

    assert mock.clock.now() - before == timedelta(hours=5)
    assert mock.clock.frozen
    with connected(server) as other:
        assert other.clock.now() == before
        assert other.tenant != mock.tenant
        other.forget()
    mock.clock.run()
    stood = [mock.clock.frozen]
    mock.clock.freeze()
    assert [*stood, mock.clock.frozen] == [False, True]


def test_rules_of_its_own_hold_for_a_tenant_alone(mock: RemoteMockstore, server: str) -> None:
    names = ["standard-webhooks"]
    mock.change(scheduleSeconds=[7], timeoutSeconds=2, signatures=names, retryAfter=True, requireHttps=True)

    assert mock.provider.schedule == RetryPolicy((timedelta(seconds=7),))
    assert (mock.provider.timeout, mock.provider.signatures) == (timedelta(seconds=2), ("standard-webhooks",))
    assert mock.provider.retry_after_statuses == {429, 503}
    with pytest.raises(InvalidInputError, match="is no URL to deliver to"):
        mock.subscribe("http://shop.example.com/")
    with connected(server) as other:
        assert len(other.provider.schedule.waits) == 4
        other.forget()


def test_registrations_can_be_changed_and_removed(mock: RemoteMockstore) -> None:
    hook = mock.subscribe("https://shop.example.com/", ["pet.*"], secret="whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0")

    mock.webhooks.update(hook.id, {"status": "disabled", "description": "till"})

    assert [one.id for one in mock.webhooks] == [hook.id]
    assert (hook.secret, hook.record.description) == ("whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "till")
    hook.assert_disabled()
    assert mock.rotate_secret(hook, overlap=timedelta(hours=1)) == hook.secret
    assert hook.record.old_secrets[0].secret == "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    mock.webhooks.remove(hook.id)
    assert len(mock.webhooks) == 0


def test_deliveries_are_held_released_redelivered_and_recovered(mock: RemoteMockstore) -> None:
    inbox = mock.open_inbox()
    mock.hold()
    events = [mock.emit("pet.adopted"), mock.emit("order.created")]

    released = mock.release([1, 0])
    mock.settle()

    assert [one.event.id for one in released] == [events[1].id, events[0].id]
    assert [one.type for one in inbox] == ["order.created", "pet.adopted"]
    mock.redeliver(released[0]).assert_acknowledged()
    assert len(inbox) == 3
    assert mock.recover(inbox.webhook) == []


def test_standing_faults_befall_later_deliveries(mock: RemoteMockstore) -> None:
    hook = mock.open_inbox().webhook

    rule = mock.faults.add("duplicate", to=hook, events="pet.*", times=1)

    assert list(mock.faults) == [rule]
    assert [one.name for one in mock.emit("pet.adopted").deliveries[0].record.faults] == ["duplicate"]
    mock.faults.clear()
    assert len(mock.faults) == 0


def test_the_shop_tells_what_its_verbs_change(mock: RemoteMockstore) -> None:
    inbox = mock.open_inbox()
    pet = mock.pets.add(name="Kit", species="CAT")

    order = mock.orders.place(pet)
    order.pay()
    order.ship().deliver()
    mock.settle()

    assert (order.status, order.pet.status, pet["name"]) == ("DELIVERED", "ADOPTED", "Kit")
    assert {"order.created", "payment.succeeded", "pet.adopted"} <= {one.type for one in inbox}
    with pytest.raises(ConflictError, match="cannot cancel: order"):
        order.cancel()
    with pytest.raises(ValidationError, match="ageMonths"):
        mock.pets.add(ageMonths="old")
    with pytest.raises(NotFoundError, match="no pet 'x'"):
        mock.pets["x"]


@pytest.mark.parametrize(
    ("event_type", "overrides", "error", "text"),
    [
        pytest.param("pet.adopte", {}, UnknownEventTypeError, "did you mean 'pet.adopted'", id="type"),
        pytest.param("pet.adopted", {"pet.nme": "Kit"}, UnknownPathError, "nearest: pet.name", id="path"),
        pytest.param("pet.adopted", {"pet.name": 1}, InvalidPayloadError, "data.pet.name: must be", id="value"),
    ],
)
def test_a_mistake_is_the_same_error_as_in_process(
    mock: RemoteMockstore, event_type: str, overrides: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as there:
        mock.emit(event_type, overrides)
    with Mockstore.in_process(strict=False) as here, pytest.raises(error) as local:
        here.emit(event_type, overrides)

    assert str(there.value) == str(local.value)


def test_a_scenario_is_played_in_the_tenants_own_world(mock: RemoteMockstore) -> None:
    result = mock.play("outage-and-recovery")

    assert result.passed
    assert mock.play.result is result
    assert len(mock.events) > 0


def test_a_reset_forgets_inboxes_and_the_result_of_a_scenario(mock: RemoteMockstore) -> None:
    inbox = mock.open_inbox()
    mock.play("outage-and-recovery")

    mock.reset()

    with pytest.raises(NotFoundError, match="no inbox"):
        inbox.none()
    with pytest.raises(InvalidInputError, match="no scenario was played"):
        _ = mock.play.result


def test_the_shared_pool_is_shared(server: str) -> None:
    with connected(server, tenant="shared") as one, connected(server, tenant="shared") as other:
        event = one.emit("pet.adopted")

        assert other.event(event.id).body == event.body
        assert (one.tenant, one.url) == (None, server)
        with pytest.raises(InvalidInputError, match="the pool that all share keeps the rules of the server"):
            one.change(seed=1)
        one.reset()
        assert not other.events


def test_a_server_that_is_not_there_is_one_line() -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with pytest.raises(NoServerError) as caught:
        Mockstore.connect(url)

    assert str(caught.value) == f"no mockstore answers at {url}; start one with `mockstore serve`, or say where it is"


def test_what_is_no_url_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no usable URL: 'petstore'"):
        Mockstore.connect("petstore")


def test_a_control_token_is_asked_for_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOCKSTORE_CONTROL_TOKEN", raising=False)
    with process("--control-token", TOKEN) as url:
        with pytest.raises(NoServerError) as caught:
            Mockstore.connect(url)
        with pytest.raises(NoServerError) as wrong:
            Mockstore.connect(url, token="another")
        with Mockstore.connect(url, token=TOKEN) as mock:
            mock.open_inbox()
            mock.emit("pet.adopted").assert_acknowledged()

    remedy = (
        "; give the one that it was started with, or has printed, by --mockstore-token, MOCKSTORE_CONTROL_TOKEN or "
        "Mockstore.connect(url, token=…)"
    )
    assert str(caught.value) == f"{url} asks for its control token{remedy}"
    assert str(wrong.value) == f"{url} does not take this control token{remedy}"
