"""Webhooks: registered, changed, disabled, enabled, rotated, removed, recovered (contract 1.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from mockstore.delivery.compose import schemes_of
from mockstore.delivery.schedule import span_of
from mockstore.errors import InvalidInputError, NotFoundError
from mockstore.events import uuid7
from mockstore.handles import Webhook
from mockstore.model import DeliveryRecord, DeliveryState, Json, OldSecret, WebhookRecord, WebhookStatus
from mockstore.parts import Parts
from mockstore.registration import check_key, checked_events, checked_secret, checked_signatures, checked_url
from mockstore.signing import new_secret
from mockstore.source import Source

RECOVERABLE = frozenset({DeliveryState.FAILED, DeliveryState.DISCARDED})
"""The states of deliveries that a recovery restarts."""


class Webhooks:
    """The registrations, oldest first; `webhooks[id]` raises `NotFoundError` for an unknown id."""

    def __init__(self, source: Source, parts: Parts) -> None:
        self._source = source
        self._parts = parts

    def __iter__(self) -> Iterator[Webhook]:
        return (Webhook(self._source, record.id, record) for record in self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def records(self) -> list[WebhookRecord]:
        """Their records at this moment, without webhooks made for a callback, which nobody registered."""
        return [record for record in self._parts.store.webhooks() if record.events]

    def __getitem__(self, webhook_id: str) -> Webhook:
        return Webhook(self._source, webhook_id)

    def add(
        self,
        url: object,
        events: object,
        *,
        secret: object = None,
        description: str | None = None,
        signatures: object = None,
    ) -> Webhook:
        """Register; a secret is made when none is given. Raises `InvalidInputError`, and then nothing is registered."""
        parts = self._parts
        self._must_have_room()
        now = parts.clock.now()
        record = WebhookRecord(
            id=uuid7(now, parts.chance.dice),
            url=checked_url(url, schemes=parts.options.url_schemes, reach=parts.options.reach),
            events=checked_events(events, parts.provider.catalogue),
            secret=new_secret(parts.chance.bytes) if secret is None else checked_secret(secret),
            created_at=now,
            updated_at=now,
            description=checked_description(description),
            signatures=checked_signatures(signatures),
        )
        self._check_key(record, "secret")
        parts.store.save_webhook(record)
        return Webhook(self._source, record.id)

    def update(self, webhook_id: str, changes: Mapping[str, Json]) -> Webhook:
        """Change `url`, `events`, `secret`, `description`, `signatures` or `status`; all or nothing.

        Raises `NotFoundError`, and `InvalidInputError` for an unknown member or value.
        """
        parts = self._parts
        check_changeable(changes)
        checked: dict[str, Any] = {name: self.checked(name, value) for name, value in changes.items()}
        with parts.store.transaction():
            before = self._record(webhook_id)
            after = replace(before, **checked, updated_at=parts.clock.now())
            if changed := [name for name in ("secret", "signatures") if name in changes]:
                self._check_key(after, changed[0])
            parts.store.save_webhook(after)
            if after.status is WebhookStatus.DISABLED and before.status is WebhookStatus.ACTIVE:
                parts.engine.disable(after, "by request")
        return Webhook(self._source, webhook_id)

    def checked(self, name: str, value: Json) -> object:
        """Return the value of a changeable member as it would be kept; raise `InvalidInputError` for a bad one."""
        return CHANGEABLE[name](self._parts, value)

    def must_be_active(self, webhook_id: str) -> None:
        """Raise `InvalidInputError` while the webhook is disabled, and `NotFoundError` when there is none."""
        if self._record(webhook_id).status is WebhookStatus.DISABLED:
            raise InvalidInputError(
                f"webhook {webhook_id} is disabled; enable it first (set its status to active)",
                field="status",
                code="disabled",
            )

    def remove(self, webhook_id: str) -> None:
        """Delete the webhook, and discard its pending deliveries. Raises `NotFoundError`."""
        with self._parts.store.transaction():
            record = self._record(webhook_id)
            self._parts.engine.discard_pending(record, "the webhook was deleted")
            self._parts.store.remove_webhook(webhook_id)

    def rotate_secret(self, webhook_id: str, *, overlap: timedelta, secret: str | None = None) -> Webhook:
        """Give the webhook a new secret; for the duration `overlap` the previous ones sign as well."""
        overlap = span_of(overlap, "overlap")
        parts = self._parts
        now = parts.clock.now()
        with parts.store.transaction():
            record = self._record(webhook_id)
            kept = tuple(
                replace(old, until=min(old.until, now + overlap)) for old in record.old_secrets if old.until > now
            )
            retired = OldSecret(record.secret, now + overlap)  # kept even when it signs no more: a fault may need it
            fresh = new_secret(parts.chance.bytes) if secret is None else checked_secret(secret)
            after = replace(record, secret=fresh, old_secrets=(retired, *kept), updated_at=now)
            self._check_key(after, "secret")
            parts.store.save_webhook(after)
        return Webhook(self._source, webhook_id)

    def recover(self, webhook_id: str, since: datetime | None = None) -> Sequence[str]:
        """Start every failed or discarded delivery since then anew, and return their ids, oldest first.

        Raises `InvalidInputError` while the webhook is disabled.
        """
        parts = self._parts
        with parts.store.transaction():
            self.must_be_active(webhook_id)
            return parts.store.restart(parts.clock.now(), webhook_id=webhook_id, states=RECOVERABLE, since=since)

    def redeliver(self, delivery_id: str) -> DeliveryRecord:
        """Start one delivery anew, whatever became of it; raise `InvalidInputError` while its webhook is disabled."""
        with self._parts.store.transaction():
            delivery = self._parts.store.delivery(delivery_id)
            if delivery is None:
                raise NotFoundError("delivery", delivery_id)
            self.must_be_active(delivery.webhook_id)
            return self._parts.engine.restart(delivery)

    def _check_key(self, record: WebhookRecord, field: str) -> None:
        check_key(record.secret, schemes_of(record, self._parts.provider), field=field)

    def _must_have_room(self) -> None:
        limit = self._parts.options.webhooks
        if limit is not None and len(self) >= limit:
            raise InvalidInputError(
                f"there are {limit} webhooks, and no more are allowed: remove one that is no longer needed "
                f"(DELETE /v1/webhooks/{{id}}), or start the server with a higher limit (MOCKSTORE_WEBHOOKS)",
                code="too_many_webhooks",
            )

    def _record(self, webhook_id: str) -> WebhookRecord:
        record = self._parts.store.webhook(webhook_id)
        if record is None:
            raise NotFoundError("webhook", webhook_id)
        return record


def check_changeable(names: Iterable[str]) -> None:
    """Raise `InvalidInputError` for what cannot be changed of a webhook."""
    unknown = sorted(set(names) - set(CHANGEABLE))
    if unknown:
        raise InvalidInputError(
            f"cannot change {', '.join(unknown)}; can be changed: {', '.join(CHANGEABLE)}", field=unknown[0]
        )


def checked_description(description: object) -> str | None:
    """Return the description; raise `InvalidInputError` when it is no text."""
    if description is not None and not isinstance(description, str):
        raise InvalidInputError("the description must be a text", field="description")
    return description


def checked_status(status: object) -> WebhookStatus:
    """Return the status; raise `InvalidInputError` for any other."""
    if status not in list(WebhookStatus):
        raise InvalidInputError(
            f"unknown status {status!r}; allowed: {', '.join(WebhookStatus)}", field="status", code="invalid_status"
        )
    return WebhookStatus(str(status))


CHANGEABLE: Mapping[str, Callable[[Parts, Json], object]] = {
    "url": lambda parts, value: checked_url(value, schemes=parts.options.url_schemes, reach=parts.options.reach),
    "events": lambda parts, value: checked_events(value, parts.provider.catalogue),
    "secret": lambda _, value: checked_secret(value),
    "description": lambda _, value: checked_description(value),
    "signatures": lambda _, value: checked_signatures(value),
    "status": lambda _, value: checked_status(value),
}
"""What can be changed of a webhook, and how each value is checked."""
