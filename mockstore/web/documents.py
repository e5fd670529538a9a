"""The JSON documents of the API: webhooks, events, deliveries, captured requests, problems. Pure."""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import quote

from mockstore.events import rfc3339
from mockstore.faults.verdict import answered_as_expected
from mockstore.handles import Delivery, Event
from mockstore.inbox import Received
from mockstore.model import Attempt, DeliveryRecord, EventRecord, Headers, Json, Reply, WebhookRecord
from mockstore.signing import mask
from mockstore.web.paging import Page

T = TypeVar("T")
Document = dict[str, Json]

PROBLEM_TYPE: Final = "application/problem+json"
_PROBLEMS: Final = "https://petstoreapi.com/errors/"
_PLAIN: Final = "/:@!$&'()*+,;=~"
"""Characters that need no escape in a path, besides letters, digits and `-._` (RFC 3986)."""
_SLUGS: Final = MappingProxyType(
    {422: "validation-error", 429: "rate-limit-exceeded", 413: "content-too-large"}  # others: from the status phrase
)


def problem_document(status: int, detail: str, *, instance: str | None = None) -> Document:
    """Return a problem of RFC 9457; its type is that of the contract, section 2."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    slug = _SLUGS.get(status, title.lower().replace(" ", "-"))
    where = {} if instance is None else {"instance": instance}
    return {"type": f"{_PROBLEMS}{slug}", "title": title, "status": status, "detail": detail} | where


def instance_of(path: str) -> str:
    """Return the `instance` of a problem at `path`."""
    return quote(path, safe=_PLAIN)


def page_document(items: Sequence[T], page: Page, render: Callable[[T], Document]) -> Document:
    """Return one page of `items`; a page past the end is empty."""
    return part_document(items[page.first : page.first + page.limit], len(items), page, render)


def part_document(part: Sequence[T], total: int, page: Page, render: Callable[[T], Document]) -> Document:
    """Return a page of the items in `part`; `total` is the number on all pages."""
    return {
        "data": [render(item) for item in part],
        "pagination": {
            "page": page.number,
            "limit": page.limit,
            "totalItems": total,
            "totalPages": -(-total // page.limit),
        },
    }


def webhook_document(webhook: WebhookRecord) -> Document:
    """Return a webhook with its secret masked (contract 1.4)."""
    return webhook_with_secret(webhook) | {"secret": mask(webhook.secret)}


def webhook_with_secret(record: WebhookRecord) -> Document:
    """Return a webhook with its whole secret: for creation and rotation only (contract 1.4)."""
    document: Document = {
        "id": record.id,
        "url": record.url,
        "events": list(record.events),
        "secret": record.secret,
        "status": str(record.status),
        "createdAt": rfc3339(record.created_at),
    }
    if record.description is not None:
        document["description"] = record.description
    if record.signatures is not None:
        document["signatures"] = list(record.signatures)
    return document


def event_document(event: Event) -> Document:
    """Return an event with its deliveries."""
    return event_with_payload(event, _said(event.payload))


def event_with_payload(event: Event, payload: object) -> Document:
    """Return an event with its deliveries; `payload` is its body, parsed already."""
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": rfc3339(event.timestamp),
        "payload": payload,
        **_body(event.body),
        "deliveries": [joined_document(*records) for records in event.delivery_records()],
    }


def delivery_document(delivery: Delivery) -> Document:
    """Return a delivery with every attempt."""
    return joined_document(*delivery.records())


def joined_document(record: DeliveryRecord, event: EventRecord, webhook: WebhookRecord | None) -> Document:
    """Return a delivery with every attempt, made from records."""
    return {
        "id": record.id,
        "eventId": record.event_id,
        "eventType": event.type,
        "webhookId": record.webhook_id,
        "url": _url_of(record, webhook),
        "state": str(record.state),
        "reason": record.reason,
        "createdAt": rfc3339(record.created_at),
        "nextAttemptAt": None if record.due is None else rfc3339(record.due),
        "faults": [{"name": one.name, "attempts": list(one.attempts)} for one in record.faults],
        "asExpected": answered_as_expected(record),
        "attempts": [_attempt_document(attempt) for attempt in record.attempts],
    }


def received_document(received: Received) -> Document:
    """Return a captured request with its mistakes."""
    mistakes = _mistakes_of(received)
    signature = received.signature
    return {
        "headers": _fields(received.headers),
        "body": _text(received.body),
        "event": _said(received.event),
        "attempt": received.attempt,
        "answer": received.answer,
        "valid": not mistakes,
        "signature": {"ok": signature.ok, "reason": str(signature.reason), "message": signature.message},
        "mistakes": mistakes,
    }


def clock_document(now: datetime, *, frozen: bool) -> Document:
    """Return the state of a clock."""
    return {"now": rfc3339(now), "frozen": frozen}


def _attempt_document(attempt: Attempt) -> Document:
    request = attempt.request
    return {
        "number": attempt.number,
        "at": rfc3339(attempt.at),
        "offsetSeconds": attempt.offset.total_seconds(),
        "outcome": str(attempt.outcome),
        "status": attempt.status,
        "durationMs": round(attempt.duration.total_seconds() * 1000, 3),
        "error": attempt.error,
        "request": {"url": request.url, "headers": _fields(request.headers)},
        "reply": None if attempt.reply is None else _reply_document(attempt.reply),
    }


def _reply_document(reply: Reply) -> Document:
    return {"status": reply.status, "headers": _fields(reply.headers), "body": _text(reply.body)}


def _url_of(delivery: DeliveryRecord, webhook: WebhookRecord | None) -> str | None:
    """Return the URL of the last or next attempt; None when the webhook was deleted before the first attempt."""
    if webhook is not None:
        return webhook.url
    return delivery.attempts[-1].sent.url if delivery.attempts else None


def _mistakes_of(received: Received) -> list[str]:
    try:
        received.assert_valid()
    except AssertionError as failure:
        return [line.strip() for line in str(failure).splitlines() if line.startswith("  ")]
    return []


def _fields(headers: Headers) -> list[list[str]]:
    return [list(field) for field in headers]


def _said(payload: Json) -> Json:
    """Return the body as JSON, or None if it cannot be written as JSON.

    Python also reads numbers that RFC 8259 does not have (`Infinity`, `1e999`), and deeper nesting than it writes.
    """
    try:
        json.dumps(payload, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return payload


def _body(content: bytes) -> Document:
    """Return the body as text; a body that is not UTF-8 is added in base64 as well, so that nothing is lost."""
    try:
        return {"body": content.decode()}
    except UnicodeDecodeError:
        return {"body": _text(content), "bodyBase64": b64encode(content).decode()}


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
