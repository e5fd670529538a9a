"""Judges whether a consumer answered as a good one does under the faults of a delivery. Pure."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from mockstore.faults.catalogue import named
from mockstore.faults.fault import Expect, Fault
from mockstore.model import Attempt, DeliveryRecord, Outcome, PlannedFault, Reply

ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
"""The statuses with which frameworks answer when there is no endpoint for the path or the method."""

_FORGIVING = (Expect.REJECT, Expect.SURVIVE)
"""Expectations under which a consumer need not acknowledge an attempt."""


def expectation(faults: Iterable[Fault | PlannedFault]) -> Expect | None:
    """Return what a good consumer does under all of these faults together; None without faults."""
    wanted = {named(fault.name).expects for fault in faults}
    return next((expect for expect in Expect if expect in wanted), None)


def is_met(expect: Expect, attempt: Attempt) -> bool:
    """Tell whether the consumer's answer to this attempt is as expected; its effects are not checked here.

    An answer counts even when it was lost on its way back. Without an answer, because the sender reset the connection
    on purpose, the result is True.
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


def why_inconclusive(attempt: Attempt) -> str | None:
    """Return why the answer does not come from the consumer's webhook code, so that it proves nothing; None if it may.

    There may be no endpoint, or Django refused the request before it called the view.
    """
    reply = attempt.reply
    if reply is None:
        return None
    if reply.status in ABSENT:
        where = urlsplit(attempt.sent.url).path or "/"
        taken = "nothing is at" if reply.status == HTTPStatus.NOT_FOUND else "nothing takes a POST at"
        return f"{taken} {where}: a refusal there says nothing about the signature"
    if is_csrf_page(reply):
        return "Django's CSRF check refused it before the view was called: that says nothing about the signature"
    if is_host_page(reply):
        return "Django refused the host before the view was called: that says nothing about the signature"
    return None


def is_csrf_page(reply: Reply) -> bool:
    """Tell whether this is Django's error page for a request without a CSRF token."""
    return reply.status == HTTPStatus.FORBIDDEN and b"CSRF verification failed" in reply.body


def is_host_page(reply: Reply) -> bool:
    """Tell whether this is Django's error page for a host that is not in ALLOWED_HOSTS."""
    pages = (b"<h1>Bad Request (400)</h1>", b"DisallowedHost")
    return reply.status == HTTPStatus.BAD_REQUEST and any(page in reply.body for page in pages)


def failed_by_fault_only(delivery: DeliveryRecord) -> bool:
    """Tell whether the latest attempt failed only because of a fault, while the consumer answered as expected."""
    return bool(delivery.faults) and answered_as_expected(delivery) is True


def answered_as_expected(delivery: DeliveryRecord) -> bool | None:
    """Tell whether the latest attempt was answered as expected: under its faults, or with success if it has none.

    Return None without attempts.
    """
    if not delivery.attempts:
        return None
    latest = delivery.attempts[-1]
    if not delivery.faults:
        return latest.outcome is Outcome.ACKNOWLEDGED
    expect = expectation(_faults_at(delivery, latest)) or Expect.ACCEPT
    return is_met(expect, latest) and not (expect is Expect.REJECT and why_inconclusive(latest))


def broken_expectation(delivery: DeliveryRecord, attempts: Sequence[Attempt]) -> str | None:
    """Return what the consumer did wrong under a fault that it must reject or survive; None when nothing was wrong.

    Only `attempts`, which are some or all of the delivery's, are judged.
    """
    for attempt in attempts if delivery.faults else ():
        faults = _faults_at(delivery, attempt)
        expect = expectation(faults)
        names = " and ".join(one.name for one in faults)
        if expect is Expect.REJECT and (nothing := why_inconclusive(attempt)) is not None:
            return f"a delivery with the fault {names} was answered {attempt.status}, but {nothing}:"
        if expect in _FORGIVING and not is_met(expect, attempt):
            found = attempt.status if attempt.status is not None else attempt.outcome
            allowed = "4xx" if expect is Expect.REJECT else "4xx or 2xx"
            return f"a delivery with the fault {names} was answered {found}, expected {allowed}:"
    return None


def _faults_at(delivery: DeliveryRecord, attempt: Attempt) -> list[PlannedFault]:
    return [one for one in delivery.faults if one.applies_to(attempt.number)]


def _is_within(status: int | None, least: int, most: int) -> bool:
    return status is not None and least <= status <= most
