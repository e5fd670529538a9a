"""Lists of deliveries as answers: a filtered page, or those that a call has started."""

from collections.abc import Sequence
from functools import cache

from flask import request

from mockstore.handles import Delivery
from mockstore.model import DeliveryState
from mockstore.petstore.errors import FieldMistake, ValidationError
from mockstore.reader import Reader
from mockstore.web.documents import Document, delivery_document, page_document, told_document
from mockstore.web.paging import page_of

SHOWN = 100
"""How many of the deliveries that a call has started are shown; `count` is the number of all."""


def deliveries_page(reader: Reader, webhook_id: str | None = None) -> Document:
    """Return the page that the query asks for, of those to a webhook or of all, with its `type`, `webhook`, `state`."""
    page = page_of(request.args)
    type_, webhook, state = (request.args.get(name) for name in ("type", "webhook", "state"))
    if state is not None and state not in list(DeliveryState):
        raise ValidationError([FieldMistake("state", f"must be one of {', '.join(DeliveryState)}", "unknown_state")])
    of_type = None if type_ is None else {event.id for event in reader.event_records() if event.type == type_}
    found = [
        record
        for record in reader.delivery_records(webhook_id=webhook_id or webhook)
        if (state is None or record.state == state)
        and (webhook is None or record.webhook_id == webhook)
        and (of_type is None or record.event_id in of_type)
    ]
    webhook_record = cache(reader.webhook_record)
    return page_document(
        found,
        page,
        lambda record: told_document(record, reader.event_record(record.event_id), webhook_record(record.webhook_id)),
    )


def several(deliveries: Sequence[Delivery]) -> Document:
    """Return the latest of the deliveries, and their number."""
    return {"data": [delivery_document(delivery) for delivery in deliveries[-SHOWN:]], "count": len(deliveries)}
