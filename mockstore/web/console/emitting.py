"""The form that emits an event: fields made from its schema, and overrides as JSON."""

from typing import Final

from flask import request
from flask.typing import ResponseReturnValue

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.service import Mockstore
from mockstore.web.console.fault_choices import fault_groups
from mockstore.web.console.fields import Field, fields, overrides
from mockstore.web.console.rendering import page, to
from mockstore.web.console.worlds import webhooks_of
from mockstore.web.site import mockstore
from mockstore.world.clock import Chance

MOST: Final = 1000
"""How many events one click may emit."""


def show() -> ResponseReturnValue:
    """Show the form for the type in the query; for the first type without one."""
    catalogue = mockstore().provider.catalogue
    chosen = request.args.get("type") or catalogue.types[0]
    known = _fields(mockstore(), chosen)
    return page(
        "emit.html",
        chosen=chosen,
        description=str(catalogue.schema(chosen).get("description", "")),
        fields=known,
        webhooks=webhooks_of(mockstore()),
        faults=fault_groups(),
        most=MOST,
    )


def emit() -> ResponseReturnValue:
    """Emit the events that the form asks for, and show the list; the form again when it has mistakes."""
    shop, form = mockstore(), request.form
    event_type, count = form.get("type", ""), _count(form.get("count", ""))
    changes = overrides(_fields(shop, event_type), form) or None
    webhook = shop.webhooks[form["to"]] if form.get("to") else None
    fault, invalid = form.get("fault") or (), form.get("invalid") == "yes"
    for _ in range(count):
        shop.emit(event_type, changes, to=webhook, fault=fault, invalid=invalid)
    if form.get("back") == "emit":
        return to("console/emit", "emitted", n=count, type=event_type)
    return to("", "emitted", n=count)


def _count(text: str) -> int:
    if not text.strip():
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST):
        raise InvalidInputError(f"{text[:40]!r} is no count: write a whole number from 1 to {MOST}", field="count")
    return int(text)


def _fields(shop: Mockstore, event_type: str) -> list[Field]:
    members = shop.provider.catalogue.shape(event_type).members or {}
    return fields(members["data"], _sample(shop, event_type)) if "data" in members else []


def _sample(shop: Mockstore, event_type: str) -> Json:
    """Return sample data of the type, made with separate dice; None when the factory cannot make any."""
    try:
        return shop.factory.make(event_type, now=shop.clock.now(), dice=Chance(0).dice)["data"]
    except InvalidInputError:
        return None
