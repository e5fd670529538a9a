"""Composes the request of an attempt: its headers, signatures and body (contract 1.2). Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import floor

from msgspec import Struct

from mockstore.faults.fault import Draft
from mockstore.model import EventRecord, Headers, Outgoing, WebhookRecord
from mockstore.provider import Provider
from mockstore.signing import scheme_named


class Plain(Struct, frozen=True, gc=False):  # part of no reference cycle, and there may be many
    """The request of an attempt without a fault, stored as the parts from which `outgoing` composes it again."""

    provider: Provider
    event: EventRecord
    webhook: WebhookRecord
    number: int
    at: datetime
    """When the attempt was made; it decides which of the webhook's secrets sign."""
    signed_at: datetime
    """The time in the signature."""

    @property
    def url(self) -> str:
        """The URL that it is sent to."""
        return self.webhook.url

    @property
    def outgoing(self) -> Outgoing:
        """The request, with the same bytes each time."""
        event, schemes = self.event, schemes_of(self.webhook, self.provider)
        headers = (
            shared("Content-Type", event.content_type),
            *descriptive_headers(event.id, event.type, self.number, self.provider),
        )
        signed = signatures(event.body, schemes, secrets_of(self.webhook, self.at), event.id, self.signed_at)
        return Outgoing(self.webhook.url, headers + signed, event.body)


def secrets_of(webhook: WebhookRecord, at: datetime) -> tuple[str, ...]:
    """Return the secrets that sign at this time, the newest first."""
    return (webhook.secret, *(old.secret for old in webhook.old_secrets if old.until > at))


def schemes_of(webhook: WebhookRecord, provider: Provider) -> tuple[str, ...]:
    """Return the names of the schemes by which the webhook's deliveries are signed."""
    return provider.signatures if webhook.signatures is None else webhook.signatures


def whole_second(at: datetime) -> datetime:
    """Return `at` without fractions of a second, as signatures have it; equal results are one shared object."""
    return _second(floor(at.timestamp()))


@lru_cache(maxsize=16)
def _second(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC)


def compose(draft: Draft, number: int, provider: Provider) -> Outgoing:
    """Return the request of attempt `number` as the provider sends it, signed by every scheme of the draft."""
    headers: Headers = (("Content-Type", draft.content_type),)
    if not draft.plain:
        headers += descriptive_headers(draft.event_id, draft.event_type, number, provider)
    content = draft.body if draft.signed is None else draft.signed
    headers += signatures(content, draft.schemes, draft.secrets, draft.event_id, draft.signed_at)
    return Outgoing(draft.url, headers, draft.body)


def descriptive_headers(event_id: str, event_type: str, number: int, provider: Provider) -> Headers:
    """Return the headers that describe sender and event; a consumer must not depend on them."""
    fields = {"event_id": event_id, "event_type": event_type, "attempt": number}
    bare = {"{event_id}": event_id, "{event_type}": event_type, "{attempt}": str(number)}  # the usual templates
    return (
        shared("User-Agent", provider.user_agent),
        *[
            (shared if "event_id" not in template else _pair)(name, bare.get(template) or template.format_map(fields))
            for name, template in provider.headers.items()
        ],
    )


def _pair(name: str, value: str) -> tuple[str, str]:
    return name, value


@lru_cache(maxsize=256)
def shared(name: str, value: str) -> tuple[str, str]:
    """Return the header field; equal fields are one shared object, which saves memory with many deliveries."""
    return name, value


def signatures(content: bytes, schemes: Sequence[str], secrets: Sequence[str], event_id: str, at: datetime) -> Headers:
    """Return the headers that sign `content`, by every scheme and with every secret."""
    headers: Headers = ()
    for name in schemes:
        headers += scheme_named(name).sign(content, secrets=secrets, event_id=event_id, at=at)
    return headers
