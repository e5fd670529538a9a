"""Defines a fault: a pure change of a request, of its transfer over the socket, or of the delivery's schedule."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mockstore.errors import InvalidInputError
from mockstore.events.shape import Shape
from mockstore.model import Outgoing
from mockstore.redacted import Redacted


class Group(StrEnum):
    """The kind of a fault."""

    FORGERY = "forgery"
    HOSTILE = "hostile"
    DRIFT = "drift"
    DELIVERY = "delivery"
    WIRE = "wire"


class Expect(StrEnum):
    """What a good consumer does under a fault; with several faults, the member listed first here counts."""

    REJECT = "reject"
    """It answers 4xx and does nothing."""
    SURVIVE = "survive"
    """It answers 4xx, or 2xx if it can process the request; never 5xx."""
    DEDUPE = "dedupe"
    """It answers 2xx each time and processes the event once."""
    ORDER = "order"
    """It answers 2xx, and does not overwrite what it knows from newer events."""
    ACCEPT = "accept"
    """It answers 2xx and processes the event."""


class Draft(Redacted, frozen=True):
    """A request before it is signed, with everything that a fault may change or needs to know."""

    secret_fields = frozenset({"secrets", "retired"})

    url: str
    event_id: str
    event_type: str
    content_type: str
    body: bytes
    secrets: tuple[str, ...]
    """The secrets to sign with, newest first."""
    schemes: tuple[str, ...]
    """Names of the signature schemes."""
    signed_at: datetime
    """The timestamp to sign."""
    retired: tuple[str, ...] = ()
    """Secrets that were replaced by a rotation and no longer sign, latest first."""
    shape: Shape | None = None
    """The members that the event's schema declares; None for an event without a schema."""
    signed: bytes | None = None
    """The bytes to sign; None means the body."""
    plain: bool = False
    """Whether to leave out the headers that a consumer must not need (contract 1.2)."""


class Course(Struct, frozen=True):
    """How a fault changes when a delivery is sent, how often, and how its attempts end."""

    due: Callable[[datetime], datetime] | None = None
    """Takes the current time and returns when the first attempt is due; None means now."""
    is_overtaken: bool = False
    """Whether it is sent as soon as another delivery to the same webhook was sent, even before it is due."""
    copies: int = 0
    """How many further deliveries of the event start at the same moment."""
    repeat_after: timedelta | None = None
    """How long after its acknowledgement it is sent once more; None means that it is not."""
    ack_is_lost: bool = False
    """Whether the acknowledgement gets lost on its way back, so that the sender records a timeout."""
    enabled_after: timedelta | None = None
    """How long after the last attempt the webhook is enabled again and the event sent once more; None means never."""


Compose: TypeAlias = Callable[[Draft, int], Draft]
"""Changes a request before it is signed; the number is random, and the same for all attempts of a delivery."""

Alter: TypeAlias = Callable[[Outgoing, int], Outgoing]
"""Changes a request after it was signed; the number is the same as for `Compose`."""


class Fault(Struct, frozen=True):
    """One way in which webhooks go wrong. `str(fault)` is its name, and so is its id in a parametrised test."""

    name: str
    group: Group
    sentence: str
    """What happens."""
    good_consumer: str
    """What a good consumer does."""
    expects: Expect
    acts_on: tuple[str, ...]
    """What it changes: any of body, headers, due, outcome and wire."""
    needs_socket: bool = False
    """Whether it needs a webhook with a URL; it cannot be applied to an app in process."""
    attempts: tuple[int, ...] = ()
    """Numbers of the attempts that it applies to, from 1; empty means all."""
    compose: Compose | None = None
    alter: Alter | None = None
    course: Course | None = None
    """Exactly one of these three is set."""

    @property
    def __name__(self) -> str:
        """The name; pytest takes the id of a parameter from here."""
        return self.name

    @property
    def is_single(self) -> bool:
        """Whether a delivery with it has one attempt only: forged and hostile requests are not retried."""
        return self.expects in (Expect.REJECT, Expect.SURVIVE) and not self.attempts

    def on(self, *attempts: int) -> Self:
        """Return the same fault for these attempts only; raise `InvalidInputError` unless they are integers from 1."""
        if not attempts or not all(isinstance(number, int) and number >= 1 for number in attempts):
            raise InvalidInputError(
                f"{list(attempts)} are no attempts: name whole numbers, 1 is the first", field="attempts"
            )
        return replace(self, attempts=tuple(dict.fromkeys(attempts)))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Fault {self.name}{f' on attempts {list(self.attempts)}' if self.attempts else ''}>"
