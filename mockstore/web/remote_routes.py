"""Routes for `mockstore.remote` in a test process elsewhere: records, change notices, inboxes, the shop, scenarios.

Both sides must be of the same version, since records are sent in the format of `mockstore.web.records`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mockstore.answers import Answer
from mockstore.delivery.schedule import LONGEST
from mockstore.errors import InvalidInputError, NotFoundError
from mockstore.inbox import Inbox
from mockstore.model import Json
from mockstore.web.reading import (
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    WHOLE,
    WHOLE_NUMBERS,
    Kind,
    Member,
    exact_object,
    found,
    moment_of,
    whole_object,
)
from mockstore.web.records import from_json, to_json
from mockstore.web.site import mockstore, nothing, site

if TYPE_CHECKING:
    from mockstore.petstore.shop import Shop

routes = Blueprint("sharing", __name__)

LONGEST_POLL: Final = 30
"""How many seconds a request for news may wait."""
_CHECK_SECONDS: Final = 0.5
"""How often, in seconds, a waiting request checks whether the server stops."""
_NEWS: Final = {
    "after": Member(WHOLE, required=True),
    "timeoutSeconds": Member(NUMBER, required=True, least=0, most=LONGEST_POLL),
}
_TEXTS: Final = Kind(
    "an object of texts",
    lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
)
_ADOPTER: Final = Kind("a text, an object or null", lambda value: value is None or isinstance(value, str | dict))
_NAMES: Final = Kind("a text or a list of texts", lambda value: isinstance(value, str | list))
_INBOX: Final = {"events": Member(_NAMES, required=True)}
_ANSWERS: Final = {"answers": Member(LIST, required=True)}
_REGISTRATION: Final = ("url", "events", "secret", "description", "signatures")
_SCENARIO: Final = {
    "text": Member(TEXT, required=True),
    "source": Member(TEXT, required=True),
    "variables": Member(OBJECT),
    "to": Member(_TEXTS),
}
_CALL: Final = {"verb": Member(TEXT, required=True), "arguments": Member(LIST)}

_SHOP: Final = MappingProxyType(
    {
        "pets": ("add", "adopt", "find", "get", "remove", "update"),
        "orders": ("cancel", "deliver", "get", "place", "ship"),
        "payments": ("pay",),
        "users": ("create", "get"),
    }
)
"""The methods of the shop that may be called, by the attribute of `Shop` that has them."""


@routes.post("/news")
def read_news() -> ResponseReturnValue:
    """Return the number of changes so far; wait for a change, up to the timeout, while it equals `after`."""
    wanted = exact_object(_NEWS)
    news, closing = mockstore().reader.news, site().tenants.closing
    left = wanted["timeoutSeconds"]
    while not closing.is_set() and left > 0:
        if news.wait_for(lambda: news.count != wanted["after"], min(left, _CHECK_SECONDS)):
            break
        left -= _CHECK_SECONDS
    return {"news": news.count}


@routes.get("/raised")
def read_raised() -> ResponseReturnValue:
    """Return the exceptions that were raised here, as tracebacks."""
    from mockstore.strict import traceback_text  # noqa: PLC0415 - imported only when used

    return {"data": [traceback_text(error) for error in mockstore().reader.raised]}


@routes.get("/webhooks")
def list_webhooks() -> ResponseReturnValue:
    """Return the registrations with their secrets, oldest first."""
    return {"data": [to_json(record) for record in mockstore().webhooks.records]}


@routes.post("/webhooks")
def add_webhook() -> ResponseReturnValue:
    """Register a webhook."""
    return to_json(mockstore().webhooks.add(**_named(whole_object(), _REGISTRATION)).record), 201


@routes.post("/webhooks/<webhook_id>")
def change_webhook(webhook_id: str) -> ResponseReturnValue:
    """Change the members that are named."""
    document: dict[str, Json] = to_json(mockstore().webhooks.update(webhook_id, whole_object()).record)
    return document


@routes.delete("/webhooks/<webhook_id>")
def remove_webhook(webhook_id: str) -> ResponseReturnValue:
    """Delete the registration; its pending deliveries are discarded."""
    mockstore().webhooks.remove(webhook_id)
    return nothing()


@routes.get("/webhooks/<webhook_id>")
def read_webhook(webhook_id: str) -> ResponseReturnValue:
    """Return one registration with its secret."""
    return _found(mockstore().reader.webhook_record(webhook_id), "webhook", webhook_id)


@routes.post("/webhooks/<webhook_id>/recover")
def recover(webhook_id: str) -> ResponseReturnValue:
    """Send failed and discarded deliveries again: those since `since`, or all."""
    since = exact_object({"since": Member(TEXT)}).get("since")
    recovered = mockstore().recover(webhook_id, None if since is None else moment_of(since, "since"))
    return {"ids": [delivery.id for delivery in recovered]}, 202


@routes.post("/webhooks/<webhook_id>/rotate-secret")
def rotate_secret(webhook_id: str) -> ResponseReturnValue:
    """Give the webhook a new secret; the old one signs as well for `overlapSeconds` (default 0)."""
    overlap = exact_object({"overlapSeconds": Member(NUMBER, least=0, most=LONGEST.total_seconds())}).get(
        "overlapSeconds", 0
    )
    return {"secret": mockstore().rotate_secret(webhook_id, overlap=timedelta(seconds=overlap))}


@routes.post("/release")
def release() -> ResponseReturnValue:
    """Send the held deliveries, oldest first or in the given order."""
    order = exact_object({"order": Member(WHOLE_NUMBERS)}).get("order")
    return {"ids": [delivery.id for delivery in mockstore().release(order)]}


@routes.get("/events")
def list_events() -> ResponseReturnValue:
    """Return every event, oldest first."""
    return {"data": to_json(mockstore().reader.event_records())}


@routes.get("/events/<event_id>")
def read_event(event_id: str) -> ResponseReturnValue:
    """Return one event."""
    return _found(mockstore().reader.event_record(event_id), "event", event_id)


@routes.get("/deliveries")
def list_deliveries() -> ResponseReturnValue:
    """Return the deliveries, oldest first; the query may name a `webhook` or an `event`."""
    deliveries = mockstore().reader.delivery_records(
        webhook_id=request.args.get("webhook"), event_id=request.args.get("event")
    )
    return {"data": to_json(deliveries)}


@routes.get("/deliveries/<delivery_id>")
def read_delivery(delivery_id: str) -> ResponseReturnValue:
    """Return one delivery."""
    return _found(mockstore().reader.delivery_record(delivery_id), "delivery", delivery_id)


@routes.post("/inboxes")
def open_inbox() -> ResponseReturnValue:
    """Subscribe an inbox in the server's process, and return its webhook's id, which identifies it."""
    inbox = mockstore().open_inbox(exact_object(_INBOX)["events"])
    return {"id": inbox.webhook.id}, 201


@routes.get("/inboxes/<webhook_id>")
def read_inbox(webhook_id: str) -> ResponseReturnValue:
    """Return the deliveries that an inbox captured, in the order of arrival."""
    return {
        "data": [
            to_json({name: getattr(one, name) for name in ("url", "headers", "body", "answer", "arrival")})
            for one in _inbox(webhook_id)
        ]
    }


@routes.put("/inboxes/<webhook_id>/answers")
def script_inbox(webhook_id: str) -> ResponseReturnValue:
    """Script the answers of an inbox: they are given in turn, and the last repeats."""
    answers = exact_object(_ANSWERS)["answers"]
    _inbox(webhook_id).will_answer(*(_parsed(one) for one in answers))
    return nothing()


@routes.delete("/inboxes/<webhook_id>")
def clear_inbox(webhook_id: str) -> ResponseReturnValue:
    """Remove the captured deliveries and the scripted answers of an inbox."""
    _inbox(webhook_id).clear()
    return nothing()


@routes.post("/shop")
def call_shop() -> ResponseReturnValue:
    """Call a method of the shop, such as `pets.add`; its events are published."""
    wanted = exact_object(_CALL)
    front, arguments = mockstore().shop, wanted.get("arguments", ())
    verb = front.process if wanted["verb"] == "process" else _verb(front.shop, wanted["verb"])
    return {"result": front.serve(_call(verb, arguments))}


@routes.post("/play")
def play() -> ResponseReturnValue:
    """Play a scenario in this tenant, and return the result, passed or failed.

    `to` maps a webhook of the scenario to a URL, or to the id of a registration.
    """
    from mockstore.scenario import ScenarioFailedError, read  # noqa: PLC0415 - imported only when used
    from mockstore.scenario.documents import result_document  # noqa: PLC0415 - likewise

    wanted = exact_object(_SCENARIO)
    shop, registered = mockstore(), {webhook.id: webhook for webhook in mockstore().webhooks}
    scenario = read(wanted["text"], wanted["source"], shop.provider.catalogue, variables=wanted.get("variables"))
    to = {name: registered.get(one, one) for name, one in wanted.get("to", {}).items()}
    try:
        result = shop.play(scenario, to=to)
    except ScenarioFailedError as failed:
        result = failed.result
    return result_document(result)


def _named(document: Mapping[str, Json], names: Sequence[str]) -> dict[str, Json]:
    """Return the members called `names`, None for absent ones; raise `InvalidInputError` if there are others."""
    unknown = sorted(set(document) - set(names))
    if unknown:
        raise InvalidInputError(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}", field=unknown[0])
    return {name: document.get(name) for name in names}


def _verb(shop: "Shop", name: str) -> Callable[..., Json]:
    department, _, verb = name.partition(".")
    if verb not in _SHOP.get(department, ()):
        known = ", ".join(f"{one}.{each}" for one, verbs in _SHOP.items() for each in verbs)
        raise InvalidInputError(f"the shop has no verb {name!r}; it has {known}, process", field="verb")
    wanted: Callable[..., Json] = getattr(getattr(shop, department), verb)
    return wanted


def _call(verb: Callable[..., Json], arguments: Sequence[Json]) -> Callable[[], Json]:
    """Return `verb` bound to `arguments`; raise `InvalidInputError` when it does not accept them."""
    try:
        taken = signature(verb).bind(*arguments).arguments
    except TypeError as error:
        raise InvalidInputError(f"the verb does not take these arguments: {error}", field="arguments") from None
    for name, value in taken.items():
        kind = _ADOPTER if name == "by" else TEXT if name.endswith("_id") else OBJECT
        if not kind.fits(value):
            raise InvalidInputError(f"{name} must be {kind.name}, found {found(value)}", field="arguments")
    return partial(verb, *arguments)


def _inbox(webhook_id: str) -> Inbox:
    try:
        return mockstore().receivers.inboxes[webhook_id]
    except KeyError:
        raise NotFoundError("inbox", webhook_id) from None


def _parsed(document: Json) -> Answer:
    try:
        if OBJECT.fits(document):
            return from_json(Answer, document)
    except (AttributeError, KeyError, TypeError, ValueError):  # members of a wrong type
        pass
    raise InvalidInputError("answers are those of mockstore.Answer, member by member", field="answers")


def _found(record: object, kind: str, id_: str) -> ResponseReturnValue:
    if record is None:
        raise NotFoundError(kind, id_)
    document: dict[str, Json] = to_json(record)
    return document
