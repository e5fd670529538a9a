"""Renders deliveries and their attempts as text, and explains refusals. Pure."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeAlias
from urllib.parse import urlsplit

from mockstore.delivery.schedule import describe
from mockstore.faults.verdict import ABSENT, is_csrf_page, is_host_page
from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Outcome,
    PlannedFault,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.signing import mask

SKEW = timedelta(seconds=300)
"""The tolerance that verifiers of signed timestamps usually have."""

MOST_DELIVERIES = 20
"""The most deliveries that a timeline shows; of more, only the first and the last ones are shown."""

_FINE_SECONDS = 10
"""Shorter times are shown to the millisecond, longer ones in whole seconds."""

_REDIRECTS = range(300, 400)

EXPLAINED = frozenset({400, 401, 403})
"""Statuses of a refusal that may be caused by the signature or by different clocks."""


JoinedRecords: TypeAlias = tuple[DeliveryRecord | None, EventRecord, WebhookRecord | None]
"""A delivery (None for an event without any), its event, and its webhook (None when it was deleted)."""


def delivery_text(delivery: DeliveryRecord, event: EventRecord, webhook: WebhookRecord | None) -> str:
    """Return the timeline of one delivery: a first line, one line for each attempt, and what comes next."""
    url = webhook.url if webhook is not None else "(deleted webhook)"
    lines = [f"{event.type} {event.id} -> {url}: {_state(delivery, webhook)}"]
    lines += [f"  faults on purpose: {', '.join(map(_fault, delivery.faults))}"] * bool(delivery.faults)
    lines += [_attempt_line(attempt) for attempt in delivery.attempts]
    if delivery.state is DeliveryState.PENDING and delivery.due is not None:
        lines.append(f"  {_offset(delivery.due - delivery.created_at)}  attempt {len(delivery.attempts) + 1} is due")
    if delivery.reason is not None:
        lines.append(f"  discarded: {delivery.reason}")
    return "\n".join(lines)


def nobody_text(event: EventRecord) -> str:
    """Return the timeline of an event without any delivery."""
    return f"{event.type} {event.id}: delivered to nobody"


def timeline_text(joined_records: Iterable[JoinedRecords]) -> str:
    """Return the timelines of several deliveries below each other; of more than 20, the first and the last ten."""
    rest = iter(joined_records)
    first = [_text(*one) for one in islice(rest, MOST_DELIVERIES // 2)]
    last = deque[JoinedRecords](maxlen=MOST_DELIVERIES // 2)
    count = 0
    for one in rest:
        last.append(one)
        count += 1
    left_out = [f"… {count - len(last):,} more deliveries …"] if count > len(last) else []
    return "\n".join([*first, *left_out, *(_text(*one) for one in last)]) or "(no deliveries)"


def _text(delivery: DeliveryRecord | None, event: EventRecord, webhook: WebhookRecord | None) -> str:
    return nobody_text(event) if delivery is None else delivery_text(delivery, event, webhook)


def refusal_hints(
    delivery: DeliveryRecord, event: EventRecord, webhook: WebhookRecord, *, process_time: datetime
) -> list[str]:
    """Return what may explain why the latest attempt was refused; empty when nothing is known.

    Possible causes are a redirect, a missing endpoint, Django's CSRF or host check, the signature, and the clocks.
    `process_time` is the current time of the test's process.
    """
    last = delivery.attempts[-1] if delivery.attempts else None
    location = _location(last) if last is not None else None
    if location is not None:
        return [f"path: the consumer sends it on to {location}, where no delivery follows: subscribe that path or URL"]
    if last is not None and last.status in ABSENT:
        asked = urlsplit(last.sent.url).path
        return [f"path: does the consumer take a POST at {asked}? subscribe(app, path=…) says where its endpoint is"]
    if last is None or last.status not in EXPLAINED:
        return []
    forgery = csrf_hint(last)
    if forgery is not None:
        return [f"csrf: {forgery}"]
    if last.reply is not None and is_host_page(last.reply):
        return [f"host: {_host_hint(last)}"]
    hints = [_signature_hint(last, webhook)]
    skew = last.at - process_time
    if abs(skew) > SKEW:
        hints.append(
            f"clocks: the event says {event.timestamp.isoformat()}, the attempt was made at {last.at.isoformat()}, and "
            f"the process's time is {process_time.isoformat(timespec='seconds')}: {describe_skew(skew)} apart. A "
            f"verifier with a time window refuses that; clock='travel' takes the process's time along"
        )
    return hints


def csrf_hint(attempt: Attempt) -> str | None:
    """Return what to do when Django's CSRF check refused the attempt; None when it did not."""
    reply = attempt.reply
    if reply is None or not is_csrf_page(reply):
        return None
    return (
        "Django's CSRF check refused it before your view was called, for a webhook has no form's token: put "
        "@csrf_exempt (of django.views.decorators.csrf) on the view, whose signature check protects it"
    )


def _host_hint(attempt: Attempt) -> str:
    host = urlsplit(attempt.sent.url).hostname
    return (
        f"this is Django's own page: before your view was called it refused the host, most likely. Put {host!r} into "
        f"ALLOWED_HOSTS of the settings that the test runs with"
    )


def _location(attempt: Attempt) -> str | None:
    """Return the quoted `Location` of a redirect; None when the answer was not a redirect or has none."""
    reply = attempt.reply
    if reply is None or reply.status not in _REDIRECTS:
        return None
    return next((ascii_safe(value) for name, value in reply.headers if name.lower() == "location"), None)


def describe_skew(skew: timedelta) -> str:
    """Return the length of a time difference in its largest unit, such as `3 hours`; its sign is ignored."""
    seconds = abs(skew.total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _signature_hint(attempt: Attempt, webhook: WebhookRecord) -> str:
    from mockstore.signing import verify  # noqa: PLC0415 - rarely needed

    request = attempt.request
    verdict = verify(request.body, request.headers, webhook.secret)
    if verdict.ok:
        return (
            f"signature: what was sent verifies with the webhook's secret {mask(webhook.secret)}; "
            f"does the consumer use the same secret, and the raw body?"
        )
    return f"signature: {verdict.message}"


def _state(delivery: DeliveryRecord, webhook: WebhookRecord | None) -> str:
    made = len(delivery.attempts)
    attempts = f" after {made} attempt{'s' if made != 1 else ''}" if made else ""
    disabled = webhook is not None and webhook.status is WebhookStatus.DISABLED
    return f"{delivery.state}{attempts}{' (webhook disabled)' if disabled else ''}"


def _fault(fault: PlannedFault) -> str:
    return fault.name + (f" on attempt {', '.join(map(str, fault.attempts))}" if fault.attempts else "")


def _attempt_line(attempt: Attempt) -> str:
    answer = str(attempt.status) if attempt.status is not None else attempt.outcome
    line = f"  {_offset(attempt.offset)}  attempt {attempt.number}: {answer}"
    if attempt.outcome is not Outcome.ACKNOWLEDGED and attempt.error and attempt.error != f"answered {attempt.status}":
        line += f" ({attempt.error})"
    location = _location(attempt)
    line += f" Location: {location}" if location is not None else ""
    if attempt.reply is not None and attempt.outcome is not Outcome.ACKNOWLEDGED and attempt.reply.body:
        line += f" {excerpt(attempt.reply.body)}"
    return line


def excerpt(body: bytes, *, limit: int = 120) -> str:
    """Return the first `limit` characters of `body` on one line: quoted, unprintable characters escaped."""
    text = body[: limit * 4].decode("utf-8", "replace")
    return ascii_safe(text[:limit]) + ("…" if len(text) > limit or len(body) > limit * 4 else "")


def ascii_safe(text: str) -> str:
    """Return `text` in quotes, control characters escaped."""
    return repr(text)


def _offset(offset: timedelta) -> str:
    exact = offset.total_seconds()
    rounded = round(exact, 3 if exact < _FINE_SECONDS else 0)
    return f"+{describe(timedelta(seconds=rounded))}".ljust(12)
