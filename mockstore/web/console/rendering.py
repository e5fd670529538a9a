"""Renders pages: templates, the URLs in them, static files, and the page that shows an error."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final
from urllib.parse import quote, urlencode

from flask import Response, redirect, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from mockstore.delivery.schedule import describe
from mockstore.errors import InvalidInputError, MockstoreError, StoreUnavailableError
from mockstore.model import DeliveryState
from mockstore.web.console.notices import notice_of
from mockstore.web.console.paths import named_tenant
from mockstore.web.problems import CONFLICTS, STATUSES
from mockstore.web.site import mockstore, site

PACKAGE: Final = "mockstore.web.console"
ROOT: Final = "/_mockstore/"
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER: Final = "private, max-age=31536000, immutable"
"""How long a browser may cache a static file: its URL changes with its content."""


class Links(Struct, frozen=True):
    """Makes URLs of the console, all for the same tenant."""

    root: str
    tenant: str | None

    def __call__(self, path: str = "", **query: object) -> str:
        """Return the URL of a page, without query parameters that are None or empty."""
        parameters = {name: str(value) for name, value in query.items() if value not in (None, "")}
        if self.tenant is not None:
            parameters["tenant"] = self.tenant
        return self.root + quote(path) + (f"?{urlencode(parameters)}" if parameters else "")


def links() -> Links:
    """Return the maker of URLs for the current page."""
    return Links(request.script_root + ROOT, named_tenant())


def page(template: str, /, status: int = 200, **values: object) -> Response:
    """Return a page; each shows the clock, the tenants and the notice."""
    clock = mockstore().clock
    frame = {
        "at": links(),
        "static": _static_root(),
        "here": request.path,
        "news": mockstore().news.count,  # before all else, so that later changes reload the page
        "now": clock.now(),
        "frozen": clock.frozen,
        "holding": mockstore().reader.holding,
        "back": request.path.removeprefix(ROOT) if request.method == "GET" else "",
        "tenant": named_tenant(),
        "tenants": _tenants(),
        "notice": notice_of(request.args),
        "types": mockstore().provider.catalogue.types,
    }
    text = environment().get_template(template).render({**frame, **values})
    return Response(text, status, mimetype="text/html")


def to(path: str, notice: str | None = None, **query: object) -> AnyResponse:
    """Return the answer to a form: a redirect."""
    return redirect(links()(path, notice=notice, **query), 303)


def refusal(error: MockstoreError | HTTPException) -> Response:
    """Return the page that shows an error; while the store is unavailable, one that reads nothing from it."""
    try:
        return _unavailable(error) if isinstance(error, StoreUnavailableError) else _refusal(error)
    except StoreUnavailableError as away:
        return _unavailable(away)


def _unavailable(error: StoreUnavailableError) -> Response:
    text = environment().get_template("unavailable.html").render(static=_static_root(), problem=str(error))
    return Response(text, 503, {"Retry-After": "1"}, mimetype="text/html")


def _refusal(error: MockstoreError | HTTPException) -> Response:
    if isinstance(error, HTTPException):
        status, text = error.code or 500, error.description or error.name
    else:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
        conflict = isinstance(error, InvalidInputError) and error.code in CONFLICTS
        status, text = (409 if conflict else status), str(error)
    if isinstance(error, InvalidInputError) and error.field == "X-Tenant-ID":
        return Response(f"{text}\n", status, mimetype="text/plain")  # a page needs a valid tenant
    return page("refusal.html", status, problem=text)


def static(version: str, name: str) -> Response:  # noqa: ARG001 - the version makes a new URL for new content
    """Return a static file."""
    content = _static_files().get(name)
    if content is None:
        raise NotFound(f"there is no file {name!r}")
    answer = Response(content, mimetype=_TYPES[name.rpartition(".")[2]])
    answer.headers["Cache-Control"] = _FOREVER
    return answer


@cache
def environment() -> Environment:
    """Return the template environment, which is made with the first page."""
    made = Environment(
        loader=PackageLoader(PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(time=time_of_day, moment=moment, stamp=stamp, span=span, plural=plural)
    made.globals["states"] = tuple(map(str, DeliveryState))
    return made


def _static_root() -> str:
    return f"{request.script_root}{ROOT}console/static/{fingerprint()}/"


@cache
def fingerprint() -> str:
    """Return a digest of all static files."""
    return sha256(b"".join(_static_files().values())).hexdigest()[:12]


@cache
def _static_files() -> Mapping[str, bytes]:
    folder = files(PACKAGE).joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES}


def _tenants() -> Sequence[str]:
    """Return the tenants to choose from: those that exist, and the one of this page."""
    named = named_tenant()
    return sorted({*site().tenants.ids, *([named.lower()] if named else [])})


def time_of_day(at: datetime) -> str:
    """Return `12:00:05`."""
    return f"{at:%H:%M:%S}"


def moment(at: datetime) -> str:
    """Return `6 Jan 2025, 12:00:05`."""
    return f"{at.day} {at:%b %Y, %H:%M:%S}"


def stamp(at: datetime) -> str:
    """Return the time as an HTML `datetime` value."""
    return at.isoformat()


def span(length: timedelta) -> str:
    """Return a duration in words."""
    seconds = length.total_seconds()
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return describe(timedelta(seconds=round(seconds)))


def plural(count: int, noun: str, many: str = "") -> str:
    """Return `1 attempt`, `2 attempts`."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"
