"""What the faults of a delivery mean for each step of it. Pure: the dice are an argument."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mockstore.faults.catalogue import named
from mockstore.faults.fault import Course, Draft, Fault
from mockstore.model import DeliveryRecord, Outcome, Outgoing, PlannedFault

Plan = tuple[PlannedFault, ...]

_ROLL_BITS = 32


def planned(faults: Iterable[Fault], dice: random.Random) -> Plan:
    """Return the faults as a delivery keeps them, each with a roll of the dice."""
    return tuple(PlannedFault(fault.name, fault.attempts, dice.getrandbits(_ROLL_BITS)) for fault in faults)


def composed(plan: Plan, draft: Draft, attempt: int) -> Draft:
    """Return the request of this attempt as it is to be signed."""
    for fault, one in _befalling(plan, attempt):
        if fault.compose is not None:
            draft = fault.compose(draft, one.roll)
    return draft


def altered(plan: Plan, outgoing: Outgoing, attempt: int) -> Outgoing:
    """Return the signed request of this attempt as it is to be sent."""
    for fault, one in _befalling(plan, attempt):
        if fault.alter is not None:
            outgoing = fault.alter(outgoing, one.roll)
    return outgoing


def first_due(plan: Plan, now: datetime) -> datetime:
    """Return when the first attempt is due that would be made now."""
    moments = [course.due(now) for course in _courses(plan) if course.due is not None]
    return max(moments, default=now)


def copies(plan: Plan) -> int:
    """Return how many further deliveries of the event there are."""
    return sum(course.copies for course in _courses(plan))


def is_overtaken(plan: Plan) -> bool:
    """Tell whether it waits for another delivery to go first."""
    return any(course.is_overtaken for course in _courses(plan))


def loses_ack(delivery: DeliveryRecord, attempt: int) -> bool:
    """Tell whether the acknowledgement of this attempt is lost; once the webhook was enabled anew, none is."""
    return any(
        fault.course is not None
        and fault.course.ack_is_lost
        and (fault.course.comes_back is None or not delivery.round_start)
        for fault, _ in _befalling(delivery.faults, attempt)
    )


def again_after(delivery: DeliveryRecord) -> timedelta | None:
    """Return how long after its latest attempt, an acknowledged one, it is sent once more; None: it is not."""
    waits = [course.again for course in _courses(delivery.faults) if course.again is not None]
    done = sum(attempt.outcome is Outcome.ACKNOWLEDGED for attempt in delivery.attempts)
    return waits[done - 1] if 0 < done <= len(waits) else None


def back_after(delivery: DeliveryRecord) -> timedelta | None:
    """Return how long after its last attempt its webhook is enabled and it is sent once more; None: it is not."""
    waits = (course.comes_back for course in _courses(delivery.faults) if course.comes_back is not None)
    return None if delivery.round_start else next(waits, None)


def enables(delivery: DeliveryRecord) -> bool:
    """Tell whether the delivery, which is due, enables its webhook first."""
    return bool(delivery.round_start) and any(course.comes_back is not None for course in _courses(delivery.faults))


def is_single(plan: Plan) -> bool:
    """Tell whether the delivery is tried once."""
    return any(named(one.name).is_single and not one.attempts for one in plan)


def _befalling(plan: Plan, attempt: int) -> Iterator[tuple[Fault, PlannedFault]]:
    return ((named(one.name), one) for one in plan if one.befalls(attempt))


def _courses(plan: Plan) -> Iterator[Course]:
    return (course for one in plan if (course := named(one.name).course) is not None)
