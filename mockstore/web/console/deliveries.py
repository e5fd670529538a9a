"""The page of a delivery with all its attempts, and the page of an event with its deliveries."""

from typing import Final

from flask.typing import ResponseReturnValue

from mockstore.faults import ALL
from mockstore.signing import mask
from mockstore.web.console.copies import copies
from mockstore.web.console.evidence import body, schema_check, signature_checks
from mockstore.web.console.ladder import climb, rungs
from mockstore.web.console.rendering import page, to
from mockstore.web.console.rows import EventWithDeliveries, Filter, rows, tone
from mockstore.web.console.worlds import webhook_of, webhooks_of
from mockstore.web.site import mockstore

_SENTENCES: Final = {fault.name: fault.sentence for fault in ALL}


def show(delivery_id: str) -> ResponseReturnValue:
    """Show one delivery."""
    shop = mockstore()
    delivery = shop.delivery(delivery_id).record
    event, webhook = shop.event(delivery.event_id).record, webhook_of(shop, delivery.webhook_id)
    check, mistakes = schema_check(event, shop.provider.catalogue)
    return page(
        "delivery.html",
        delivery=delivery,
        event=event,
        webhook=webhook,
        tone=tone(delivery),
        rungs=rungs(delivery, shop.provider.schedule),
        climb=climb(delivery, shop.provider.schedule),
        evidence={
            attempt.number: {
                "checks": signature_checks(attempt, event, webhook, shop.provider.signatures),
                "request": body(attempt.request.body),
                "reply": body(attempt.reply.body) if attempt.reply else None,
            }
            for attempt in delivery.attempts
        },
        check=check,
        mistakes=mistakes,
        faults=[(fault, _SENTENCES.get(fault.name, "")) for fault in delivery.faults],
        copies=copies(delivery, event),
        secret_mask=mask(webhook.secret) if webhook else "",
    )


def show_event(event_id: str) -> ResponseReturnValue:
    """Show one event and its deliveries."""
    shop = mockstore()
    event = shop.event(event_id)
    check, mistakes = schema_check(event.record, shop.provider.catalogue)
    events_with_deliveries = EventWithDeliveries(event.record, tuple(delivery.record for delivery in event.deliveries))
    urls = {webhook.id: webhook.url for webhook in webhooks_of(shop)}
    return page(
        "event.html",
        event=event.record,
        body=body(event.record.body),
        rows=rows([events_with_deliveries], urls, Filter()),
        check=check,
        mistakes=mistakes,
    )


def redeliver(delivery_id: str) -> ResponseReturnValue:
    """Send a delivery again, and show it."""
    mockstore().redeliver(delivery_id)
    return to(f"console/deliveries/{delivery_id}", "redelivered")
