"""A running server in the hands of a test."""

from typing import Final

from mockstore.handles import Webhook
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.server import Server

STILL: Final = Settings(port=0, clock="virtual", threads=4)
"""Time stands still, so that nothing is retried unasked."""


class Served:
    """What a test asks of it, beside what it sees in the browser."""

    def __init__(self, server: Server, tenants: Tenants) -> None:
        self.server = server
        self.tenants = tenants
        self.mockstore = tenants.of(None)
        self.console = f"{server.url}/_mockstore/"

    def subscribe(self, *answers: int | str, events: str = "*", description: str | None = None) -> Webhook:
        """Register the server's own inbox, which answers so in turn."""
        self.tenants.tenant(None).inbox.will_answer(answers)
        return self.mockstore.subscribe(f"{self.server.url}/_mockstore/inbox", events, description=description)
