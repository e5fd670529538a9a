"""Converts records into rows and back without loss, except for `exception`, which is not stored. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Headers,
    Json,
    OldSecret,
    Outcome,
    Outgoing,
    PlannedFault,
    Reply,
    ResourceRecord,
    WebhookRecord,
    WebhookStatus,
    Wire,
)
from mockstore.world.store_sql.prepared import Row

Values = dict[str, Any]
"""The values of a row by column name."""

FINISHED: Final = frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DISCARDED})

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def key(text: str) -> str:
    """Return `text` encoded for a column: ASCII without NUL, which every database encoding can store."""
    if text.isascii() and "\\" not in text and "\0" not in text:
        return text
    return text.encode("unicode_escape").decode("ascii")


def unkey(held: str) -> str:
    """Decode what `key` has encoded."""
    return held.encode("ascii").decode("unicode_escape") if "\\" in held else held


def tenant_key(tenant: str | None) -> str:
    """Return a tenant encoded for a column; None, the shared one, is the empty text."""
    return "" if tenant is None else key(tenant)


def tenant_of(held: str) -> str | None:
    """Decode what `tenant_key` has encoded."""
    return unkey(held) or None


def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(count: int) -> datetime:
    """Return the moment in UTC that is `count` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=count)


def span(duration: timedelta) -> int:
    """Return the duration in microseconds."""
    return duration // _MICROSECOND


def _text_of(value: Json) -> str:
    """Return `value` as JSON in ASCII, with members in their order."""
    return _ENCODER.encode(value)


def _plain(value: object) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=_plain)


def _headers(pairs: Iterable[Iterable[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)


def webhook_values(webhook: WebhookRecord) -> Values:
    """Return a webhook as a row."""
    record = {
        "url": webhook.url,
        "events": webhook.events,
        "secret": webhook.secret,
        "created_at": microseconds(webhook.created_at),
        "updated_at": microseconds(webhook.updated_at),
        "status": webhook.status,
        "description": webhook.description,
        "signatures": webhook.signatures,
        "old_secrets": [(old.secret, microseconds(old.until)) for old in webhook.old_secrets],
    }
    return {"id": key(webhook.id), "record": _text_of(record)}


def webhook_of(id_: str, record: str) -> WebhookRecord:
    """Return the webhook from the columns of its row."""
    held = json.loads(record)
    return WebhookRecord(
        id=unkey(id_),
        url=held["url"],
        events=tuple(held["events"]),
        secret=held["secret"],
        created_at=moment_of(held["created_at"]),
        updated_at=moment_of(held["updated_at"]),
        status=WebhookStatus(held["status"]),
        description=held["description"],
        signatures=None if held["signatures"] is None else tuple(held["signatures"]),
        old_secrets=tuple(OldSecret(secret, moment_of(until)) for secret, until in held["old_secrets"]),
    )


def event_values(event: EventRecord) -> Values:
    """Return an event as a row."""
    record = [microseconds(event.timestamp), event.content_type, event.fits is False, event.fits is True]
    return {"id": key(event.id), "type": key(event.type), "record": _text_of(record), "body": event.body}


def event_of(id_: str, type_: str, record: str, body: bytes) -> EventRecord:
    """Return the event from the columns of its row."""
    timestamp, content_type, declared_invalid, checked = json.loads(record)
    fits = checked or (False if declared_invalid else None)
    return EventRecord(unkey(id_), unkey(type_), moment_of(timestamp), bytes(body), content_type, fits)


def delivery_values(delivery: DeliveryRecord) -> Values:
    """Return a delivery as a row, without its attempts."""
    faults = [(fault.name, fault.attempts, fault.roll) for fault in delivery.faults]
    return {
        "id": key(delivery.id),
        "event_id": key(delivery.event_id),
        "webhook_id": key(delivery.webhook_id),
        "created_at": microseconds(delivery.created_at),
        "due": None if delivery.due is None else microseconds(delivery.due),
        "state": str(delivery.state),
        "round_start": delivery.round_start,
        "made": len(delivery.attempts),
        "reason": None if delivery.reason is None else key(delivery.reason),
        "faults": _text_of(faults) if faults else None,
    }


def delivery_of(row: Row, made: Iterable[Attempt]) -> DeliveryRecord:
    """Return the delivery from its row and its attempts."""
    faults = () if row.faults is None else json.loads(row.faults)
    return DeliveryRecord(
        id=unkey(row.id),
        event_id=unkey(row.event_id),
        webhook_id=unkey(row.webhook_id),
        created_at=moment_of(row.created_at),
        due=None if row.due is None else moment_of(row.due),
        state=DeliveryState(row.state),
        attempts=tuple(made),
        round_start=row.round_start,
        reason=None if row.reason is None else unkey(row.reason),
        faults=tuple(PlannedFault(name, tuple(numbers), roll) for name, numbers, roll in faults),
    )


def deliveries_of(rows: Iterable[Row]) -> list[DeliveryRecord]:
    """Return the deliveries from rows sorted by delivery, with a row for each attempt."""
    return [with_attempts_of(list(of_one)) for _, of_one in groupby(rows, lambda row: row.seq)]


def with_attempts_of(rows: Sequence[Row]) -> DeliveryRecord:
    """Return one delivery from its rows, one for each attempt; without attempts it is one row with `number` None."""
    return delivery_of(rows[0], [attempt_of(row) for row in rows if row.number is not None])


def attempt_values(attempt: Attempt) -> Values:
    """Return an attempt as a row."""
    request, reply = attempt.request, attempt.reply
    record = {
        "at": microseconds(attempt.at),
        "offset": span(attempt.offset),
        "outcome": attempt.outcome,
        "status": attempt.status,
        "duration": span(attempt.duration),
        "error": attempt.error,
        "request": [request.url, request.headers, request.method, _wire_values(request.wire)],
        "reply": None if reply is None else [reply.status, reply.headers, span(reply.took)],
    }
    return {
        "number": attempt.number,
        "record": _text_of(record),
        "request_body": request.body,
        "reply_body": None if reply is None else reply.body,
    }


def attempt_of(row: Row) -> Attempt:
    """Return the attempt from a row that has its JSON record in the column `attempt_record`."""
    held = json.loads(row.attempt_record)
    at = moment_of(held["at"])
    url, headers, method, wire = held["request"]
    reply = None
    if held["reply"] is not None:
        status, fields, took = held["reply"]
        reply = Reply(status, _headers(fields), bytes(row.reply_body), timedelta(microseconds=took))
    return Attempt(
        number=row.number,
        at=at,
        created_at=at - timedelta(microseconds=held["offset"]),
        outcome=Outcome(held["outcome"]),
        status=held["status"],
        duration=timedelta(microseconds=held["duration"]),
        error=held["error"],
        sent=Outgoing(url, _headers(headers), bytes(row.request_body), method, None if wire is None else Wire(*wire)),
        reply=reply,
    )


def _wire_values(wire: Wire | None) -> Json:
    return None if wire is None else [wire.chunked, wire.dripped, wire.slow_to_connect, wire.cut_at, wire.reset]


def resource_values(resource: ResourceRecord) -> Values:
    """Return a resource as a row."""
    return {
        "kind": key(resource.kind),
        "id": key(resource.id),
        "document": _text_of(resource.document),
        "hidden": _text_of(resource.hidden),
        "removed": resource.removed,
    }


def resource_of(row: Row) -> ResourceRecord:
    """Return the resource from its row."""
    return ResourceRecord(
        unkey(row.kind), unkey(row.id), json.loads(row.document), json.loads(row.hidden), bool(row.removed)
    )
