"""The text of a failed assertion about a delivery. Pure, except that it checks whether an event loop runs."""

from datetime import datetime

from mockstore.faults.verdict import why_inconclusive
from mockstore.hints import blocked_loop_hint
from mockstore.model import Attempt, DeliveryRecord, EventRecord, Outcome, WebhookRecord
from mockstore.timeline import delivery_text, refusal_hints


def report_text(
    record: DeliveryRecord, event: EventRecord, webhook: WebhookRecord | None, *, process_time: datetime
) -> str:
    """Return the timeline of a delivery, what may explain a refusal, and what the consumer raised."""
    lines = [delivery_text(record, event, webhook)]
    if webhook is not None:
        lines += refusal_hints(record, event, webhook, process_time=process_time)
        lines += blocked_loop_hint(record, webhook.url)
    lines += [
        f"raised: attempt {attempt.number}: {type(attempt.exception).__name__}: {attempt.exception}"
        for attempt in record.attempts
        if attempt.exception is not None
    ]
    return "\n".join(lines)


def no_rejection(last: Attempt | None, status: int | None) -> str | None:
    """Return how the latest attempt should have been rejected; None when it was.

    That is with 4xx by the endpoint itself, or with exactly `status`.
    """
    found = last.status if last is not None and last.outcome is Outcome.REFUSED else None
    if status is not None:
        return None if found == status else f" with {status}"
    if last is None or found is None or not 400 <= found < 500:  # noqa: PLR2004 - 4xx
        return " with a 4xx status"
    nothing = why_inconclusive(last)
    if nothing is None:
        return None
    return f", but {nothing}. If {found} is what the endpoint answers, name it: assert_rejected({found})"
