"""What all routes share: the tenants, the settings, and the Mockstore that a request is for."""

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
"""Where the app, or the WSGI environment of a single request, keeps what is served."""
BREAK_OFF: Final = "mockstore.break_off"
"""Set in the WSGI environment, it lets our server's connection end amid the headers of the answer."""


class Worlds(Protocol):
    """Who has which world: the tenants of a server, or a single Mockstore in place of them."""

    closing: Event
    """Set when whoever waits for something should stop waiting."""

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the tenant's world; raise `InvalidInputError` for what is no UUID."""

    def __iter__(self) -> Iterator[Tenant]: ...

    @property
    def ids(self) -> Sequence[str]:
        """Who has a world of his own."""

    @property
    def broken(self) -> Sequence[str]:
        """Which threads that look after the worlds have ended, though they should not."""

    def __len__(self) -> int: ...


class Site(Struct, frozen=True):
    """What one app serves."""

    tenants: Worlds
    settings: Settings
    rate_limit: RateLimit
    tally: Tally | None = None
    """What is counted; None where nothing runs on its own."""

    def keep_in(self, extensions: dict[str, object]) -> None:
        """Put it where `site` finds it."""
        extensions[SITE] = self


def site_of(app: Flask) -> Site:
    """Return what an app serves."""
    found: Site = app.extensions[SITE]
    return found


def site() -> Site:
    """Return the site that the current request is for."""
    environ = request.environ
    if SITE not in environ:
        environ[SITE] = current_app.extensions[SITE]  # it is asked for many times
    found: Site = environ[SITE]
    return found


def tenant() -> Tenant:
    """Return the world that the current request is for; raise `InvalidInputError` for a tenant that is no UUID."""
    if "tenant" not in g:
        g.tenant = site().tenants.tenant(tenant_id())
    found: Tenant = g.tenant
    return found


def mockstore() -> Mockstore:
    """Return the Mockstore that the current request is for."""
    return tenant().mockstore


def nothing() -> Response:
    """Return the answer that has no content."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
