"""The whole app over one Mockstore, in the user's process: no server, no socket."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

from flask import Flask

from mockstore.served_inbox import ServedInbox
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenant, checked_tenant
from mockstore.web.app import routed_app
from mockstore.web.limits import RateLimit
from mockstore.web.site import SITE, Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class OneWorld:
    """A single Mockstore in place of a server's tenants."""

    def __init__(self, mockstore: Mockstore) -> None:
        self._tenant = Tenant(mockstore, ServedInbox(mockstore))
        self.closing = Event()
        self.closing.set()  # no request is to wait: time is virtual here

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the only tenant; raise `InvalidInputError` for an id that is not a UUID, as a server does."""
        if tenant_id is not None:
            checked_tenant(tenant_id)
        return self._tenant

    @property
    def ids(self) -> Sequence[str]:
        """Return no tenants: there is only the shared one."""
        return ()

    @property
    def broken(self) -> Sequence[str]:
        """Return nothing: there are no threads."""
        return ()

    def __iter__(self) -> Iterator[Tenant]:
        return iter([self._tenant])

    def __len__(self) -> int:
        return 1


def wsgi_app(mockstore: Mockstore, settings: Settings | None = None) -> "WSGIApplication":
    """Return the API and the control routes over `mockstore`, at any host, as a WSGI app.

    Of `settings`, only `auth` and `rate_limit` are used; all else is as `mockstore` was made.
    """
    chosen = settings or Settings()
    its_site = Site(OneWorld(mockstore), chosen, RateLimit(chosen.rate_limit))
    app = _app()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[SITE] = its_site
        return app(environ, start_response)

    return answer


@cache
def _app() -> Flask:
    """Return the app, which all calls share: it has no state, and building it takes long."""
    return routed_app(Settings().body_limit)
