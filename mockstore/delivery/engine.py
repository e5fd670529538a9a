"""One step of a delivery: claim, compose and sign, (send,) judge, record. Sending is the pump's part."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mockstore.delivery.judge import judge, next_step
from mockstore.errors import ConsumerError, DeliveryError
from mockstore.events import uuid7
from mockstore.model import (
    Attempt,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Headers,
    Outgoing,
    Reply,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.provider import Provider
from mockstore.signing import scheme_named
from mockstore.world.clock import Chance, wall_time
from mockstore.world.seams import Clock, Store

SignatureTime = Literal["wall", "virtual"]


@dataclass(frozen=True, slots=True)
class Started:
    """A claimed delivery with the request that is to be sent."""

    delivery: DeliveryRecord
    webhook: WebhookRecord
    number: int
    at: datetime
    outgoing: Outgoing


class Engine:
    """Turns events into deliveries and deliveries into recorded attempts; the provider's rules decide.

    `tell` is called whenever an attempt was recorded.
    """

    def __init__(  # noqa: PLR0913 - the seams, each once
        self,
        provider: Provider,
        store: Store,
        clock: Clock,
        chance: Chance,
        *,
        tell: Callable[[], None],
        signature_time: SignatureTime = "wall",
    ) -> None:
        self.provider = provider
        self.store = store
        self.clock = clock
        self.chance = chance
        self.holding = False
        self.published = 0
        self._tell = tell
        self._signature_time = signature_time

    def publish(self, event: EventRecord, webhooks: Iterable[WebhookRecord]) -> list[DeliveryRecord]:
        """Record the event with a delivery for each of `webhooks`, all or nothing (an outbox)."""
        now = self.clock.now()
        state, due = (DeliveryState.HELD, None) if self.holding else (DeliveryState.PENDING, now)
        deliveries = [
            DeliveryRecord(
                id=uuid7(now, self.chance.dice),
                event_id=event.id,
                webhook_id=webhook.id,
                created_at=now,
                due=due,
                state=state,
            )
            for webhook in webhooks
        ]
        with self.store.transaction():
            self.store.add_event(event)
            for delivery in deliveries:
                self.store.save_delivery(delivery)
        self.published += len(deliveries)
        return deliveries

    def claim(self, limit: int = 1) -> list[DeliveryRecord]:
        """Take up to `limit` deliveries that are due now."""
        return list(self.store.claim(self.clock.now(), limit))

    def start(self, delivery: DeliveryRecord) -> Started | None:
        """Compose and sign the next attempt; None (and discarded) when its webhook takes no more."""
        webhook = self.store.webhook(delivery.webhook_id)
        event = self.store.event(delivery.event_id)
        if webhook is None or event is None or webhook.status is WebhookStatus.DISABLED:
            why = "the webhook was deleted" if webhook is None else "the webhook is disabled"
            self.discard(delivery, why)
            self.store.release(delivery.id)
            return None
        number, at = len(delivery.attempts) + 1, self.clock.now()
        return Started(delivery, webhook, number, at, self.compose(event, webhook, number))

    def compose(self, event: EventRecord, webhook: WebhookRecord, number: int) -> Outgoing:
        """Return the request of attempt `number`: the event's exact bytes, signed (contract 1.2)."""
        fields = {"event_id": event.id, "event_type": event.type, "attempt": number}
        headers: Headers = (
            ("Content-Type", event.content_type),
            ("User-Agent", self.provider.user_agent),
            *((name, template.format_map(fields)) for name, template in self.provider.headers.items()),
        )
        now = self.clock.now()
        secrets = [webhook.secret, *(old.secret for old in webhook.old_secrets if old.until > now)]
        signed_at = wall_time() if self._signature_time == "wall" else now
        names = self.provider.signatures if webhook.signatures is None else webhook.signatures
        for name in names:
            headers += scheme_named(name).sign(event.body, secrets=secrets, event_id=event.id, at=signed_at)
        return Outgoing(webhook.url, headers, event.body)

    def finish(self, started: Started, answer: Reply | DeliveryError) -> Attempt:
        """Judge the answer, record the attempt and what follows from it, give the claim back."""
        attempt = self._attempt(started, answer)
        with self.store.transaction():
            delivery = self.store.delivery(started.delivery.id)
            if delivery is not None:  # else it was forgotten (reset) while it was on its way
                self._record(delivery, attempt)
        self.store.release(started.delivery.id)
        self._tell()
        return attempt

    def disable(self, webhook: WebhookRecord, why: str) -> WebhookRecord:
        """Disable the webhook and discard what it still had to get (contract 1.3)."""
        disabled = replace(webhook, status=WebhookStatus.DISABLED, updated_at=self.clock.now())
        with self.store.transaction():
            self.store.save_webhook(disabled)
            self.discard_pending(disabled, f"the webhook was disabled: {why}")
        return disabled

    def discard_pending(self, webhook: WebhookRecord, why: str) -> None:
        """Discard every delivery of `webhook` that has not ended."""
        for delivery in self.store.deliveries(webhook_id=webhook.id):
            if delivery.state in (DeliveryState.PENDING, DeliveryState.HELD):
                self.discard(delivery, why)

    def discard(self, delivery: DeliveryRecord, why: str) -> None:
        """Stop the delivery; it can be recovered."""
        self.store.save_delivery(replace(delivery, state=DeliveryState.DISCARDED, due=None, reason=why))

    def restart(self, delivery: DeliveryRecord) -> DeliveryRecord:
        """Start the ladder anew, now: the same event, the same bytes, the next attempt number."""
        again = replace(
            delivery,
            state=DeliveryState.PENDING,
            due=self.clock.now(),
            round_start=len(delivery.attempts),
            reason=None,
        )
        self.store.save_delivery(again)
        return again

    def _attempt(self, started: Started, answer: Reply | DeliveryError) -> Attempt:
        verdict = judge(answer, self.provider)
        reply = answer if isinstance(answer, Reply) else None
        return Attempt(
            number=started.number,
            at=started.at,
            offset=started.at - started.delivery.created_at,
            outcome=verdict.outcome,
            status=None if reply is None or verdict.outcome == "timeout" else reply.status,
            duration=self.provider.timeout if verdict.outcome == "timeout" else reply.took if reply else timedelta(),
            error=verdict.error,
            request=started.outgoing,
            reply=reply,
            exception=reply.exception if reply is not None else _raised_by_consumer(answer),
        )

    def _record(self, delivery: DeliveryRecord, attempt: Attempt) -> None:
        made = replace(delivery, attempts=(*delivery.attempts, attempt))
        if delivery.state is DeliveryState.DISCARDED:  # its webhook was disabled or deleted meanwhile
            self.store.save_delivery(made)
            return
        step = next_step(made, attempt, self.provider, attempt.at, dice=self.chance.dice.uniform(-1, 1))
        self.store.save_delivery(replace(made, state=step.state, due=step.due))
        if step.disables is not None:
            webhook = self.store.webhook(delivery.webhook_id)
            if webhook is not None and webhook.status is WebhookStatus.ACTIVE:
                self.disable(webhook, step.disables)


def _raised_by_consumer(answer: Reply | DeliveryError) -> BaseException | None:
    """Return what the consumer's code raised; the cause of a broken connection is none of that."""
    return answer.__cause__ if isinstance(answer, ConsumerError) else None
