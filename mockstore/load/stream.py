"""What one user sends, one event after the other: the same dice give the same course. Pure, but for the factory."""

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

USUAL: Final[Mapping[str, float]] = MappingProxyType(
    {
        "order.created": 20,
        "payment.succeeded": 18,
        "payment.failed": 2,
        "order.status_changed": 40,  # paid, shipped and delivered come here, less those that are cancelled
        "pet.status_changed": 15,
        "pet.adopted": 5,
    }
)
"""Weights of the event types: about what the life of an order gives, a tenth of the payments failing."""

FORGERIES: Final = ("wrong_secret", "tampered_body", "missing_signature", "signature_of_another_body")
"""The faults that a forged event has one of; they are refused by whoever verifies what the Petstore signs."""


class Mix(Struct, frozen=True):
    """In which proportions events come; raises `InvalidInputError` for weights and shares that are none."""

    events: Mapping[str, float]
    """The types and their weights."""
    duplicates: float = 0.0
    """The share of the genuine events that come again after their acknowledgement."""
    forged: float = 0.0
    """The share of events that carry no genuine signature."""

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
    """What is to come next."""

    type: str
    forgery: tuple[PlannedFault, ...] = ()
    """The fault that makes it a forgery; none for a genuine event."""
    twice: bool = False
    """Whether it comes again after its acknowledgement."""


class Letter(Struct, frozen=True):
    """An event that was made, and what is to happen to it."""

    plan: Plan
    id: str
    body: bytes


def drawn(mix: Mix, dice: random.Random) -> Plan:
    """Return the next plan of a mix; each takes as many dice, whatever falls."""
    (event_type,) = dice.choices(tuple(mix.events), tuple(mix.events.values()))
    is_forged, comes_twice = dice.random() < mix.forged, dice.random() < mix.duplicates
    fault, roll = FORGERIES[dice.randrange(len(FORGERIES))], dice.getrandbits(32)
    if is_forged:
        return Plan(event_type, (PlannedFault(fault, roll=roll),))
    return Plan(event_type, twice=comes_twice)


class Stream(Struct, frozen=True):
    """Makes the events of one user. The course has dice of its own, so that nothing in a payload can change it."""

    mix: Mix
    factory: EventFactory
    course: random.Random
    content: random.Random

    def next(self, now: datetime) -> Letter:
        """Return the next event, made at `now`."""
        plan = drawn(self.mix, self.course)
        event = self.factory.make(plan.type, now=now, dice=self.content)
        return Letter(plan, event["id"], encode(event))


class Sender(Struct, frozen=True):
    """How letters become requests: the provider's rules, the receiver's URL and secret."""

    rules: Provider
    url: str
    secret: str

    def request(self, letter: Letter, attempt: int, now: datetime) -> Outgoing:
        """Return the request of this attempt, exactly as the mock sends it."""
        draft = Draft(
            url=self.url,
            event_id=letter.id,
            event_type=letter.plan.type,
            content_type="application/json",
            body=letter.body,
            secrets=(self.secret,),
            schemes=self.rules.signatures,
            signed_at=now,
        )
        forgery = letter.plan.forgery
        if not forgery:
            return compose(draft, attempt, self.rules)
        outgoing = compose(faulty.composed(forgery, draft, attempt), attempt, self.rules)
        return replace(faulty.altered(forgery, outgoing, attempt), wire=None)


def streams(seed: int | None, worker: int, user: int) -> tuple[Chance, Chance]:
    """Return the dice of one user: those of its course, and those of its payloads."""
    root = Chance(seed)
    course, content = (
        Chance(int.from_bytes(root.key(f"load {purpose} of user {user} in worker {worker}")))
        for purpose in ("course", "content")
    )
    return course, content


def weights(text: str, catalogue: Catalogue) -> dict[str, float]:
    """Read `order.created=3,pet.adopted=1`; a type without a weight weighs 1, and `*` is every type.

    Raises `InvalidInputError` for what is no weight and `UnknownEventTypeError` for an unknown type.
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
