"""Chooses and makes the events of one user: the same dice give the same events. Pure, except for the event factory."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mockstore.delivery.compose import compose
from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue, EventFactory, encode
from mockstore.faults import plan as faulty
from mockstore.faults.fault import Draft
from mockstore.model import Outgoing, PlannedFault
from mockstore.provider import Provider
from mockstore.world.clock import Chance

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "order.created": 20,
        "payment.succeeded": 18,
        "payment.failed": 2,
        "order.status_changed": 40,  # approved, shipped and delivered; fewer for cancelled orders
        "pet.status_changed": 15,
        "pet.adopted": 5,
    }
)
"""Default weights of the event types: about what orders emit when a tenth of the payments fail."""

FORGERIES: Final = ("wrong_secret", "tampered_body", "missing_signature", "signature_of_another_body")
"""The faults of forged events; each event has one. A consumer that verifies signatures rejects all of them."""


class Mix(Struct, frozen=True):
    """The proportions of event types, duplicates and forged events; raises `InvalidInputError` for invalid values."""

    events: Mapping[str, float]
    """Weights by event type."""
    duplicates: float = 0.0
    """The share (0 to 1) of the genuine events that are sent again after they were acknowledged."""
    forged: float = 0.0
    """The share (0 to 1) of events without a genuine signature."""

    def __post_init__(self) -> None:
        if not self.events or any(weight < 0 for weight in self.events.values()) or not sum(self.events.values()):
            raise InvalidInputError(
                f"the weights {dict(self.events)} are none: give at least one type a weight above 0", field="events"
            )
        for name in ("duplicates", "forged"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise InvalidInputError(f"{name} is {share!r}; it must be a share from 0 to 1", field=name)


class Plan(Struct, frozen=True):
    """What the next event is to be."""

    type: str
    forgery: tuple[PlannedFault, ...] = ()
    """The fault that makes the event a forged one; empty for a genuine event."""
    twice: bool = False
    """Whether the event is sent again after it was acknowledged."""


class PlannedEvent(Struct, frozen=True):
    """An event with its plan; `body` is the payload as it is sent."""

    plan: Plan
    id: str
    body: bytes


def next_plan(mix: Mix, dice: random.Random) -> Plan:
    """Return the plan of the next event. Each call takes the same number of random values, whatever the plan."""
    (event_type,) = dice.choices(tuple(mix.events), tuple(mix.events.values()))
    is_forged, comes_twice = dice.random() < mix.forged, dice.random() < mix.duplicates
    fault, roll = FORGERIES[dice.randrange(len(FORGERIES))], dice.getrandbits(32)
    if is_forged:
        return Plan(event_type, (PlannedFault(fault, roll=roll),))
    return Plan(event_type, twice=comes_twice)


class Stream(Struct, frozen=True):
    """Makes the events of one user. The dice for plans (`course`) are independent of those for payloads (`content`)."""

    mix: Mix
    factory: EventFactory
    course: random.Random
    content: random.Random

    def next(self, now: datetime) -> PlannedEvent:
        """Return the next event; its timestamp is `now`."""
        plan = next_plan(self.mix, self.course)
        event = self.factory.make(plan.type, now=now, dice=self.content)
        return PlannedEvent(plan, event["id"], encode(event))


class Sender(Struct, frozen=True):
    """Makes the requests of events, by the provider's rules and with the receiver's URL and secret."""

    rules: Provider
    url: str
    secret: str

    def request(self, event: PlannedEvent, attempt: int, now: datetime) -> Outgoing:
        """Return the request of an attempt (numbered from 1), exactly as the mock sends it."""
        draft = Draft(
            url=self.url,
            event_id=event.id,
            event_type=event.plan.type,
            content_type="application/json",
            body=event.body,
            secrets=(self.secret,),
            schemes=self.rules.signatures,
            signed_at=now,
        )
        forgery = event.plan.forgery
        if not forgery:
            return compose(draft, attempt, self.rules)
        outgoing = compose(faulty.composed(forgery, draft, attempt), attempt, self.rules)
        return replace(faulty.altered(forgery, outgoing, attempt), wire=None)


def streams(seed: int | None, worker: int, user: int) -> tuple[Chance, Chance]:
    """Return the random values of one user: for its plans and for its payloads."""
    root = Chance(seed)
    course, content = (
        Chance(int.from_bytes(root.key(f"load {purpose} of user {user} in worker {worker}")))
        for purpose in ("course", "content")
    )
    return course, content


def weights(text: str, catalogue: Catalogue) -> dict[str, float]:
    """Parse `order.created=3,pet.adopted=1`; the default weight is 1, and `*` stands for every type.

    Raise `InvalidInputError` for an invalid weight and `UnknownEventTypeError` for an unknown type.
    """
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, weight = (side.strip() for side in part.partition("="))
        found |= dict.fromkeys(_types(name, catalogue), _weight(part, weight or "1"))
    return found


def _types(name: str, catalogue: Catalogue) -> Sequence[str]:
    if name == "*":
        return tuple(catalogue.types)
    catalogue.check_type(name)
    return (name,)


def _weight(part: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInputError(
            f"{part!r} is no event type with a weight; write for instance order.created=3", field="events"
        ) from None
