"""A server that runs already in place of our own: a tenant of its own for each test. Loaded when first needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import pytest

from mockstore.delivery.schedule import RetryPolicy
from mockstore.errors import InvalidInputError, MockstoreError, NoServerError
from mockstore.provider import Provider
from mockstore.remote import RemoteMockstore, connected
from mockstore.remote.callbacks import LOOPBACK
from mockstore.settings import Settings

from .fixtures import told_of, url_origin
from .judgement import watched
from .keywords import Told
from .serving import rules_wanted, settle

if TYPE_CHECKING:
    from mockstore import Mockstore

UNSUITED = {
    "provider": "the server at {url} knows its own",
    "schemas": "the server at {url} knows the event types that it was started with",
}
"""Keywords that a server that runs already cannot follow, and why."""


def reached(url: str, config: pytest.Config) -> RemoteMockstore:
    """Return a fresh tenant on the server at `url`; raise `NoServerError` or `InvalidInputError`."""
    told: str | None = config.getoption("mockstore_callback_host")
    host = told or config.getini("mockstore_callback_host") or LOOPBACK
    token = told_of(config, "mockstore_token", "MOCKSTORE_CONTROL_TOKEN")
    return connected(url, token=token, callback_host=host, strict=False)  # the plugin judges by itself


def check(url: str, config: pytest.Config) -> None:
    """Raise `pytest.UsageError` in one line unless the server at `url` is there and lets us in."""
    try:
        opened = reached(url, config)
        opened.forget()
        opened.close()
    except MockstoreError as error:
        raise pytest.UsageError(f"{url_origin(config)}: {error}") from None


@contextmanager
def lent_elsewhere(
    url: str, item: pytest.Item, config: Mapping[str, Any], *, seed: int | None
) -> "Iterator[Mockstore]":
    """Lend `item` a tenant of its own on the server at `url`, under the rules that it wants; judge it as ever."""
    told = Told(item, config, seed=seed)
    try:
        opened = reached(url, item.config)
    except NoServerError as error:
        raise pytest.fail.Exception(f"{error} (it answered when this run began)", pytrace=False) from None
    mockstore = cast("Mockstore", opened)  # the verbs of a test are the same
    try:
        with told.blamed():
            opened.change(**_rules(told, config, url))
        with watched(item, mockstore, strict=told.keywords["strict"], settle=lambda: settle(mockstore)):
            yield mockstore
    finally:
        with suppress(MockstoreError):  # the test has been judged; a server that went away keeps nothing
            opened.forget()
        opened.close()


def _rules(told: Told, config: Mapping[str, Any], url: str) -> dict[str, Any]:
    for name, why in UNSUITED.items():
        if name in told.marked or name in config:
            raise InvalidInputError(f"mockstore_server takes no {name} here: {why.format(url=url)}", field=name)
    keywords = {name: value for name, value in told.keywords.items() if name not in UNSUITED}
    return _document(*rules_wanted(keywords))


def _document(settings: Settings, provider: Provider) -> dict[str, Any]:
    """Return the rules as `PUT /_mockstore/settings` takes them: all, so that the server's own do not matter."""
    schedule = provider.schedule
    if type(schedule) is not RetryPolicy:
        raise InvalidInputError(f"a {type(schedule).__name__} cannot be sent to a server: give waits", field="schedule")
    return {
        "clock": settings.clock,
        "seed": settings.seed,
        "signatureTime": settings.signature_time,
        "requireHttps": settings.require_https,
        "scheduleSeconds": [wait.total_seconds() for wait in schedule.waits],
        "jitter": schedule.jitter,
        "timeoutSeconds": provider.timeout.total_seconds(),
        "signatures": list(provider.signatures),
        "retryAfter": bool(provider.retry_after_statuses),
    }
