"""What is particular to one sender of webhooks, as one value. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from msgspec import Struct, field

from mockstore.delivery.schedule import RetryPolicy, time_limit
from mockstore.events import Catalogue, petstore_catalogue


class Provider(Struct, frozen=True):
    """The rules of one sender: its events, signatures, headers, schedule, timeout and disabling."""

    name: str
    catalogue: Catalogue
    signatures: tuple[str, ...]
    """Names of the signature schemes that sign each delivery."""
    schedule: RetryPolicy
    timeout: timedelta
    user_agent: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header templates; `{event_id}`, `{event_type}` and `{attempt}` are filled in."""
    disables_after_last_attempt: bool = True
    """Whether a delivery that used up its attempts disables the webhook."""
    disabling_statuses: frozenset[int] = frozenset()
    """Statuses that disable the webhook at once."""
    retry_after_statuses: frozenset[int] = frozenset()
    """Statuses whose `Retry-After` moves the next attempt."""

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
