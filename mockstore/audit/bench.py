"""The setup for one rule: a new Mockstore, whose only webhook is the consumer, and readings of the probe."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mockstore.audit.probe import Probe
from mockstore.audit.result import Exchange
from mockstore.audit.rules import BURST, LARGE
from mockstore.delivery.judge import judge
from mockstore.delivery.pump import InlinePump
from mockstore.errors import ConsumerError, DeliveryError
from mockstore.events import EventFactory, encode
from mockstore.faults import named
from mockstore.faults.forgery import unknown_secret
from mockstore.model import (
    Attempt,
    EventRecord,
    Json,
    OldSecret,
    Outcome,
    Outgoing,
    PlannedFault,
    Reply,
    WebhookRecord,
)
from mockstore.parts import Options, in_process_parts
from mockstore.provider import Provider
from mockstore.service import Mockstore
from mockstore.world.clock import wall_time
from mockstore.world.transports import Router

TIME_FOR_ALL_ATTEMPTS: Final = timedelta(hours=3)
"""After this time every retry and every delayed request of a fault has been sent."""
_MINUTE: Final = timedelta(minutes=1)
_OVERLAP: Final = timedelta(days=1)
_RULES_PER_SEED: Final = 1000
"""Distance between the seeds of two audits: each rule has its own seed, so no two create the same events."""


class Subject(Struct, frozen=True):
    """The consumer that is audited, and how to reach it."""

    url: str
    secret: str
    router: Router
    provider: Provider
    factory: EventFactory
    probe: Probe | None = None
    signatures: tuple[str, ...] | None = None
    seed: int | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it is reached over the network, not in process."""
        return self.router.is_remote(self.url)


class ProbingTransport:
    """A transport that sends through the router, and reads the probe after each request."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.readings: list[Json] = []

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Send a request, then read the probe."""
        try:
            return self._subject.router.send(outgoing, timeout)
        finally:
            self.read()

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - as `Transport` has it
        """Send a request on the running event loop, then read the probe."""
        try:
            return await self._subject.router.asend(outgoing, timeout)
        finally:
            self.read()

    def read(self) -> Json:
        """Read the probe, append the reading to `readings`, and return it; it is None without a probe."""
        reading = self._subject.probe() if self._subject.probe is not None else None
        self.readings.append(reading)
        return reading

    def close(self) -> None:
        """Do nothing: the router is closed by its owner."""


class Bench:
    """The Mockstore of one rule; its virtual clock starts at the present time. `number` makes its seed unique."""

    def __init__(self, subject: Subject, number: int, signatures: tuple[str, ...] | None = None) -> None:
        parts = in_process_parts(
            subject.provider,
            seed=None if subject.seed is None else subject.seed * _RULES_PER_SEED + number,
            clock="virtual",
            start=wall_time(),  # so that no event of an earlier audit with the same seed is repeated
            factory=subject.factory,
            signature_time="wall",
            options=Options(strict=False, raise_errors=False),
        )
        self.subject = subject
        self._attempts = parts.engine.follow()
        self._transport = ProbingTransport(subject)
        pump = InlinePump(parts.engine, self._transport, is_remote=subject.router.is_remote)
        self._parts = replace(parts, router=subject.router, pump=pump)
        self.mock = Mockstore(self._parts)
        self._webhook = self.mock.subscribe(
            subject.url, secret=subject.secret, signatures=signatures or subject.signatures
        )
        self.direct: list[Exchange] = []
        self.before = self._transport.read()
        self._transport.readings.clear()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every request and its answer, those of deliveries first, in the order in which the answers came."""
        recorded = [(self._parts.store.delivery(id_), number) for id_, number in self._attempts]
        made = [delivery.attempts[number - 1] for delivery, number in recorded if delivery is not None]
        return (*map(Exchange, made, self._transport.readings), *self.direct)

    def send(self, event_type: str, fault: str | None = None, variant: int = 0, *, as_: str = "") -> None:
        """Emit one event under a fault; `variant` is the fault's dice, `as_` may be `large` or `charset`."""
        self._publish(self._event(event_type, as_), fault, variant)
        self._parts.pump.kick()

    def send_on(self, event_type: str, fault: str) -> None:
        """Emit one event under a fault, and advance the clock until everything is sent."""
        self.send(event_type, fault)
        self.mock.advance(TIME_FOR_ALL_ATTEMPTS)

    def burst(self, event_type: str) -> None:
        """Emit `BURST` events that are delivered at the same moment."""
        for _ in range(BURST):
            self._publish(self._event(event_type), "burst", 0)
        self.mock.advance(_MINUTE)

    def rotate(self, position: str) -> None:
        """Sign with a second secret too; `position` is that of the consumer's own signature: `first` or `second`."""
        record, other = self._webhook.record, unknown_secret(1)
        until = self._parts.clock.now() + _OVERLAP
        new, old = (record.secret, other) if position == "first" else (other, record.secret)
        self._parts.store.save_webhook(replace(record, secret=new, old_secrets=(OldSecret(old, until),)))

    def send_by(self, method: str, event_type: str) -> None:
        """Send a signed event with another HTTP method than POST."""
        event, at = self._event(event_type), self._parts.clock.now()
        outgoing = replace(self._parts.engine.compose(event, self._webhook.record, 1, at).outgoing, method=method)
        try:
            answer: Reply | DeliveryError = self._transport.send(outgoing, self.subject.provider.timeout)
        except DeliveryError as error:
            answer = error
        verdict = judge(answer, self.subject.provider)
        reply = answer if isinstance(answer, Reply) else None
        attempt = Attempt(
            number=1,
            at=at,
            created_at=at,
            outcome=verdict.outcome,
            status=reply.status if reply is not None and verdict.outcome is not Outcome.TIMEOUT else None,
            duration=reply.took if reply is not None else timedelta(),
            error=verdict.error,
            sent=outgoing,
            reply=reply,
            exception=answer.__cause__ if isinstance(answer, ConsumerError) else None,
        )
        self.direct.append(Exchange(attempt, self._transport.readings[-1]))

    def live_an_order(self, order_of: str) -> tuple[Json, Json]:
        """Send the events of an order from placed to delivered; return the probe's readings before and after.

        `order_of` is the sequence in which they arrive: `causal`, `neighbours`, `first comes last` or `reversed`.
        """
        before = self._transport.readings[-1] if self._transport.readings else self.before
        self.mock.hold()
        placed = self.mock.orders.place(self.mock.pets.add())
        for step in (placed.pay, placed.ship, placed.deliver):
            self.mock.advance(_MINUTE)
            step()
        held = len([one for one in self.mock.deliveries if one.record.state == "held"])
        self.mock.release(order=arranged(held, order_of))
        return before, self._transport.readings[-1] if self._transport.readings else before

    def _event(self, event_type: str, as_: str = "") -> EventRecord:
        now = self._parts.clock.now()
        event = self.subject.factory.make(event_type, now=now, dice=self._parts.chance.dice)
        if as_ == "large":
            event = {**event, "introducedLater": "x" * LARGE}
        content_type = "application/json; charset=utf-8" if as_ == "charset" else "application/json"
        return EventRecord(str(event["id"]), event_type, now, encode(event), content_type, fits=False)

    def _publish(self, event: EventRecord, fault: str | None, variant: int) -> None:
        def plan_for(_webhook: WebhookRecord) -> tuple[PlannedFault, ...]:
            return () if fault is None else (PlannedFault(fault, named(fault).attempts, variant),)

        self._parts.engine.publish(event, [self._webhook.record], plan_for)


def arranged(count: int, order_of: str) -> Sequence[int]:
    """Return the positions 0 to `count` - 1, sorted as `order_of` says: see `Bench.live_an_order`."""
    causal = list(range(count))
    if order_of == "reversed":
        return causal[::-1]
    if order_of == "first comes last":
        return causal[1:] + causal[:1]
    if order_of == "neighbours":  # from the end, so that the last two are a pair
        for place in range(count - 2, -1, -2):
            causal[place], causal[place + 1] = causal[place + 1], causal[place]
    return causal
