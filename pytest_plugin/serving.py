"""Servers for `mockstore_server`: one for each set of rules, until the session ends. Imported when first used."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.parts import provider_with
from mockstore.provider import Provider
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.serve import serving

from .judgement import watched
from .keywords import Keywords

RULES = ("provider", "schedule", "timeout", "signatures", "retry_after", "schemas")
SETTINGS = ("seed", "clock", "signature_time", "require_https")
UNSUITED = {
    "start": "the time of a server is the system's, or with clock='virtual' begins at 2025-01-06T12:00:00Z",
    "raise_errors": "what a consumer raises stays in its own process",
    "factory": "a server makes its own",
    "scenario": "play it in the test: mockstore_server.play(…)",
}
"""Keywords that do not apply to a server, and why."""

GRACE = timedelta(seconds=1)
"""The end of a test waits for attempts that long beyond the provider's timeout."""


class Running(Struct, frozen=True):
    """A server that runs until the session ends."""

    settings: Settings
    provider: Provider
    url: str
    tenants: Tenants


class Servers:
    """The running servers."""

    def __init__(self) -> None:
        self._running: list[Running] = []
        self._stack = ExitStack()

    def running_under(self, settings: Settings, provider: Provider) -> Running:
        """Return the server with these rules; start it if there is none."""
        for one in self._running:
            if (one.settings, one.provider) == (settings, provider):
                return one
        server, tenants = self._stack.enter_context(serving(settings, provider))
        self._running.append(Running(settings, provider, server.url, tenants))
        return self._running[-1]

    def close(self) -> None:
        """Stop all servers."""
        self._stack.close()


@contextmanager
def lent(servers: Servers, item: pytest.Item, config: Mapping[str, Any], *, seed: int | None) -> Iterator[Mockstore]:
    """Yield the empty Mockstore of the server that `item` wants; check its complaints at the end."""
    given = Keywords(item, config, seed=seed)
    with given.located_errors():
        running = servers.running_under(*rules_wanted(given.keywords))
    mockstore = running.tenants.of(None)
    mockstore.url = running.url
    try:
        with watched(item, mockstore, strict=given.keywords["strict"], settle=lambda: settle(mockstore)):
            yield mockstore
    finally:
        running.tenants.renew()


def rules_wanted(keywords: Mapping[str, Any]) -> tuple[Settings, Provider]:
    """Return the server settings and rules for a test's keywords; raise `InvalidInputError` for unsuited ones."""
    for name in UNSUITED.keys() & keywords.keys():
        raise InvalidInputError(f"mockstore_server takes no {name}: {UNSUITED[name]}", field=name)
    settings = Settings(port=0, **{name: keywords[name] for name in SETTINGS if name in keywords})
    rules = {name: keywords[name] for name in RULES[1:] if name in keywords}
    return settings, provider_with(keywords.get("provider"), **rules)


def settle(mockstore: Mockstore) -> None:
    """Wait for attempts under way, so that the check does not depend on timing."""
    with suppress(TimeoutError):
        mockstore.settle(mockstore.provider.timeout + GRACE)
