"""The retry ladder of a delivery: attempts made, the one that is due, and those that would follow. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from mockstore.delivery.schedule import RetryPolicy
from mockstore.errors import InvalidInputError
from mockstore.faults import named
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Outcome
from mockstore.web.console.rows import answer

_SAID: Final = {
    Outcome.ACKNOWLEDGED: "acknowledged",
    Outcome.REFUSED: "refused",
    Outcome.TIMEOUT: "timed out",
    Outcome.UNREACHABLE: "unreachable",
    Outcome.RESET: "connection reset",
    Outcome.ERROR: "went wrong",
}


class Rung(Struct, frozen=True):
    """One attempt, made or planned."""

    number: int
    tone: str
    """`ok`, `bad`, `due` or `planned`."""
    words: str
    at: datetime
    since: timedelta
    """Time since the delivery was created."""
    attempt: Attempt | None = None
    round: int = 1
    """The number of the round it belongs to: a redelivery starts the ladder again."""


def rungs(delivery: DeliveryRecord, policy: RetryPolicy) -> list[Rung]:
    """Return the attempts in order, with those that follow if every further attempt fails."""
    return [*(_made(delivery, attempt) for attempt in delivery.attempts), *_to_come(delivery, policy)]


def climb(delivery: DeliveryRecord, policy: RetryPolicy) -> str:
    """Return in words how many attempts of the current round were made."""
    made = len(delivery.attempts) - delivery.round_start
    return f"{made} of {policy.attempts} attempts used"


def _made(delivery: DeliveryRecord, attempt: Attempt) -> Rung:
    tone = "ok" if attempt.outcome is Outcome.ACKNOWLEDGED else "bad"
    outcome, status = _SAID[attempt.outcome], answer(attempt)
    words = outcome if attempt.status is None else f"{status} {outcome}"
    climbs = 2 if delivery.round_start and attempt.number > delivery.round_start else 1
    return Rung(attempt.number, tone, words, attempt.at, attempt.offset, attempt, climbs)


def _to_come(delivery: DeliveryRecord, policy: RetryPolicy) -> Iterator[Rung]:
    if delivery.state is not DeliveryState.PENDING or delivery.due is None:
        return
    number, at = len(delivery.attempts) + 1, delivery.due
    climbs = 2 if delivery.round_start else 1
    yield Rung(number, "due", "is due", at, at - delivery.created_at, None, climbs)
    if _is_single(delivery):
        return
    later = policy.next_attempt(number - delivery.round_start, at)
    while later is not None:
        number += 1
        yield Rung(number, "planned", "would follow", later, later - delivery.created_at, None, climbs)
        later = policy.next_attempt(number - delivery.round_start, later)


def _is_single(delivery: DeliveryRecord) -> bool:
    """Return whether a fault ends the delivery after this attempt, whatever its outcome."""
    for fault in delivery.faults:
        try:
            if named(fault.name).is_single and not fault.attempts:
                return True
        except InvalidInputError:  # a fault that an older version knew
            continue
    return False
