from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.delivery.judge import Step, judge, next_step, shared_reply
from mockstore.errors import (
    BrokenConnectionError,
    ConsumerError,
    DeliveryError,
    NotMountedError,
    ReceiverTimeoutError,
    UnreachableError,
)
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Headers, Outcome, Outgoing, Reply
from mockstore.provider import petstore, standard_webhooks

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DELIVERY = DeliveryRecord("d", "e", "w", NOON, NOON)
OUTGOING = Outgoing("http://shop.test/", (), b"{}")


def attempt(number: int, status: int | None, outcome: Outcome = Outcome.REFUSED, headers: Headers = ()) -> Attempt:
    reply = Reply(status, headers) if status is not None else None
    return Attempt(number, NOON, NOON, outcome, status, timedelta(), None, OUTGOING, reply)


@pytest.mark.parametrize(
    ("answer", "outcome", "error"),
    [
        pytest.param(Reply(200), Outcome.ACKNOWLEDGED, None, id="200"),
        pytest.param(Reply(204), Outcome.ACKNOWLEDGED, None, id="204"),
        pytest.param(Reply(299), Outcome.ACKNOWLEDGED, None, id="the last of 2xx"),
        pytest.param(Reply(199), Outcome.REFUSED, "answered 199", id="just below 2xx"),
        pytest.param(
            Reply(302), Outcome.REFUSED, "answered 302: redirects are not followed", id="a redirect is a failure"
        ),
        pytest.param(Reply(404), Outcome.REFUSED, "answered 404", id="4xx"),
        pytest.param(Reply(500), Outcome.REFUSED, "answered 500", id="5xx"),
        pytest.param(Reply(200, took=timedelta(seconds=5)), Outcome.ACKNOWLEDGED, None, id="within five seconds"),
        pytest.param(
            Reply(200, took=timedelta(seconds=6)),
            Outcome.TIMEOUT,
            "no answer within 5 s (it would have come after 6 s)",
            id="a success that comes too late",
        ),
        pytest.param(ReceiverTimeoutError("slow"), Outcome.TIMEOUT, "slow", id="timeout"),
        pytest.param(UnreachableError("refused"), Outcome.UNREACHABLE, "refused", id="refused"),
        pytest.param(
            NotMountedError("typo.test", ["a.test"]),
            Outcome.UNREACHABLE,
            "no app mounted at 'typo.test'; mounted: ['a.test']. In process, only mounted apps and loopback addresses "
            "are reached",
            id="not mounted",
        ),
        pytest.param(BrokenConnectionError("reset"), Outcome.RESET, "reset", id="reset"),
        pytest.param(ConsumerError("raised"), Outcome.ERROR, "raised", id="the consumer raised"),
        pytest.param(DeliveryError("other"), Outcome.ERROR, "other", id="anything else"),
    ],
)
def test_any_2xx_in_time_is_success_and_nothing_else(
    answer: Reply | DeliveryError, outcome: Outcome, error: str | None
) -> None:
    verdict = judge(answer, petstore())

    assert (verdict.outcome, verdict.error) == (outcome, error)


@pytest.mark.parametrize(
    ("number", "minutes"), [(1, 1), (2, 5), (3, 30), (4, 60)], ids=["second", "third", "fourth", "fifth"]
)
def test_a_failure_is_tried_again_on_the_ladder(number: int, minutes: int) -> None:
    step = next_step(DELIVERY, attempt(number, 503), petstore(), NOON)

    assert step == Step(DeliveryState.PENDING, due=NOON + timedelta(minutes=minutes))


def test_the_fifth_failure_disables_the_webhook() -> None:
    step = next_step(DELIVERY, attempt(5, 503), petstore(), NOON)

    assert step == Step(DeliveryState.FAILED, disables="attempt 5 of 5 of one delivery failed")


def test_a_success_ends_the_delivery() -> None:
    step = next_step(DELIVERY, attempt(3, 200, Outcome.ACKNOWLEDGED), petstore(), NOON)

    assert step == Step(DeliveryState.DELIVERED)


def test_a_redelivery_starts_the_ladder_anew_while_the_numbers_go_on() -> None:
    step = next_step(replace(DELIVERY, round_start=5), attempt(6, 503), petstore(), NOON)

    assert step == Step(DeliveryState.PENDING, due=NOON + timedelta(minutes=1))


def test_a_provider_may_leave_the_webhook_active_after_the_last_attempt() -> None:
    provider = replace(petstore(), disables_after_last_attempt=False)

    assert next_step(DELIVERY, attempt(5, 503), provider, NOON) == Step(DeliveryState.FAILED)


def test_410_disables_at_once_where_the_provider_says_so() -> None:
    gone = attempt(1, 410)

    assert next_step(DELIVERY, gone, standard_webhooks(), NOON).disables == "the receiver answered 410"
    assert next_step(DELIVERY, gone, petstore(), NOON).disables is None


@pytest.mark.parametrize(
    ("status", "asked", "wait"),
    [
        pytest.param(503, "120", 120, id="a longer wait is honoured"),
        pytest.param(429, "1", 5, id="a shorter one does not hurry the schedule"),
        pytest.param(500, "120", 5, id="only on the statuses of the provider"),
        pytest.param(503, "later", 5, id="nonsense is passed over"),
    ],
)
def test_retry_after_counts_where_the_provider_says_so(status: int, asked: str, wait: float) -> None:
    answered = attempt(1, status, headers=(("retry-after", asked),))

    assert next_step(DELIVERY, answered, standard_webhooks(), NOON).due == NOON + timedelta(seconds=wait)
    assert next_step(DELIVERY, answered, petstore(), NOON).due == NOON + timedelta(minutes=1)


def test_equal_short_answers_are_kept_once() -> None:
    first, second = (Reply(503, (("Retry-After", "5"),), b"no", timedelta(milliseconds=3)) for _ in range(2))

    assert shared_reply(second) is shared_reply(first)
    assert shared_reply(Reply(503)) is not shared_reply(first)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(500, exception=ValueError("on purpose")), id="what was raised"),
        pytest.param(Reply(200, body=b"x" * 1025), id="a long body"),
        pytest.param(Reply(200, (("X", "x" * 4096),)), id="long headers"),
        pytest.param(Reply(200, [["X", "1"]]), id="lists"),  # type: ignore[arg-type]  # as a receiver may answer
    ],
)
def test_other_answers_are_kept_as_they_are(reply: Reply) -> None:
    shared_reply(replace(reply))

    assert shared_reply(reply) is reply
