"""One step of a delivery: claim, compose and sign, (send,) judge, record. Sending is the pump's part."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from mockstore.delivery.compose import Plain, compose, schemes_of, secrets_of, whole_second
from mockstore.delivery.hold import Hold, checked_order
from mockstore.delivery.judge import Step, Verdict, bent, judge, next_step, raised_by_consumer, shared_reply
from mockstore.delivery.overtaken import Overtaken
from mockstore.errors import AttemptExistsError, DeliveryError
from mockstore.events import uuid7
from mockstore.faults import plan as faulty
from mockstore.faults.fault import Draft
from mockstore.model import (
    Attempt,
    Attempted,
    DeliveryRecord,
    DeliveryState,
    Disabled,
    EventRecord,
    Observation,
    Outcome,
    Outgoing,
    PlannedFault,
    Published,
    Reply,
    Sent,
    WebhookRecord,
    WebhookStatus,
)
from mockstore.news import Latest
from mockstore.provider import Provider
from mockstore.world.clock import Chance, wall_time
from mockstore.world.seams import Clock, Store

SignatureTime = Literal["wall", "virtual"]

UNENDED: Final = frozenset({DeliveryState.HELD, DeliveryState.PENDING})
_LOG: Final = logging.getLogger(__name__)
_NO_LONGER_OURS: Final = "the delivery was forgotten, or another server has taken it over"


class Started(Struct, frozen=True):
    """A claimed delivery with the request that is to be sent."""

    delivery: DeliveryRecord
    webhook: WebhookRecord
    event: EventRecord
    number: int
    at: datetime
    outgoing: Outgoing
    sent: Sent
    """The same, as it is to be remembered."""


class Engine:
    """Turns events into deliveries and deliveries into recorded attempts; the provider's rules decide.

    `tell` is called whenever an attempt has ended. `observe` is told what has happened once it is kept, outside any
    transaction, and must not raise.
    `history` is how many finished deliveries are kept; None is all.
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
        observe: Callable[[Observation], None] | None = None,
        history: int | None = None,
    ) -> None:
        self.provider = provider
        self.store = store
        self.clock = clock
        self.chance = chance
        self.hold = Hold(store)
        self.published = 0
        self._made: Latest[tuple[str, int]] | None = None
        self._history = history
        self._tell = tell
        self._signature_time = signature_time
        self._observe = observe
        self._overtaken = Overtaken()

    def publish(
        self,
        event: EventRecord,
        webhooks: Iterable[WebhookRecord],
        plan_for: Callable[[WebhookRecord], tuple[PlannedFault, ...]] | None = None,
        *,
        held: bool = False,
    ) -> list[DeliveryRecord]:
        """Record the event with a delivery for each of `webhooks`, all or nothing (an outbox).

        `plan_for` says which faults befall the delivery to a webhook; some of them make several deliveries of one.
        With `held` they wait for `release`.
        """
        deliveries = list[DeliveryRecord]()
        for webhook in webhooks:
            plan = plan_for(webhook) if plan_for is not None else ()
            copies = 1 + faulty.copies(plan) if plan else 1
            deliveries += [self._new(event, webhook.id, plan, held=held) for _ in range(copies)]
        with self.store.transaction():
            self.store.add_event(event)
            for delivery in deliveries:
                self.store.save_delivery(delivery)
        self.published += len(deliveries)
        for delivery in deliveries if plan_for is not None and not held else ():
            if faulty.is_overtaken(delivery.faults):
                self.store.when_kept(partial(self._overtaken.add, delivery))
        self._report(Published(event, len(deliveries)))
        return deliveries

    def _report(self, seen: Observation) -> None:
        if self._observe is not None:
            self.store.when_kept(partial(self._observe, seen))

    def _new(
        self, event: EventRecord, webhook_id: str, plan: tuple[PlannedFault, ...], *, held: bool
    ) -> DeliveryRecord:
        now = event.timestamp  # the same object: there may be many
        delivery = DeliveryRecord(
            id=uuid7(now, self.chance.dice),
            event_id=event.id,
            webhook_id=webhook_id,
            created_at=now,
            due=None if held else now,
            state=DeliveryState.HELD if held else DeliveryState.PENDING,
        )
        if not plan:
            return delivery
        return replace(delivery, faults=plan, due=None if held else faulty.first_due(plan, now))

    def release(self, order: Sequence[int] | None = None) -> list[DeliveryRecord]:
        """Stop holding, and make due what was held: all, oldest first, or the positions in `order`.

        The second time that a position is named makes a further delivery of the same event. Returns what is due, in
        that order. Raises `InvalidInputError` for a position that does not exist; then nothing has changed.
        """
        with self.store.transaction():  # or who publishes or releases at the same time would find another state
            self.hold.turn(on=False)
            held = self.store.deliveries(states=[DeliveryState.HELD])
            seen, released = set[int](), []
            for position in checked_order(order, len(held)):
                released.append((self._copy if position in seen else self.restart)(held[position]))
                seen.add(position)
        return released

    def _copy(self, delivery: DeliveryRecord) -> DeliveryRecord:
        """Add a second delivery of the same event to the same webhook, due now."""
        now = self.clock.now()
        its_id = uuid7(now, self.chance.dice)
        second = DeliveryRecord(its_id, delivery.event_id, delivery.webhook_id, now, due=now, faults=delivery.faults)
        self.store.save_delivery(second)
        self.published += 1
        return second

    def claim(self, limit: int = 1) -> list[DeliveryRecord]:
        """Take up to `limit` deliveries that are due now."""
        return list(self.store.claim(self.clock.now(), limit))

    def start(self, delivery: DeliveryRecord) -> Started | None:
        """Compose and sign the next attempt; None (and discarded) when its webhook takes no more."""
        webhook = self.store.webhook(delivery.webhook_id)
        event = self.store.event(delivery.event_id)
        if webhook is not None and webhook.status is WebhookStatus.DISABLED and faulty.enables(delivery):
            webhook = replace(webhook, status=WebhookStatus.ACTIVE, updated_at=self.clock.now())
            self.store.save_webhook(webhook)
        if webhook is None or event is None or webhook.status is WebhookStatus.DISABLED:
            why = "the webhook was deleted" if webhook is None else "the webhook is disabled"
            self.discard(delivery, why)
            self.store.release(delivery.id)
            return None
        number, at = len(delivery.attempts) + 1, self.clock.now()
        sent = self.compose(event, webhook, number, at, delivery.faults)
        return Started(delivery, webhook, event, number, at, sent.outgoing, sent)

    def compose(
        self,
        event: EventRecord,
        webhook: WebhookRecord,
        number: int,
        at: datetime,
        plan: tuple[PlannedFault, ...] = (),
    ) -> Sent:
        """Return the request of attempt `number`: the event's exact bytes, signed (contract 1.2), unless by a fault."""
        signed_at = wall_time() if self._signature_time == "wall" else at
        if not plan:  # the usual case, spared what faults need
            return Plain(self.provider, event, webhook, number, at, whole_second(signed_at))
        catalogue = self.provider.catalogue
        draft = Draft(
            url=webhook.url,
            event_id=event.id,
            event_type=event.type,
            content_type=event.content_type,
            body=event.body,
            secrets=secrets_of(webhook, at),
            schemes=schemes_of(webhook, self.provider),
            signed_at=signed_at,
            retired=tuple(old.secret for old in webhook.old_secrets if old.until <= at),
            shape=catalogue.shape(event.type) if event.type in catalogue.types else None,
        )
        return faulty.altered(plan, compose(faulty.composed(plan, draft, number), number, self.provider), number)

    def finish(
        self, started: Started, answer: Reply | DeliveryError, *, is_held: Callable[[], bool] = lambda: True
    ) -> Attempt:
        """Judge the answer, record the attempt and what follows from it, give the claim back.

        What is no longer ours is not recorded: the delivery was forgotten, or another server has taken it over.
        `is_held` tells whether the claim is still that of this attempt, and not of a later delivery of the same id.
        """
        attempt = self._attempt(started, answer)
        after = self._recorded(started, attempt, is_held)
        if after is not None:
            if self._made is not None:
                self._made.append((started.delivery.id, attempt.number))
            self._report(Attempted(started.event, started.webhook, after, attempt, started.delivery.due))
        self._tell()
        return attempt

    def _recorded(self, started: Started, attempt: Attempt, is_held: Callable[[], bool]) -> DeliveryRecord | None:
        """Record the attempt and give the claim back, in one transaction; None when it is not ours to record.

        The claim is given back even then, as the delivery may come back to us, but not where `is_held` denies it.
        """
        delivery_id = started.delivery.id
        try:
            with self.store.transaction():
                if not is_held():
                    return None
                delivery = self.store.delivery(delivery_id) if self.store.holds(delivery_id) else None
                if delivery is not None:
                    after = self._record(delivery, attempt, anew=delivery.due != started.delivery.due)
                    if self._overtaken:
                        self._let_follow(delivery)
                    self.store.release(delivery_id)
                    return after
        except AttemptExistsError:
            pass  # whoever has taken the delivery over was first
        self.store.release(delivery_id)
        _LOG.warning("attempt %d of delivery %s is not recorded: %s", attempt.number, delivery_id, _NO_LONGER_OURS)
        return None

    def follow(self) -> Latest[tuple[str, int]]:
        """Return a list to which every attempt is added from now on: the delivery's id, the attempt's number."""
        if self._made is None:
            self._made = Latest(self._history)
        return self._made

    def trim(self) -> None:
        """Forget the oldest history when there is too much of it. Not to be called inside a transaction."""
        if self._history is not None:
            self.store.trim(self._history)

    def disable(self, webhook: WebhookRecord, why: str) -> WebhookRecord:
        """Disable the webhook and discard what it still had to get (contract 1.3)."""
        disabled = replace(webhook, status=WebhookStatus.DISABLED, updated_at=self.clock.now())
        with self.store.transaction():
            self.store.save_webhook(disabled)
            self.discard_pending(disabled, f"the webhook was disabled: {why}")
            self._report(Disabled(disabled, why))
        return disabled

    def discard_pending(self, webhook: WebhookRecord, why: str) -> None:
        """Discard every delivery of `webhook` that has not ended."""
        self.store.end(DeliveryState.DISCARDED, why, webhook_id=webhook.id, states=UNENDED)

    def discard(self, delivery: DeliveryRecord, why: str) -> None:
        """Stop the delivery; it can be recovered."""
        self.store.save_delivery(replace(delivery, state=DeliveryState.DISCARDED, due=None, reason=why))

    def restart(self, delivery: DeliveryRecord) -> DeliveryRecord:
        """Start the ladder anew, now: the same event, the same bytes, the next attempt number.

        What is due already becomes so a moment earlier: by that an attempt under way sees that another one is wanted.
        """
        now, due, begun = self.clock.now(), delivery.due, len(delivery.attempts)
        due = now if due is None or due > now else due - timedelta.resolution
        again = replace(delivery, state=DeliveryState.PENDING, due=due, round_start=begun, reason=None)
        self.store.save_delivery(again)
        self.published += 1
        return again

    def _attempt(self, started: Started, answer: Reply | DeliveryError) -> Attempt:
        verdict = judge(answer, self.provider)
        faults = started.delivery.faults
        if faults and verdict.outcome is Outcome.ACKNOWLEDGED and faulty.loses_ack(started.delivery, started.number):
            verdict = Verdict(Outcome.TIMEOUT, "the acknowledgement was lost on its way back (a fault)")
        reply = shared_reply(answer) if isinstance(answer, Reply) else None
        return Attempt(
            number=started.number,
            at=started.at,
            created_at=started.delivery.created_at,
            outcome=verdict.outcome,
            status=None if reply is None or verdict.outcome == "timeout" else reply.status,
            duration=self.provider.timeout if verdict.outcome == "timeout" else reply.took if reply else timedelta(),
            error=verdict.error,
            sent=started.sent,
            reply=reply,
            exception=reply.exception if reply is not None else raised_by_consumer(answer),
        )

    def _record(self, delivery: DeliveryRecord, attempt: Attempt, *, anew: bool) -> DeliveryRecord:
        """Record the attempt; `anew` is whether the ladder was started over while it was under way."""
        attempts = (*delivery.attempts, attempt)
        if delivery.state is DeliveryState.DISCARDED:  # its webhook was disabled or deleted meanwhile
            step = Step(DeliveryState.DISCARDED)
        elif anew:
            step = Step(DeliveryState.PENDING, due=delivery.due, anew=True)
        else:
            step = next_step(delivery, attempt, self.provider, attempt.at, dice=self.chance.dice.uniform(-1, 1))
            if delivery.faults:
                step = bent(step, replace(delivery, attempts=attempts), attempt)
        if step.disables is not None:
            webhook = self.store.webhook(delivery.webhook_id)
            if webhook is not None and webhook.status is WebhookStatus.ACTIVE:
                self.disable(webhook, step.disables)  # discards this delivery too, which is recorded after that
        round_start = len(attempts) if step.anew else delivery.round_start
        after = replace(delivery, attempts=attempts, state=step.state, due=step.due, round_start=round_start)
        self.store.save_delivery(after)
        return after

    def reset(self) -> None:
        """Forget what was made and overtaken."""
        if self._made is not None:
            self._made.clear()
        self._overtaken.clear()

    def _let_follow(self, gone: DeliveryRecord) -> None:
        """Make due what waited for another delivery to the same webhook to go first."""
        waiting = self._overtaken.to(gone.webhook_id)
        done, now = [gone.id] if gone.id in waiting else waiting, self.clock.now()
        for delivery in map(self.store.delivery, done):
            if delivery is not None and not delivery.attempts and delivery.due is not None and delivery.due > now:
                self.store.save_delivery(replace(delivery, due=now))
        if done:
            self.store.when_kept(partial(self._overtaken.forget, gone.webhook_id, done))
