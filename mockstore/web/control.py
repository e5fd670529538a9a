"""The control routes under `/_mockstore`: emit, list events and deliveries, move the clock, hold, reset."""

from base64 import b64decode
from binascii import Error as NoBase64Error
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import InvalidInputError, StoreUnavailableError, UnknownEventTypeError
from mockstore.handles import Event
from mockstore.service import Mockstore
from mockstore.tenants import Tenants, checked_tenant
from mockstore.web.deliveries import SHOWN, deliveries_page, several
from mockstore.web.documents import Document, clock_document, delivery_document, event_document, part_document
from mockstore.web.fault_routes import TEXTS
from mockstore.web.paging import page_of
from mockstore.web.reading import (
    NUMBER,
    OBJECT,
    TENANT_HEADER,
    TEXT,
    WHOLE,
    WHOLE_NUMBERS,
    YES_OR_NO,
    Member,
    about,
    exact_object,
    tenant_id,
)
from mockstore.web.rules import asked_settings, settings_document
from mockstore.web.site import mockstore, nothing, site, tenant

if TYPE_CHECKING:
    from mockstore.publishing import Emission

routes = Blueprint("control", __name__)

_EMISSION = {
    "type": Member(TEXT, required=True),
    "overrides": Member(OBJECT),
    "body": Member(TEXT),
    "bodyBase64": Member(TEXT),
    "contentType": Member(TEXT),
    "invalid": Member(YES_OR_NO),
    "to": Member(TEXT),
    "fault": Member(TEXTS),
    "count": Member(WHOLE, least=1, most=100_000),
}
_BATCH = 200
"""About how many events and deliveries are saved in one transaction; other requests of the tenant wait for it."""
_LONGEST_WAIT = 300
_DEFAULT_WAIT = 10
_SETTLING = {"timeoutSeconds": Member(NUMBER, least=0, most=_LONGEST_WAIT)}
_ADVANCE = {
    "by": Member(TEXT),
    "seconds": Member(NUMBER, least=0, most=timedelta(days=365_000).total_seconds()),
}


@routes.post("/emit")
def emit() -> ResponseReturnValue:
    """Emit one event, or `count` of them, without waiting for the deliveries."""
    wanted = exact_object(_EMISSION)
    count = wanted.get("count", 1)
    size = 1 if count == 1 else max(1, _BATCH // (1 + len(mockstore().webhooks)))
    latest, kept = deque[Document](maxlen=SHOWN), 0
    while kept < count:
        more = min(size, count - kept)
        try:
            with tenant().together():
                events = _emitted(mockstore(), wanted, more)
                if count - kept - more < SHOWN:  # rendered now, since a later read of the store may fail
                    latest.extend([event_document(event) for event in events[-SHOWN:]])
        except StoreUnavailableError as error:
            if count == 1:
                raise
            raise StoreUnavailableError(f"{kept} of {count} events are kept; for the next {more}: {error}") from None
        kept += more
    return {"data": list(latest), "count": count}, 202


def _emitted(shop: Mockstore, wanted: Document, count: int) -> list[Event]:
    options: Emission = {
        "body": _body(wanted),
        "content_type": _content_type(wanted),
        "invalid": wanted.get("invalid", False),
        "to": shop.webhooks[wanted["to"]] if "to" in wanted else None,
        "fault": wanted.get("fault", ()),
    }
    try:
        return [shop.emit(wanted["type"], wanted.get("overrides"), **options) for _ in range(count)]
    except UnknownEventTypeError as error:
        error.field = "type"
        raise


def _body(wanted: Document) -> bytes | None:
    given = [name for name in ("overrides", "body", "bodyBase64") if name in wanted]
    if len(given) > 1:
        raise InvalidInputError(f"{' and '.join(given)} exclude each other: send one of them", field=given[1])
    if "body" in wanted:
        return str(wanted["body"]).encode()
    try:
        return b64decode(wanted["bodyBase64"], validate=True) if "bodyBase64" in wanted else None
    except (NoBase64Error, ValueError):
        raise InvalidInputError("bodyBase64 is no Base64 (RFC 4648, 4)", field="bodyBase64") from None


def _content_type(wanted: Document) -> str:
    content_type = str(wanted.get("contentType", "application/json"))
    if not (content_type.isascii() and content_type.isprintable() and content_type):
        raise InvalidInputError("contentType cannot be a header: send printable ASCII", field="contentType")
    return content_type


@routes.get("/events")
def list_events() -> ResponseReturnValue:
    """Return the events, oldest first."""
    page, reader = page_of(request.args), mockstore().reader
    found, total = reader.event_page(page.first, page.limit, event_type=request.args.get("type"))
    return part_document(found, total, page, lambda record: event_document(Event(reader, record)))


@routes.get("/events/<event_id>")
def read_event(event_id: str) -> ResponseReturnValue:
    """Return one event with its deliveries."""
    return event_document(mockstore().event(event_id))


@routes.get("/deliveries")
def list_deliveries() -> ResponseReturnValue:
    """Return the deliveries, oldest first."""
    return deliveries_page(mockstore().reader)


@routes.get("/deliveries/<delivery_id>")
def read_delivery(delivery_id: str) -> ResponseReturnValue:
    """Return one delivery with every attempt."""
    return delivery_document(mockstore().delivery(delivery_id))


@routes.post("/deliveries/<delivery_id>/redeliver")
def redeliver(delivery_id: str) -> ResponseReturnValue:
    """Send a delivery again, whatever its state."""
    exact_object({})
    return delivery_document(mockstore().redeliver(delivery_id)), 202


@routes.get("/clock")
def read_clock() -> ResponseReturnValue:
    """Return the time."""
    return _clock()


@routes.post("/clock/advance")
def advance() -> ResponseReturnValue:
    """Advance the clock; what falls due in between is delivered at its due time, before the response."""
    wanted = exact_object(_ADVANCE)
    if len(wanted) != 1:
        raise InvalidInputError('say how far: {"by": "5m"} or {"seconds": 300}', field="by", code="required")
    clock = mockstore().clock
    with about(next(iter(wanted))):
        clock.advance(_span(wanted))
    return _clock()


@routes.post("/clock/freeze")
def freeze() -> ResponseReturnValue:
    """Stop the clock where it is."""
    exact_object({})
    mockstore().clock.freeze()
    return _clock()


@routes.post("/clock/run")
def run() -> ResponseReturnValue:
    """Let the clock run."""
    exact_object({})
    mockstore().clock.run()
    return _clock()


@routes.post("/settle")
def settle() -> ResponseReturnValue:
    """Wait until no delivery is due or under way, or until the timeout."""
    timeout = timedelta(seconds=exact_object(_SETTLING).get("timeoutSeconds", _DEFAULT_WAIT))
    try:
        mockstore().settle(timeout)
    except TimeoutError:
        return {"settled": False}
    return {"settled": True}


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Delete everything of this tenant, and restart its clock and its random numbers."""
    exact_object({})
    tenant().reset()
    site().rate_limit.forget(tenant().id)
    return nothing()


@routes.post("/hold")
def hold() -> ResponseReturnValue:
    """Hold back new deliveries until `release`."""
    exact_object({})
    mockstore().hold()
    return nothing()


@routes.post("/release")
def release() -> ResponseReturnValue:
    """Send the held deliveries, oldest first or in the given order."""
    order = exact_object({"order": Member(WHOLE_NUMBERS)}).get("order")
    with about("order"):
        return several(mockstore().release(order))


@routes.get("/settings")
def read_settings() -> ResponseReturnValue:
    """Return the rules in force for this tenant, and its time to the microsecond."""
    return settings_document(mockstore())


@routes.put("/settings")
def change_settings() -> ResponseReturnValue:
    """Reset this tenant, with rules of its own; missing members are as the server has them."""
    settings, provider = asked_settings(site().settings, _worlds().of(None).provider)
    _worlds().change(_own_id(), settings, provider)
    return settings_document(_worlds().of(_own_id()))


@routes.delete("/tenant")
def forget_tenant() -> ResponseReturnValue:
    """Delete this tenant with everything in it, including its rules."""
    _worlds().forget(_own_id())
    site().rate_limit.forget(_own_id())
    return nothing()


@routes.get("/schemas")
def list_schemas() -> ResponseReturnValue:
    """Return the event types."""
    return {"types": list(mockstore().provider.catalogue.types)}


@routes.get("/schemas/<event_type>")
def read_schema(event_type: str) -> ResponseReturnValue:
    """Return the JSON Schema of an event type, whole in itself."""
    try:
        return mockstore().provider.catalogue.schema(event_type)
    except UnknownEventTypeError as error:
        raise NotFound(str(error)) from None


def _worlds() -> Tenants:
    worlds = site().tenants
    if not isinstance(worlds, Tenants):
        raise InvalidInputError("there is one world only here, with the rules of the test that made it")
    return worlds


def _own_id() -> str:
    named = tenant_id()
    if named is None:
        raise InvalidInputError(
            f"the pool that all share keeps the rules of the server; send {TENANT_HEADER} with a UUID",
            field=TENANT_HEADER,
            code="required",
        )
    return checked_tenant(named)


def _clock() -> Document:
    clock = mockstore().clock
    return clock_document(clock.now(), frozen=clock.frozen)


def _span(wanted: Document) -> timedelta:
    return parse_duration(wanted["by"]) if "by" in wanted else timedelta(seconds=wanted["seconds"])
