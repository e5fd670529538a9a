"""Describes one sender of webhooks: its events, signatures, headers, retries and timeout, as one value. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from msgspec import Struct, field

from mockstore.delivery.schedule import RetryPolicy, time_limit
from mockstore.events import Catalogue, petstore_catalogue


class Provider(Struct, frozen=True):
    """The rules by which one sender delivers webhooks."""

    name: str
    catalogue: Catalogue
    signatures: tuple[str, ...]
    """Names of the signature schemes that sign each delivery."""
    schedule: RetryPolicy
    """The waits between attempts."""
    timeout: timedelta
    """How long a receiver may take to answer."""
    user_agent: str
    """The header `User-Agent`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Templates of further headers, by name; `{event_id}`, `{event_type}` and `{attempt}` are replaced."""
    disables_after_last_attempt: bool = True
    """Whether the webhook is disabled when the last attempt of a delivery has failed."""
    disabling_statuses: frozenset[int] = frozenset()
    """HTTP statuses that disable the webhook at once."""
    retry_after_statuses: frozenset[int] = frozenset()
    """HTTP statuses with which `Retry-After` postpones the next attempt."""

    def __post_init__(self) -> None:
        time_limit(self.timeout)


@cache
def petstore() -> Provider:
    """Return the Modern Petstore's rules (contract 1.2 and 1.3)."""
    return Provider(
        name="petstore",
        catalogue=petstore_catalogue(),
        signatures=("petstore",),
        schedule=RetryPolicy(tuple(timedelta(minutes=wait) for wait in (1, 5, 30, 60))),
        timeout=timedelta(seconds=5),
        user_agent="Petstore-Webhooks/1.0",
        headers={
            "X-Webhook-Id": "{event_id}",
            "X-Webhook-Event": "{event_type}",
            "X-Webhook-Attempt": "{attempt}",
        },
    )


@cache
def standard_webhooks() -> Provider:
    """Return the recommendations of the Standard Webhooks specification, with the Petstore's events."""
    waits = (
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    )
    return Provider(
        name="standard-webhooks",
        catalogue=petstore_catalogue(),
        signatures=("standard-webhooks",),
        schedule=RetryPolicy(waits),
        timeout=timedelta(seconds=20),
        user_agent="Standard-Webhooks/1.0",
        disabling_statuses=frozenset({410}),
        retry_after_statuses=frozenset({429, 502, 503, 504}),
    )
