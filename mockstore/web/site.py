"""The state that all routes share: the tenants, the settings, and the Mockstore of the current request."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Final, Protocol

from flask import Flask, Response, current_app, g, request
from msgspec import Struct

from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenant
from mockstore.web.limits import RateLimit
from mockstore.web.reading import tenant_id
from mockstore.web.tally import Tally

SITE: Final = "mockstore.site"
"""The key of the site in the app's extensions, or in the WSGI environment of a single request."""
BREAK_OFF: Final = "mockstore.break_off"
"""The key in the WSGI environment that makes our server close the connection within the response's headers."""


class Worlds(Protocol):
    """The tenants of a server, or a single Mockstore in place of them."""

    closing: Event
    """Set when requests that wait for something should stop waiting."""

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the tenant; raise `InvalidInputError` for an id that is not a UUID."""

    def __iter__(self) -> Iterator[Tenant]: ...

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the tenants that exist."""

    @property
    def broken(self) -> Sequence[str]:
        """The names of background threads that have ended by an error."""

    def __len__(self) -> int: ...


class Site(Struct, frozen=True):
    """What one app serves."""

    tenants: Worlds
    settings: Settings
    rate_limit: RateLimit
    tally: Tally | None = None
    """The counters; None when no server runs."""

    def keep_in(self, extensions: dict[str, object]) -> None:
        """Put this site where `site` finds it."""
        extensions[SITE] = self


def site_of(app: Flask) -> Site:
    """Return the site of an app."""
    found: Site = app.extensions[SITE]
    return found


def site() -> Site:
    """Return the site that the current request is for."""
    environ = request.environ
    if SITE not in environ:
        environ[SITE] = current_app.extensions[SITE]  # cached: each request reads it many times
    found: Site = environ[SITE]
    return found


def tenant() -> Tenant:
    """Return the tenant of the current request; raise `InvalidInputError` when its id is not a UUID."""
    if "tenant" not in g:
        g.tenant = site().tenants.tenant(tenant_id())
    found: Tenant = g.tenant
    return found


def mockstore() -> Mockstore:
    """Return the Mockstore of the current request."""
    return tenant().mockstore


def nothing() -> Response:
    """Return an answer without content."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
