"""Several deliveries as an answer: a filtered page of them, or those that a call has started."""

from collections.abc import Sequence

from flask import request

from mockstore.handles import Deliveries, Delivery
from mockstore.model import DeliveryState
from mockstore.petstore.errors import FieldMistake, ValidationError
from mockstore.web.documents import Document, delivery_document, page_document
from mockstore.web.paging import page_of

SHOWN = 100
"""How many of those that a call has started are shown; the count says how many there are."""


def deliveries_page(deliveries: Deliveries) -> Document:
    """Return the page that the query asks for, of those with its `type`, `webhook` and `state`."""
    page = page_of(request.args)
    type_, webhook, state = (request.args.get(name) for name in ("type", "webhook", "state"))
    if state is not None and state not in list(DeliveryState):
        raise ValidationError([FieldMistake("state", f"must be one of {', '.join(DeliveryState)}", "unknown_state")])
    found = [
        delivery
        for delivery in deliveries
        if (state is None or delivery.record.state == state)
        and (webhook is None or delivery.record.webhook_id == webhook)
        and (type_ is None or delivery.type == type_)
    ]
    return page_document(found, page, delivery_document)


def several(deliveries: Sequence[Delivery]) -> Document:
    """Return the latest of them, and how many they are."""
    return {"data": [delivery_document(delivery) for delivery in deliveries[-SHOWN:]], "count": len(deliveries)}
