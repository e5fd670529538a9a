"""Lists of deliveries in responses: a filtered page, or the deliveries that a call has started."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeAlias

from flask import request

from mockstore.errors import NotFoundError
from mockstore.handles import Delivery
from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, WebhookRecord
from mockstore.petstore.errors import FieldMistake, ValidationError
from mockstore.reader import Reader
from mockstore.web.documents import Document, delivery_document, joined_document, part_document
from mockstore.web.paging import page_of

_JoinedRecords: TypeAlias = tuple[DeliveryRecord, EventRecord, WebhookRecord | None]

SHOWN = 100
"""How many of the deliveries that a call has started are shown; `count` is the number of all."""


def deliveries_page(reader: Reader, webhook_id: str | None = None) -> Document:
    """Return the page of the query, filtered by its `type`, `state` and, unless `webhook_id` is given, `webhook`."""
    page, query = page_of(request.args), request.args
    state = query.get("state")
    if state is not None and state not in list(DeliveryState):
        raise ValidationError([FieldMistake("state", f"must be one of {', '.join(DeliveryState)}", "unknown_state")])
    found, total = reader.delivery_page(
        page.first,
        page.limit,
        webhook_id=query.get("webhook") if webhook_id is None else webhook_id,
        event_type=query.get("type"),
        states=None if state is None else [DeliveryState(state)],
    )
    return part_document(list(_joined_records(reader, found)), total, page, lambda joined: joined_document(*joined))


def _joined_records(reader: Reader, found: Sequence[DeliveryRecord]) -> Iterator[_JoinedRecords]:
    """Yield each delivery with its event and its webhook; skip those deleted since they were found."""
    webhook_record = cache(reader.webhook_record)
    for record in found:
        try:
            event = reader.event_record(record.event_id)
        except NotFoundError:
            continue
        yield record, event, webhook_record(record.webhook_id)


def several(deliveries: Sequence[Delivery]) -> Document:
    """Return the latest of the deliveries, and their number."""
    return {"data": [delivery_document(delivery) for delivery in deliveries[-SHOWN:]], "count": len(deliveries)}
