"""Decides how an attempt ended and what follows from it. Pure."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from mockstore.delivery.schedule import describe, retry_after
from mockstore.errors import (
    BrokenConnectionError,
    ConsumerError,
    DeliveryError,
    ReceiverTimeoutError,
    UnreachableError,
)
from mockstore.faults import plan as faulty
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Outcome, Reply
from mockstore.provider import Provider

OUTCOME_OF: tuple[tuple[type[DeliveryError], Outcome], ...] = (
    (ReceiverTimeoutError, Outcome.TIMEOUT),
    (UnreachableError, Outcome.UNREACHABLE),
    (BrokenConnectionError, Outcome.RESET),
    (ConsumerError, Outcome.ERROR),
    (DeliveryError, Outcome.ERROR),
)


_SHARED_BODY: Final = 1024
"""The longest body, in bytes, of a reply that is shared."""
_SHARED_HEADERS: Final = 4096
"""The most characters in the headers of a reply that is shared."""


class Verdict(Struct, frozen=True):
    """How one attempt ended; `error` is one sentence about a failure, None for a success."""

    outcome: Outcome
    error: str | None = None


class Step(Struct, frozen=True):
    """What follows from an attempt: the new state of the delivery, and when its next attempt is due (None: never)."""

    state: DeliveryState
    due: datetime | None = None
    disables: str | None = None
    """Why the webhook has to be disabled; None when it stays as it is."""
    anew: bool = False
    """Whether the retry schedule starts over with the next attempt."""


def judge(answer: Reply | DeliveryError, provider: Provider) -> Verdict:
    """Return whether the attempt succeeded (any 2xx in time) or how it failed (contract 1.3)."""
    if isinstance(answer, DeliveryError):
        outcome = next(outcome for kind, outcome in OUTCOME_OF if isinstance(answer, kind))
        return Verdict(outcome, str(answer))
    if answer.took > provider.timeout:
        return Verdict(
            Outcome.TIMEOUT,
            f"no answer within {describe(provider.timeout)} (it would have come after {describe(answer.took)})",
        )
    return _of_status(answer.status)


def shared_reply(reply: Reply) -> Reply:
    """Return an equal reply; short ones are one shared object, which saves memory with many attempts."""
    if reply.exception is not None or len(reply.body) > _SHARED_BODY:
        return reply
    try:
        if sum([len(name) + len(value) for name, value in reply.headers]) > _SHARED_HEADERS:
            return reply
        return _same(reply)
    except TypeError:  # a custom transport may return lists, which have no hash
        return reply


@lru_cache(maxsize=256)
def _same(reply: Reply) -> Reply:
    return reply


@lru_cache(maxsize=64)
def _of_status(status: int) -> Verdict:
    """Return the verdict on an answer in time; cached, so that attempts share its sentence."""
    if 200 <= status < 300:  # noqa: PLR2004 - the range of success
        return Verdict(Outcome.ACKNOWLEDGED)
    if 300 <= status < 400:  # noqa: PLR2004 - the range of redirects
        return Verdict(Outcome.REFUSED, f"answered {status}: redirects are not followed")
    return Verdict(Outcome.REFUSED, f"answered {status}")


def raised_by_consumer(answer: Reply | DeliveryError) -> BaseException | None:
    """Return the exception of the consumer's code, or None; the cause of a broken connection does not count."""
    return answer.__cause__ if isinstance(answer, ConsumerError) else None


def next_step(
    delivery: DeliveryRecord, attempt: Attempt, provider: Provider, now: datetime, *, dice: float = 0.0
) -> Step:
    """Return what follows from `attempt`, the latest of `delivery`; `dice` is in [-1, 1], for the jitter."""
    if attempt.outcome is Outcome.ACKNOWLEDGED:
        return Step(DeliveryState.DELIVERED)
    if attempt.status in provider.disabling_statuses and attempt.outcome is Outcome.REFUSED:
        return Step(DeliveryState.FAILED, disables=f"the receiver answered {attempt.status}")
    made = attempt.number - delivery.round_start
    due = provider.schedule.next_attempt(made, now, dice=dice)
    if due is not None:
        return Step(DeliveryState.PENDING, due=max(due, _asked_for(attempt, provider, now)))
    why = f"attempt {made} of {made} of one delivery failed" if provider.disables_after_last_attempt else None
    return Step(DeliveryState.FAILED, disables=why)


def with_faults(step: Step, delivery: DeliveryRecord, attempt: Attempt) -> Step:
    """Return `step` as changed by the faults of the delivery.

    An acknowledged delivery may be sent again. A forged or hostile one has a single attempt, and never disables its
    webhook.
    """
    if step.state is DeliveryState.DELIVERED:
        wait = faulty.repeat_wait(delivery)
        return step if wait is None else Step(DeliveryState.PENDING, due=attempt.at + wait, anew=True)
    if faulty.is_single(delivery.faults):
        return Step(DeliveryState.FAILED)
    back = faulty.redelivery_wait(delivery) if step.state is DeliveryState.FAILED else None
    if back is None:
        return step
    return Step(DeliveryState.PENDING, due=attempt.at + back, disables=step.disables, anew=True)


def _asked_for(attempt: Attempt, provider: Provider, now: datetime) -> datetime:
    if attempt.reply is None or attempt.status not in provider.retry_after_statuses:
        return now
    asked = next((value for name, value in attempt.reply.headers if name.lower() == "retry-after"), "")
    return retry_after(asked, now) or now
