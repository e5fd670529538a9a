"""The routes of the console, as one table; the module behind a route is loaded with its first request."""

from functools import partial
from importlib import import_module
from typing import Final

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mockstore.errors import MockstoreError
from mockstore.web.reading import tenant_id
from mockstore.web.site import site

routes = Blueprint("console", __name__)

PATHS: Final = (
    ("GET", "/", "overview.show"),
    ("GET", "/stream", "stream.follow"),
    ("GET", "/console/static/<version>/<name>", "rendering.static"),
    ("GET", "/console/events/<event_id>", "deliveries.show_event"),
    ("GET", "/console/deliveries/<delivery_id>", "deliveries.show"),
    ("POST", "/console/deliveries/<delivery_id>/redeliver", "deliveries.redeliver"),
    ("GET", "/console/emit", "emitting.show"),
    ("POST", "/console/emit", "emitting.emit"),
    ("GET", "/console/webhooks", "webhooks.show_all"),
    ("POST", "/console/webhooks", "webhooks.register"),
    ("GET", "/console/webhooks/<webhook_id>", "webhooks.show"),
    ("POST", "/console/webhooks/<webhook_id>", "webhooks.change"),
    ("POST", "/console/webhooks/<webhook_id>/<verb>", "webhooks.act"),
    ("POST", "/console/control/<verb>", "controls.act"),
    ("GET", "/console/scenarios", "scenarios.show_all"),
    ("POST", "/console/scenarios", "scenarios.play_own"),
    ("GET", "/console/scenarios/<name>", "scenarios.show"),
    ("POST", "/console/scenarios/<name>", "scenarios.play"),
    ("GET", "/console/plays/<int:number>", "scenarios.watch"),
    ("POST", "/console/plays/<int:number>/stop", "scenarios.stop"),
)
"""Method, path below `/_mockstore`, and the function that answers, by its module here."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy: a page may load from and talk to this server only, and has nothing inline."""

_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def _loaded(module: str, name: str, /, **parts: object) -> ResponseReturnValue:
    answer: ResponseReturnValue = getattr(import_module(f"mockstore.web.console.{module}"), name)(**parts)
    return answer


for _method, _path, _name in PATHS:
    _module, _, _function = _name.partition(".")
    routes.add_url_rule(_path, _name.replace(".", "_"), partial(_loaded, _module, _function), methods=[_method])


@routes.before_request
def find_tenant() -> None:
    """Take the tenant from the query or the form: a page cannot set a header."""
    g.named_tenant = request.values.get("tenant") or tenant_id()
    g.tenant = site().tenants.tenant(g.named_tenant)


def named_tenant() -> str | None:
    """Return the tenant of the page; None for the shared one.

    If the form could not be parsed, only the query is used.
    """
    if "named_tenant" in g:
        named: str | None = g.named_tenant
        return named
    return request.args.get("tenant") or tenant_id()


@routes.after_request
def protect(answer: Response) -> Response:
    """Add the headers that restrict what a page may do."""
    answer.headers.update(_HEADERS)
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.after_app_request
def tell_change(answer: Response) -> Response:
    """Notify open pages after a request that has changed something of their tenant."""
    if request.method not in _READING and "tenant" in g:
        g.tenant.mockstore.news.tell()
    return answer


@routes.errorhandler(MockstoreError)
def refused(error: MockstoreError) -> ResponseReturnValue:
    """Answer an error with a page that says why."""
    return _loaded("rendering", "refusal", error=error)


@routes.errorhandler(HTTPException)
def failed(error: HTTPException) -> ResponseReturnValue:
    """Answer an error of Flask with a page that says why."""
    return _loaded("rendering", "refusal", error=error)
