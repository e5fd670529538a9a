"""Delivers into the configured Django project, through its WSGI handler: middleware and CSRF checks included.

Django is no dependency of ours: it is imported by name, and only when it is used.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import cast

from mockstore.errors import InvalidInputError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.wsgi import WsgiApp, WsgiTransport


class DjangoTransport:
    """A `WsgiTransport` for a Django handler that leaves the test's database connections open.

    Django closes old connections around each request, which ends the transaction that a test runs in. Django's own
    test client prevents that during a request, and so does this transport.
    """

    def __init__(self, handler: WsgiApp) -> None:
        self._wsgi = WsgiTransport(handler)

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Call the handler and return its answer."""
        with _connections_kept_open():
            return self._wsgi.send(outgoing, timeout)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Do the same on Django's thread for sync code: its ORM refuses a thread with a running event loop."""
        from asgiref.sync import sync_to_async  # noqa: PLC0415 - installed with Django only

        return await sync_to_async(self.send)(outgoing, timeout)

    def close(self) -> None:
        """Stop listening for the project's exceptions."""
        self._wsgi.close()


def django_wsgi() -> WsgiApp:
    """Return a WSGI handler of the configured project; set Django up if that has not been done.

    Raises `InvalidInputError` when Django is not installed or not configured.
    """
    try:
        apps = import_module("django.apps").apps
    except ImportError as error:
        raise InvalidInputError(f"cannot deliver to 'django': {error}; install Django", field="target") from None
    try:
        if apps.ready:
            return cast("WsgiApp", import_module("django.core.handlers.wsgi").WSGIHandler())
        return cast("WsgiApp", import_module("django.core.wsgi").get_wsgi_application())
    except import_module("django.core.exceptions").ImproperlyConfigured as error:
        raise InvalidInputError(
            f"cannot deliver to 'django': {error} Set DJANGO_SETTINGS_MODULE, or let pytest-django do it",
            field="target",
        ) from error


def refuse_inside_a_transaction() -> None:
    """Raise `InvalidInputError` when this thread is inside a transaction of Django's.

    A server's threads are outside of it: what they write would be committed, and seen by all later tests.
    """
    apps = getattr(sys.modules.get("django.apps"), "apps", None)
    if apps is None or not apps.ready:
        return
    connections = import_module("django.db").connections
    if any(connection.in_atomic_block for connection in connections.all(initialized_only=True)):
        raise InvalidInputError(
            "cannot deliver to 'django' from a server's threads while this test runs in a transaction (the fixture db, "
            "or TestCase): what they write would be committed, and outlast the test. Use the fixture mockstore, which "
            "delivers inside the transaction, or transactional_db (TransactionTestCase)",
            field="target",
        )


@contextmanager
def _connections_kept_open() -> Iterator[None]:
    signals = import_module("django.core.signals")
    close_old_connections = import_module("django.db").close_old_connections
    both = (signals.request_started, signals.request_finished)
    disconnected = [signal for signal in both if signal.disconnect(close_old_connections)]
    try:
        yield
    finally:
        for signal in disconnected:  # empty in a nested delivery: the outer one has disconnected them and connects them
            signal.connect(close_old_connections)
