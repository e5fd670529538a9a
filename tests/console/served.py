"""A running server, and what browser tests read from it."""

from typing import Final

from mockstore.handles import Webhook
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.server import Server

SETTINGS: Final = Settings(port=0, clock="virtual", threads=4)
"""The virtual clock stands still, so no delivery is retried by itself."""


class Served:
    """A running server, its tenants, the Mockstore without a tenant, and the URL of the console."""

    def __init__(self, server: Server, tenants: Tenants) -> None:
        self.server = server
        self.tenants = tenants
        self.mockstore = tenants.of(None)
        self.console = f"{server.url}/_mockstore/"

    def subscribe(self, *answers: int | str, events: str = "*", description: str | None = None) -> Webhook:
        """Register the server's own inbox as a webhook; it answers with `answers` in turn."""
        self.tenants.tenant(None).inbox.will_answer(answers)
        return self.mockstore.subscribe(f"{self.server.url}/_mockstore/inbox", events, description=description)
