"""The Flask app: its routes, and what applies to all of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import Rule

from mockstore.settings import Settings
from mockstore.web import (
    control,
    docs,
    fault_routes,
    inbox,
    login,
    problems,
    remote_routes,
    scenarios,
    watching,
    webhooks,
)
from mockstore.web.address import at_tenant
from mockstore.web.auth import require_bearer
from mockstore.web.console import paths as console
from mockstore.web.guard import add_cors_headers, admit, secured, trim_health
from mockstore.web.limits import API, RateLimit, is_api
from mockstore.web.problems import problem
from mockstore.web.rest import chat, inventories, orders, pets, staff, tokens, users
from mockstore.web.site import Site, Worlds, mockstore, site, tenant
from mockstore.web.tally import Tally

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BLUEPRINTS: Final[tuple[tuple[str, Blueprint], ...]] = (
    (f"{API}/pets", pets.routes),
    (f"{API}/orders", orders.routes),
    (f"{API}/users", users.routes),
    (f"{API}/auth", tokens.routes),
    (f"{API}/inventories", inventories.routes),
    (f"{API}/chat", chat.routes),
    (f"{API}/webhooks", webhooks.routes),
    (API, docs.routes),
    ("/_mockstore/orders", staff.routes),
    ("/_mockstore/inbox", inbox.routes),
    ("/_mockstore/faults", fault_routes.routes),
    ("/_mockstore/scenarios", scenarios.routes),
    ("/_mockstore", login.routes),
    ("/_mockstore/records", remote_routes.routes),
    ("/_mockstore", control.routes),
    ("/_mockstore", watching.routes),
    ("/_mockstore", console.routes),
)
"""The blueprints and their URL prefixes."""


class JsonResponse(Response):
    """A response whose content type is JSON by default, even if it is empty."""

    default_mimetype = "application/json"


class Route(Rule):
    """A rule for matching only: not compiling its URL builder saves half a millisecond for each rule."""

    def _compile_builder(self, *_: object) -> Callable[..., tuple[str, str]]:
        return lambda *_: ("", "")


class App(Flask):
    """A Flask app that answers in JSON and never builds URLs."""

    response_class = JsonResponse
    url_rule_class = Route

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Answer a request; a tenant in the path becomes the tenant header."""
        return super().wsgi_app(at_tenant(environ), start_response)


def create_app(tenants: Worlds, settings: Settings, tally: Tally | None = None) -> Flask:
    """Return the app that serves `tenants`; every error response is a problem document.

    If other machines can reach it, it needs a control token, which is generated if `settings` has none; call `secured`
    before to know that token. Requests are counted in `tally`, whose counters the app shows.
    """
    app = routed_app(settings.body_limit, first=(admit,))
    app.after_request(add_cors_headers)
    app.after_request(trim_health)
    Site(tenants, secured(settings), RateLimit(settings.rate_limit), tally).keep_in(app.extensions)
    return app


def routed_app(body_limit: int, *, first: Sequence[Callable[[], Response | None]] = ()) -> Flask:
    """Return the app without a site: the WSGI environment of each request must have one.

    The functions in `first` run before all else; a response that one returns is the response to the request.
    """
    app = App(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = body_limit
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.url_map.strict_slashes = False  # a redirect would be an HTML page
    app.url_map.merge_slashes = False
    problems.register(app)
    for check in (*first, refuse_oversized, count_call, require_bearer):
        app.before_request(check)
    app.after_request(tell_allowance)
    app.after_request(watching.count_request)
    for prefix, routes in BLUEPRINTS:
        app.register_blueprint(routes, url_prefix=prefix)
    return app


def refuse_oversized() -> None:
    """Refuse a body over the limit before it is read, also for routes that read none."""
    limit = request.max_content_length
    if limit is not None and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge


def count_call() -> Response | None:
    """Count a call of the API, and refuse it when the tenant has reached its rate limit."""
    if not is_api(request.path):
        return None
    g.allowance = site().rate_limit.take(tenant().id, mockstore().clock.now())
    if g.allowance.granted:
        return None
    return problem(429, f"more than {g.allowance.limit} calls a minute; come back in {g.allowance.reset} s")


def tell_allowance(answer: Response) -> Response:
    """Add the rate-limit headers to every answer of the API (contract 2)."""
    if is_api(request.path):
        allowance = g.allowance if "allowance" in g else site().rate_limit.whole()
        answer.headers.update(allowance.headers())
    return answer
