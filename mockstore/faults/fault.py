"""What a fault is: a pure change of a request, of its way over the wire, or of the course of a delivery."""

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
    """What kind of thing goes wrong."""

    FORGERY = "forgery"
    HOSTILE = "hostile"
    DRIFT = "drift"
    DELIVERY = "delivery"
    WIRE = "wire"


class Expect(StrEnum):
    """What a good consumer does, in one word; of several faults together the one named first counts."""

    REJECT = "reject"
    """It answers 4xx and does nothing."""
    SURVIVE = "survive"
    """It answers 4xx, or 2xx if it can make sense of it; never 5xx."""
    DEDUPE = "dedupe"
    """It answers 2xx each time and does its work once."""
    ORDER = "order"
    """It answers 2xx, and what it knows from newer events stays."""
    ACCEPT = "accept"
    """It answers 2xx and does its work."""


class Draft(Redacted, frozen=True):
    """A request before it is signed, with all that a fault may want to change or to know."""

    untold = frozenset({"secrets", "retired"})

    url: str
    event_id: str
    event_type: str
    content_type: str
    body: bytes
    secrets: tuple[str, ...]
    """Those that sign, newest first."""
    schemes: tuple[str, ...]
    """Names of the signature schemes."""
    signed_at: datetime
    retired: tuple[str, ...] = ()
    """Secrets that have been rotated out and sign no more, latest first."""
    shape: Shape | None = None
    """What the schema of the event knows; None for an event without one."""
    signed: bytes | None = None
    """What is signed; None means the body."""
    plain: bool = False
    """Whether the headers that a consumer must not need are left out."""


class Course(Struct, frozen=True):
    """How a delivery runs when it does not run as it should."""

    due: Callable[[datetime], datetime] | None = None
    """Says when the first attempt is due that should be made now."""
    is_overtaken: bool = False
    """It goes as soon as another delivery to the same webhook has gone, however early."""
    copies: int = 0
    """How many further deliveries of the event start at the same moment."""
    again: timedelta | None = None
    """How long after its acknowledgement it is sent once more."""
    ack_is_lost: bool = False
    """The receiver's acknowledgement does not come back: for the sender that is a timeout."""
    comes_back: timedelta | None = None
    """How long after the last attempt its webhook is enabled and it is sent once more."""


Compose: TypeAlias = Callable[[Draft, int], Draft]
"""Changes a request before it is signed; the number is the fault's own roll of the dice."""

Alter: TypeAlias = Callable[[Outgoing, int], Outgoing]
"""Changes a request after it was signed."""


class Fault(Struct, frozen=True):
    """One way in which webhooks go wrong. As text it is its name, which also names it in a parametrised test."""

    name: str
    group: Group
    sentence: str
    """What happens."""
    good_consumer: str
    """What a good consumer does."""
    expects: Expect
    acts_on: tuple[str, ...]
    """Of body, headers, due, outcome, wire."""
    needs_socket: bool = False
    """Whether it needs a webhook with a URL; no app in process can meet with it."""
    attempts: tuple[int, ...] = ()
    """The attempts that it befalls, from 1; none named means every one."""
    compose: Compose | None = None
    alter: Alter | None = None
    course: Course | None = None

    @property
    def __name__(self) -> str:
        """The name, where pytest looks for the id of a parameter."""
        return self.name

    @property
    def is_single(self) -> bool:
        """Whether a delivery with it is tried once: nobody climbs a ladder with a forgery."""
        return self.expects in (Expect.REJECT, Expect.SURVIVE) and not self.attempts

    def on(self, *attempts: int) -> Self:
        """Return the same fault for these attempts only (1 is the first); raise `InvalidInputError` for others."""
        if not attempts or not all(isinstance(number, int) and number >= 1 for number in attempts):
            raise InvalidInputError(
                f"{list(attempts)} are no attempts: name whole numbers, 1 is the first", field="attempts"
            )
        return replace(self, attempts=tuple(dict.fromkeys(attempts)))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Fault {self.name}{f' on attempts {list(self.attempts)}' if self.attempts else ''}>"
