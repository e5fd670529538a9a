"""`mockstore_server` on a running server: each test gets a new tenant. Imported when first used."""

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

from .fixtures import option_or_variable, url_origin
from .judgement import watched
from .keywords import Keywords
from .serving import rules_wanted, settle

if TYPE_CHECKING:
    from mockstore import Mockstore

UNSUITED = {
    "provider": "the server at {url} knows its own",
    "schemas": "the server at {url} knows the event types that it was started with",
}
"""Keywords of a test that a running server cannot apply, and why."""


def reached(url: str, config: pytest.Config) -> RemoteMockstore:
    """Return a new tenant on the server at `url`; raise `NoServerError` or `InvalidInputError`."""
    given: str | None = config.getoption("mockstore_callback_host")
    host = given or config.getini("mockstore_callback_host") or LOOPBACK
    token = option_or_variable(config, "mockstore_token", "MOCKSTORE_CONTROL_TOKEN")
    return connected(url, token=token, callback_host=host, strict=False)  # the plugin checks the complaints itself


def check(url: str, config: pytest.Config) -> None:
    """Raise `pytest.UsageError` with one line unless the server at `url` can be used."""
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
    """Yield a new tenant on the server at `url` with the rules that `item` wants; check its complaints at the end."""
    given = Keywords(item, config, seed=seed)
    try:
        opened = reached(url, item.config)
    except NoServerError as error:
        raise pytest.fail.Exception(f"{error} (it answered when this run began)", pytrace=False) from None
    mockstore = cast("Mockstore", opened)  # the verbs of a test are the same
    try:
        with given.located_errors():
            opened.change(**_rules(given, config, url))
        with watched(item, mockstore, strict=given.keywords["strict"], settle=lambda: settle(mockstore)):
            yield mockstore
    finally:
        with suppress(MockstoreError):  # the server may have stopped
            opened.forget()
        opened.close()


def _rules(given: Keywords, config: Mapping[str, Any], url: str) -> dict[str, Any]:
    for name, why in UNSUITED.items():
        if name in given.marked or name in config:
            raise InvalidInputError(f"mockstore_server takes no {name} here: {why.format(url=url)}", field=name)
    keywords = {name: value for name, value in given.keywords.items() if name not in UNSUITED}
    return _document(*rules_wanted(keywords))


def _document(settings: Settings, provider: Provider) -> dict[str, Any]:
    """Return all the rules as a document for `PUT /_mockstore/settings`, so that no rule of the server remains."""
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
