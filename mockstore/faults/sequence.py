"""Delivery faults: genuine events that come twice, late or out of order. They must do no harm. Pure."""

from datetime import datetime, timedelta
from typing import Final

from mockstore.faults.fault import Course, Expect, Fault, Group

_OVERTAKEN_FOR: Final = timedelta(seconds=30)
_STALE: Final = timedelta(hours=2)
_LATER: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


def _shortly(now: datetime) -> datetime:
    return now + _OVERTAKEN_FOR


def _hours_later(now: datetime) -> datetime:
    return now + _STALE


def next_minute(now: datetime) -> datetime:
    """Return the start of the next full minute, also when `now` is one."""
    return now.replace(second=0, microsecond=0) + _MINUTE


def _course(  # noqa: PLR0913, PLR0917 - the columns of the table
    name: str, sentence: str, good_consumer: str, expects: Expect, acts_on: str, course: Course, *attempts: int
) -> Fault:
    return Fault(name, Group.DELIVERY, sentence, good_consumer, expects, (acts_on,), attempts=attempts, course=course)


SEQUENCES: Final[tuple[Fault, ...]] = (
    _course(
        "duplicate",
        "The event comes again as soon as it has been acknowledged.",
        "Recognises the event's id, acknowledges, and does nothing a second time.",
        Expect.DEDUPE,
        "due",
        Course(repeat_after=timedelta()),
    ),
    _course(
        "duplicate_at_once",
        "The event comes twice at the same moment, as two deliveries: over sockets and on an event loop side by side.",
        "Notes the id and does its work in one transaction, so that one of the two finds it done.",
        Expect.DEDUPE,
        "due",
        Course(copies=1),
    ),
    _course(
        "out_of_order",
        "The event comes after the one that follows it, or after 30 seconds when none does.",
        "Goes by the time in the event or asks the API, not by the order of arrival.",
        Expect.ORDER,
        "due",
        Course(due=_shortly, is_overtaken=True),
    ),
    _course(
        "late_and_stale",
        "The event comes two hours late, after newer ones about the same thing.",
        "Acknowledges, and keeps what it knows from the newer ones.",
        Expect.ORDER,
        "due",
        Course(due=_hours_later),
    ),
    _course(
        "burst",
        "The event is kept back until the next full minute; all that are kept come at that moment.",
        "Puts events into a queue and answers at once.",
        Expect.ACCEPT,
        "due",
        Course(due=next_minute),
    ),
    _course(
        "ack_lost",
        "The consumer did its work, but the sender saw a timeout, and tries again after a minute.",
        "Recognises the event's id, acknowledges, and does nothing a second time.",
        Expect.DEDUPE,
        "outcome",
        Course(ack_is_lost=True),
        1,
    ),
    _course(
        "redelivery_after_success",
        "The event comes again an hour after it has been acknowledged.",
        "Keeps the ids of events for days, not for minutes.",
        Expect.DEDUPE,
        "due",
        Course(repeat_after=_LATER),
    ),
    _course(
        "redelivery_after_enabling",
        "Every acknowledgement is lost, which disables the webhook; an hour later it is enabled, and the event comes "
        "again.",
        "Recognises the event's id, acknowledges, and does nothing a second time.",
        Expect.DEDUPE,
        "outcome",
        Course(ack_is_lost=True, enabled_after=_LATER),
    ),
)
