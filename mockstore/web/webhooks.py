"""Managing webhooks: the table of contract 1.4 under `/v1/webhooks`."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mockstore.errors import NotFoundError
from mockstore.handles import Delivery, Webhook
from mockstore.model import Json
from mockstore.registry import CHANGEABLE
from mockstore.signing import mask
from mockstore.web.deliveries import deliveries_page, several
from mockstore.web.documents import delivery_document, page_document, webhook_document, webhook_with_secret
from mockstore.web.paging import page_of
from mockstore.web.reading import (
    NUMBER,
    TEXT,
    Kind,
    Member,
    about,
    every_mistake,
    json_object,
    moment_of,
    whole_object,
)
from mockstore.web.site import mockstore, nothing

routes = Blueprint("webhooks", __name__)

_NAMES = Kind("a list of names", lambda value: isinstance(value, str | list))
_REGISTRATION = {
    "url": Member(TEXT, required=True),
    "events": Member(_NAMES, required=True),
    "secret": Member(TEXT),
    "description": Member(TEXT),
    "signatures": Member(_NAMES),
}
_TEST = {"eventType": Member(TEXT)}
_ROTATION = {"overlapSeconds": Member(NUMBER, least=0, most=timedelta(days=365).total_seconds())}
_RECOVERY = {"since": Member(TEXT)}


@routes.post("")
def register() -> ResponseReturnValue:
    """Register a webhook."""
    wanted = json_object(_REGISTRATION)
    _check_all(wanted)
    webhook = mockstore().webhooks.add(
        wanted["url"],
        wanted["events"],
        secret=wanted.get("secret"),
        description=wanted.get("description"),
        signatures=wanted.get("signatures"),
    )
    return webhook_with_secret(webhook.record), 201, {"Location": f"{request.path}/{webhook.id}"}


@routes.get("")
def list_all() -> ResponseReturnValue:
    """Return the registrations, oldest first."""
    return page_document(mockstore().webhooks.records, page_of(request.args), webhook_document)


@routes.get("/<webhook_id>")
def read(webhook_id: str) -> ResponseReturnValue:
    """Return one registration."""
    return webhook_document(mockstore().webhooks[webhook_id].record)


@routes.route("/<webhook_id>", methods=["PUT", "PATCH"])
def change(webhook_id: str) -> ResponseReturnValue:
    """Change the given members; null removes a description or signatures.

    Members that cannot be changed are ignored, so that a document can be sent back as it was read.
    """
    webhook = mockstore().webhooks[webhook_id]
    changes = {name: value for name, value in whole_object().items() if name in CHANGEABLE}
    if changes.get("secret") == mask(webhook.secret):
        del changes["secret"]  # the masked secret, as it was read
    _check_all(changes)
    return webhook_document(mockstore().webhooks.update(webhook_id, changes).record)


@routes.delete("/<webhook_id>")
def remove(webhook_id: str) -> ResponseReturnValue:
    """Delete the registration; its pending deliveries are discarded."""
    mockstore().webhooks.remove(webhook_id)
    return nothing()


@routes.post("/<webhook_id>/test")
def test(webhook_id: str) -> ResponseReturnValue:
    """Send a sample event to this webhook alone."""
    webhook = mockstore().webhooks[webhook_id]
    event_type = json_object(_TEST).get("eventType")
    mockstore().webhooks.must_be_active(webhook.id)
    with about("eventType"):
        event = mockstore().emit(event_type or _first_type(webhook), to=webhook)
    return delivery_document(event.deliveries[0]), 202


@routes.post("/<webhook_id>/rotate-secret")
def rotate_secret(webhook_id: str) -> ResponseReturnValue:
    """Give the webhook a new secret; the old one signs as well for the overlap, if one is given."""
    webhook = mockstore().webhooks[webhook_id]
    overlap = json_object(_ROTATION).get("overlapSeconds", 0)
    mockstore().rotate_secret(webhook, overlap=timedelta(seconds=overlap))
    return webhook_with_secret(webhook.record)


@routes.get("/<webhook_id>/deliveries")
def list_deliveries(webhook_id: str) -> ResponseReturnValue:
    """Return the deliveries to the webhook, oldest first."""
    return deliveries_page(mockstore().reader, mockstore().webhooks[webhook_id].id)


@routes.get("/<webhook_id>/deliveries/<delivery_id>")
def read_delivery(webhook_id: str, delivery_id: str) -> ResponseReturnValue:
    """Return one delivery with every attempt."""
    return delivery_document(_delivery(webhook_id, delivery_id))


@routes.post("/<webhook_id>/deliveries/<delivery_id>/redeliver")
def redeliver(webhook_id: str, delivery_id: str) -> ResponseReturnValue:
    """Send a delivery again, whatever its state."""
    delivery = _delivery(webhook_id, delivery_id)
    return delivery_document(mockstore().redeliver(delivery)), 202


@routes.post("/<webhook_id>/recover")
def recover(webhook_id: str) -> ResponseReturnValue:
    """Send failed and discarded deliveries again: those since `since`, or all."""
    webhook = mockstore().webhooks[webhook_id]
    since = json_object(_RECOVERY).get("since")
    moment = None if since is None else moment_of(since, "since")
    return several(mockstore().recover(webhook, moment)), 202


def _check_all(wanted: Mapping[str, Json]) -> None:
    every_mistake({name: partial(mockstore().webhooks.checked, name, value) for name, value in wanted.items()})


def _first_type(webhook: Webhook) -> str:
    """Return the first event type that the webhook subscribes to."""
    catalogue = mockstore().provider.catalogue
    return next(name for name in catalogue.types if catalogue.matches(webhook.events[:1], name))


def _delivery(webhook_id: str, delivery_id: str) -> Delivery:
    """Return the delivery if it is this webhook's."""
    webhook = mockstore().webhooks[webhook_id]
    delivery = mockstore().delivery(delivery_id)
    if delivery.record.webhook_id != webhook.id:
        raise NotFoundError("delivery", delivery_id)
    return delivery
