"""The first page: the latest events and deliveries, live, and the controls."""

from flask import request
from flask.typing import ResponseReturnValue

from mockstore.web.console.fault_choices import fault_groups
from mockstore.web.console.rendering import page
from mockstore.web.console.rows import MOST, Filter, rows, tally
from mockstore.web.console.traffic import HEIGHT, WIDTH, traffic
from mockstore.web.console.worlds import LATEST, latest_records, webhooks_of
from mockstore.web.site import mockstore


def show() -> ResponseReturnValue:
    """Show the latest events and deliveries that match the query."""
    shop, wanted = mockstore(), Filter.of(request.args)
    latest, webhooks = latest_records(shop), webhooks_of(shop)
    shown = rows(latest.events_with_deliveries, {webhook.id: webhook.url for webhook in webhooks}, wanted)
    return page(
        "overview.html",
        rows=shown,
        wanted=wanted,
        more=len(shown) == wanted.rows < MOST,
        tally=tally(latest.deliveries),
        events=len(latest.events),
        latest=LATEST,
        traffic=traffic((attempt for delivery in latest.deliveries for attempt in delivery.attempts), shop.clock.now()),
        size=(WIDTH, HEIGHT),
        webhooks=webhooks,
        faults=fault_groups(),
    )
