"""Pages to register, change, disable, enable, rotate, test, recover and delete webhooks."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.model import Json, WebhookStatus
from mockstore.signing import SCHEMES, mask
from mockstore.web.console.rendering import page, to
from mockstore.web.console.rows import SHOWN, Filter, rows
from mockstore.web.console.worlds import events_delivered_to, webhooks_of
from mockstore.web.reading import about, moment_of
from mockstore.web.site import mockstore


def show_all() -> ResponseReturnValue:
    """Show the webhooks, and a form for another one."""
    webhooks = webhooks_of(mockstore())
    masks = {webhook.id: mask(webhook.secret) for webhook in webhooks}
    return page("webhooks.html", webhooks=webhooks, masks=masks, schemes=tuple(SCHEMES))


def register() -> ResponseReturnValue:
    """Register a webhook, and show it once with its whole secret."""
    form = request.form
    webhook = mockstore().webhooks.add(
        form.get("url", ""),
        _words(form.get("events", "")) or ["*"],
        secret=form.get("secret") or None,
        description=form.get("description") or None,
        signatures=form.getlist("signatures") or None,
    )
    return _shown(webhook, secret=webhook.secret)


def show(webhook_id: str) -> ResponseReturnValue:
    """Show one webhook with its actions."""
    return _shown(mockstore().webhooks[webhook_id])


def change(webhook_id: str) -> ResponseReturnValue:
    """Save the form."""
    form = request.form
    changes: dict[str, Json] = {
        "url": form.get("url", ""),
        "events": _words(form.get("events", "")),
        "description": form.get("description") or None,
        "signatures": form.getlist("signatures") or None,
    }
    mockstore().webhooks.update(webhook_id, changes)
    return to(f"console/webhooks/{webhook_id}", "changed")


def act(webhook_id: str, verb: str) -> ResponseReturnValue:
    """Do what a button says, and redirect to the page that shows the result."""
    if verb not in _VERBS:
        raise NotFound(f"{verb!r} cannot be done to a webhook; what can be: {', '.join(_VERBS)}")
    return _VERBS[verb](mockstore().webhooks[webhook_id])


def _enable(webhook: Webhook) -> ResponseReturnValue:
    mockstore().webhooks.update(webhook.id, {"status": str(WebhookStatus.ACTIVE)})
    return to(f"console/webhooks/{webhook.id}", "enabled")


def _disable(webhook: Webhook) -> ResponseReturnValue:
    mockstore().webhooks.update(webhook.id, {"status": str(WebhookStatus.DISABLED)})
    return to(f"console/webhooks/{webhook.id}", "disabled")


def _delete(webhook: Webhook) -> ResponseReturnValue:
    mockstore().webhooks.remove(webhook.id)
    return to("console/webhooks", "deleted")


def _rotate(webhook: Webhook) -> ResponseReturnValue:
    text = request.form.get("overlap", "").strip()
    with about("overlap"):
        overlap = parse_duration(text) if text else timedelta()
        if overlap > timedelta(days=365):
            raise InvalidInputError("the old secret can sign for a year at most")
    return _shown(webhook, secret=mockstore().rotate_secret(webhook, overlap=overlap))


def _recover(webhook: Webhook) -> ResponseReturnValue:
    since = request.form.get("since", "").strip()
    found = mockstore().recover(webhook, moment_of(since, "since") if since else None)
    return to(f"console/webhooks/{webhook.id}", "recovered", n=len(found))


def _test(webhook: Webhook) -> ResponseReturnValue:
    mockstore().webhooks.must_be_active(webhook.id)
    event = mockstore().emit(request.form.get("type", ""), to=webhook)
    return to(f"console/deliveries/{event.deliveries[0].id}", "emitted", n=1)


_VERBS: Final[Mapping[str, Callable[[Webhook], ResponseReturnValue]]] = {
    "enable": _enable,
    "disable": _disable,
    "delete": _delete,
    "rotate": _rotate,
    "recover": _recover,
    "test": _test,
}


def _shown(webhook: Webhook, *, secret: str = "") -> ResponseReturnValue:
    record = webhook.record
    return page(
        "webhook.html",
        webhook=record,
        mask=mask(record.secret),
        secret=secret,
        schemes=tuple(SCHEMES),
        provided=mockstore().provider.signatures,
        rows=rows(events_delivered_to(mockstore(), record.id), {record.id: record.url}, Filter(rows=SHOWN)),
    )


def _words(text: str) -> list[str]:
    """Return the event types and patterns, separated by line ends or commas."""
    return text.replace(",", " ").split()
