"""Applies the faults of a delivery to its requests and its schedule. Pure: the dice are an argument."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mockstore.faults.catalogue import named
from mockstore.faults.fault import Course, Draft, Fault
from mockstore.model import DeliveryRecord, Outcome, Outgoing, PlannedFault

Plan = tuple[PlannedFault, ...]

_ROLL_BITS = 32


def planned(faults: Iterable[Fault], dice: random.Random) -> Plan:
    """Return the faults as they are stored with a delivery, each with a random number from `dice`."""
    return tuple(PlannedFault(fault.name, fault.attempts, dice.getrandbits(_ROLL_BITS)) for fault in faults)


def composed(plan: Plan, draft: Draft, attempt: int) -> Draft:
    """Return the request of this attempt with the changes that are made before signing."""
    for fault, one in _applying_to(plan, attempt):
        if fault.compose is not None:
            draft = fault.compose(draft, one.roll)
    return draft


def altered(plan: Plan, outgoing: Outgoing, attempt: int) -> Outgoing:
    """Return the signed request of this attempt with the changes that are made after signing."""
    for fault, one in _applying_to(plan, attempt):
        if fault.alter is not None:
            outgoing = fault.alter(outgoing, one.roll)
    return outgoing


def first_due(plan: Plan, now: datetime) -> datetime:
    """Return when the first attempt is due: `now`, unless a fault postpones it."""
    moments = [course.due(now) for course in _courses(plan) if course.due is not None]
    return max(moments, default=now)


def copies(plan: Plan) -> int:
    """Return how many further deliveries of the event to make."""
    return sum(course.copies for course in _courses(plan))


def is_overtaken(plan: Plan) -> bool:
    """Tell whether the delivery waits until another one to the same webhook was sent."""
    return any(course.is_overtaken for course in _courses(plan))


def loses_ack(delivery: DeliveryRecord, attempt: int) -> bool:
    """Tell whether the acknowledgement of this attempt gets lost.

    Faults that enable the webhook again (`Course.enabled_after`) lose none after that.
    """
    return any(
        fault.course is not None
        and fault.course.ack_is_lost
        and (fault.course.enabled_after is None or not delivery.round_start)
        for fault, _ in _applying_to(delivery.faults, attempt)
    )


def repeat_wait(delivery: DeliveryRecord) -> timedelta | None:
    """Return how long after its latest attempt, an acknowledged one, to send it once more; None means not at all."""
    waits = [course.repeat_after for course in _courses(delivery.faults) if course.repeat_after is not None]
    done = sum(attempt.outcome is Outcome.ACKNOWLEDGED for attempt in delivery.attempts)
    return waits[done - 1] if 0 < done <= len(waits) else None


def redelivery_wait(delivery: DeliveryRecord) -> timedelta | None:
    """Return how long after the last attempt to enable the webhook and send it once more; None means not at all."""
    waits = (course.enabled_after for course in _courses(delivery.faults) if course.enabled_after is not None)
    return None if delivery.round_start else next(waits, None)


def enables(delivery: DeliveryRecord) -> bool:
    """Tell whether the webhook is to be enabled before the delivery, which is due, is sent."""
    return bool(delivery.round_start) and any(course.enabled_after is not None for course in _courses(delivery.faults))


def is_single(plan: Plan) -> bool:
    """Tell whether the delivery has one attempt only."""
    return any(named(one.name).is_single and not one.attempts for one in plan)


def _applying_to(plan: Plan, attempt: int) -> Iterator[tuple[Fault, PlannedFault]]:
    return ((named(one.name), one) for one in plan if one.applies_to(attempt))


def _courses(plan: Plan) -> Iterator[Course]:
    return (course for one in plan if (course := named(one.name).course) is not None)
