"""Access control by the header `Host`, by the origin of the calling page, and by the control token."""

from base64 import urlsafe_b64encode
from hmac import compare_digest
from typing import Final, cast
from urllib.parse import quote, urlencode

from flask import Response, current_app, g, request
from msgspec.structs import replace
from werkzeug.datastructures import WWWAuthenticate

from mockstore.settings import Settings
from mockstore.web.auth import bearer_token
from mockstore.web.origins import is_called_rightly, is_foreign, is_trusted, name_of
from mockstore.web.problems import problem
from mockstore.web.site import site
from mockstore.world.clock import Chance
from mockstore.world.transports.router import is_loopback

CONTROL: Final = "/_mockstore"
"""The prefix of the control routes; everything else is the API."""
LOGIN: Final = f"{CONTROL}/login"
COOKIE: Final = "mockstore_control"

_HEALTH: Final = f"{CONTROL}/health"
_INBOX: Final = f"{CONTROL}/inbox"
_HEALTH_FOR_ALL: Final = ("status", "version")
"""The members of the health document that are shown without the control token."""
_TOKEN_BYTES: Final = 24
_MOST_HEADERS: Final = 100
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, QUERY, OPTIONS"
_REQUEST_HEADERS: Final = "Authorization, Content-Type, X-Tenant-ID"
_EXPOSED: Final = "Allow, ETag, Link, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After"
_PREFLIGHT_SECONDS: Final = 600


def secured(settings: Settings) -> Settings:
    """Return the settings, with a new control token if the server listens beyond loopback without one."""
    if settings.control_token is not None or is_loopback(settings.host.lower()):
        return settings
    token = urlsafe_b64encode(Chance(None).bytes(_TOKEN_BYTES)).decode("ascii")
    return replace(settings, control_token=token)


def admit() -> Response | None:
    """Return the refusal of a request without access, or the answer to a CORS preflight; None lets it pass."""
    return _check_size() or _check_host() or _check_page() or _preflight() or _check_token()


def add_cors_headers(answer: Response) -> Response:
    """Add the CORS headers that let a trusted page read the response."""
    if site().settings.cors_origins:
        answer.vary.add("Origin")
        if _trusts_page():
            answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            answer.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return answer


def trim_health(answer: Response) -> Response:
    """Reduce the health document to its public members for a request without the control token."""
    if g.get("without_token") and answer.mimetype == "application/json":
        document = answer.get_json(silent=True)
        known = document if isinstance(document, dict) else {}
        answer.set_data(current_app.json.dumps({name: known[name] for name in _HEALTH_FOR_ALL if name in known}))
    return answer


def is_control() -> bool:
    """Return whether the current request is for a control route."""
    path = request.path
    return path == CONTROL or path.startswith(f"{CONTROL}/")


def is_named_rightly(host: str | None, settings: Settings) -> bool:
    """Return whether the `Host` header is one by which this server may be called; None is allowed."""
    return host is None or is_called_rightly(host, _names(settings))


def is_token(given: str) -> bool:
    """Return whether this is the control token, compared in constant time."""
    wanted = site().settings.control_token
    return wanted is not None and compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def enter(location: str) -> Response:
    """Redirect a browser to `location`, with the token in a cookie that no script and no other site can use.

    The cookie is sent for control routes below the current address: the server's, or that of one tenant.
    """
    answer = send_to(location)
    token = cast("str", site().settings.control_token)
    answer.set_cookie(COOKIE, token, path=here(CONTROL), secure=request.is_secure, httponly=True, samesite="Strict")
    return answer


def here(path: str) -> str:
    """Return the path with the tenant in front of it, if the request's path named one."""
    return quote(request.script_root + path)


def send_to(location: str) -> Response:
    """Redirect a browser."""
    return Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


def is_let_in() -> bool:
    """Return whether the current request has the control token, or none is needed."""
    return (
        site().settings.control_token is None or is_token(bearer_token()) or is_token(request.cookies.get(COOKIE, ""))
    )


def _check_size() -> Response | None:
    environ = request.environ
    fields = sum(name.startswith("HTTP_") for name in environ) if len(environ) > _MOST_HEADERS else 0
    if fields <= _MOST_HEADERS:
        return None
    return problem(431, f"the request has {fields} headers; {_MOST_HEADERS} are allowed")


def _check_host() -> Response | None:
    host = request.environ.get("HTTP_HOST")
    if is_named_rightly(host, site().settings):
        return None
    return problem(
        421,
        f"this server does not go by the name {name_of(host or '')[:80]!r}; if it should, start it with "
        f"--allow-host NAME, or set allowed_hosts (MOCKSTORE_ALLOWED_HOSTS)",
    )


def _names(settings: Settings) -> tuple[str, ...]:
    return (settings.host.lower(), *(name.lower() for name in settings.allowed_hosts))


def _check_page() -> Response | None:
    environ = request.environ
    browser_headers = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if (
        not any(browser_headers)
        or _trusts_page()
        or not is_foreign(request.method, *browser_headers, request.headers.get("Host", ""))
    ):
        return None
    return problem(
        403,
        f"a page of another origin, {request.headers.get('Origin', 'untold')[:80]}, must not do that; if it may, start "
        f"the server with --cors ORIGIN, or set cors_origins (MOCKSTORE_CORS_ORIGINS)",
    )


def _trusts_page() -> bool:
    origin, origins = request.headers.get("Origin"), site().settings.cors_origins
    return origin is not None and bool(origins) and is_trusted(origin, _lowered(origins), in_control=is_control())


def _lowered(origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(origin.lower() for origin in origins)


def _preflight() -> Response | None:
    """Answer a CORS preflight (Fetch, 3.2.2), which never has a token."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _trusts_page():
        return None
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    headers = request.headers.get("Access-Control-Request-Headers", _REQUEST_HEADERS)
    answer.headers["Access-Control-Allow-Methods"] = _METHODS
    answer.headers["Access-Control-Allow-Headers"] = headers if headers.isprintable() else _REQUEST_HEADERS
    answer.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
    return answer


def _check_token() -> Response | None:
    if not is_control() or is_let_in() or request.path == LOGIN:
        return None
    if request.path == _INBOX and request.method == "POST":  # webhooks are sent without a token
        return None
    if request.path == _HEALTH and request.method in ("GET", "HEAD"):
        g.without_token = True
        return None
    if request.method == "GET" and is_token(request.args.get("token", "")):
        return enter(_without_token())
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return send_to(here(LOGIN))
    return _refusal()


def _without_token() -> str:
    rest = [(name, value) for name, value in request.args.items(multi=True) if name != "token"]
    return here(request.path) + (f"?{urlencode(rest)}" if rest else "")


def _refusal() -> Response:
    answer = problem(
        401,
        "what directs this server needs its control token, which `mockstore serve` was given or has printed: send "
        "Authorization: Bearer <token>; with the commands say --token or set MOCKSTORE_CONTROL_TOKEN; in a browser "
        f"open {LOGIN}",
    )
    answer.www_authenticate = WWWAuthenticate("bearer")
    return answer
