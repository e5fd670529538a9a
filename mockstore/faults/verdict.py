"""Whether a consumer did what is expected of it under the faults of a delivery. Pure: records in, a sentence out."""

from collections.abc import Iterable, Sequence

from mockstore.faults.catalogue import named
from mockstore.faults.fault import Expect, Fault
from mockstore.model import Attempt, DeliveryRecord, Outcome, PlannedFault

_FORGIVING = (Expect.REJECT, Expect.SURVIVE)
"""Under these an attempt need not be acknowledged."""


def expectation(faults: Iterable[Fault | PlannedFault]) -> Expect | None:
    """Return what all of these faults together make of a good consumer; None without any."""
    wanted = {named(fault.name).expects for fault in faults}
    return next((expect for expect in Expect if expect in wanted), None)


def is_met(expect: Expect, attempt: Attempt) -> bool:
    """Tell whether the consumer answered this attempt as it should; counting the effects is the caller's part.

    It is judged by what it answered, even when that was lost on its way. Where the sender broke the connection there
    is nothing to judge.
    """
    wire = attempt.request.wire
    if wire is not None and wire.reset is not None:
        return True
    status = attempt.reply.status if attempt.reply is not None else None
    if expect is Expect.REJECT:
        return _is_within(status, 400, 499) or attempt.outcome is Outcome.RESET
    if expect is Expect.SURVIVE:
        return _is_within(status, 200, 299) or _is_within(status, 400, 499)
    return _is_within(status, 200, 299)


def is_excused(delivery: DeliveryRecord) -> bool:
    """Tell whether its latest attempt failed by a fault alone: the consumer answered as it should."""
    if not delivery.faults or not delivery.attempts:
        return False
    latest = delivery.attempts[-1]
    return is_met(expectation(_befalling(delivery, latest)) or Expect.ACCEPT, latest)


def broken_promise(delivery: DeliveryRecord, attempts: Sequence[Attempt]) -> str | None:
    """Say in a few words what the consumer did wrong under a fault that it was to refuse or survive; None: nothing.

    `attempts` are those of the delivery's that are to be judged.
    """
    for attempt in attempts if delivery.faults else ():
        faults = _befalling(delivery, attempt)
        expect = expectation(faults)
        if expect in _FORGIVING and not is_met(expect, attempt):
            names = " and ".join(one.name for one in faults)
            found = attempt.status if attempt.status is not None else attempt.outcome
            allowed = "4xx" if expect is Expect.REJECT else "4xx or 2xx"
            return f"a delivery with the fault {names} was answered {found}, expected {allowed}:"
    return None


def _befalling(delivery: DeliveryRecord, attempt: Attempt) -> list[PlannedFault]:
    return [one for one in delivery.faults if one.befalls(attempt.number)]


def _is_within(status: int | None, least: int, most: int) -> bool:
    return status is not None and least <= status <= most
