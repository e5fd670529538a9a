"""The values that everything speaks in: frozen, no behaviour beyond reading themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct, field

from mockstore.redacted import Redacted

Json: TypeAlias = Any
"""Anything `json.loads` returns. The one place where the type checker is told to look away."""

Payload: TypeAlias = Mapping[str, Json]
"""A JSON object."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Header fields in the order of the wire; names keep their case, a name may repeat."""


class WebhookStatus(StrEnum):
    """Whether a webhook gets deliveries (contract 1.3)."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """Where a delivery stands (contract 1.3)."""

    HELD = "held"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISCARDED = "discarded"


class Outcome(StrEnum):
    """How one attempt ended, in one word."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    ERROR = "error"


class OldSecret(Redacted, frozen=True):
    """A secret that has been rotated out but still signs until `until`."""

    untold = frozenset({"secret"})

    secret: str
    until: datetime


class WebhookRecord(Redacted, frozen=True):
    """A registration: who wants which events, and where."""

    untold = frozenset({"secret", "old_secrets"})

    id: str
    url: str
    events: tuple[str, ...]
    secret: str
    created_at: datetime
    updated_at: datetime
    status: WebhookStatus = WebhookStatus.ACTIVE
    description: str | None = None
    signatures: tuple[str, ...] | None = None
    """Names of the signature schemes for this webhook; None means the provider's."""
    old_secrets: tuple[OldSecret, ...] = ()

    @property
    def is_for_once(self) -> bool:
        """Whether it was made for one callback: nobody registered it, and it goes with its last delivery."""
        return not self.events and self.signatures == ()


class EventRecord(Struct, frozen=True, gc=False):  # in no cycle, and there may be many
    """Something that happened, and the exact bytes that tell it."""

    id: str
    type: str
    timestamp: datetime
    body: bytes
    content_type: str = "application/json"
    fits: bool | None = None
    """Whether it fits its schema: found out when it was made; False where it may break it on purpose, None unknown."""


class Wire(Struct, frozen=True):
    """How a request is to misbehave on its way; only a transport with a socket can do that."""

    chunked: bool = False
    """It comes in chunks, without an announced length."""
    dripped: bool = False
    """It comes in small pieces, with pauses."""
    slow_to_connect: bool = False
    """The connection is there a while before the request."""
    cut_at: int | None = None
    """How many bytes of the body are sent before the sender closes its side; None means all, and no closing."""
    reset: Literal["before", "during"] | None = None
    """When the sender resets the connection: before it has read any of the answer, or after the first byte."""


class Sent(Protocol):
    """A request as it is remembered: whole, or as what it was made of, which takes a sixth of the space."""

    @property
    def url(self) -> str:
        """Where it went."""

    @property
    def outgoing(self) -> "Outgoing":
        """The request, the same to the byte each time."""


class HeaderFields(tuple[tuple[str, str], ...]):
    """Header fields as a consumer gets them: all pairs, in order, and each by its name in whatever case.

    `headers["X-Webhook-Signature"]` raises `KeyError` where `headers.get("X-Webhook-Signature")` returns None; of
    several fields of one name both return the values with a comma between. `list(headers)` are all pairs.
    """

    __slots__ = ()

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a field, or `default` when it is not there."""
        wanted = name.lower()
        found = [value for one, value in self if one.lower() == wanted]
        return ", ".join(found) if found else default

    def __getitem__(self, at: Any) -> Any:  # noqa: ANN401 - a name, or what a tuple takes
        if not isinstance(at, str):
            return super().__getitem__(at)
        found = self.get(at)
        if found is None:
            raise KeyError(at)
        return found

    def __contains__(self, one: object) -> bool:
        if not isinstance(one, str):
            return super().__contains__(one)
        wanted = one.lower()
        return any(name.lower() == wanted for name, _ in self)


class Outgoing(Struct, frozen=True, gc=False):  # in no cycle, and there may be many
    """One HTTP request that is about to be sent."""

    url: str
    headers: Headers
    body: bytes
    method: str = "POST"
    wire: Wire | None = None
    """How it misbehaves on its way; None means not at all."""

    @property
    def outgoing(self) -> "Outgoing":
        """Itself, for it is whole."""
        return self


class Reply(Struct, frozen=True):
    """What came back: the status, the headers and the first bytes of the body.

    `took` is the time to the end of the response headers; in process it is what the
    receiver's script says, else zero. `exception` is what the receiver raised behind a status
    that it answered all the same (a framework's 500), or None.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    took: timedelta = timedelta()
    exception: BaseException | None = None


class Attempt(Struct, frozen=True):
    """One try of a delivery."""

    number: int
    """Which one of its delivery it is, from 1."""
    at: datetime
    """When it was made, by the mock's clock."""
    created_at: datetime
    """When the delivery was created."""
    outcome: Outcome
    """`acknowledged`, `refused`, `timeout`, `unreachable`, `reset` or `error`."""
    status: int | None
    """What was answered in time, or None."""
    duration: timedelta
    """How long the answer took; of a timeout, the whole limit."""
    error: str | None
    """One sentence of what went wrong, or None."""
    sent: Sent
    reply: Reply | None
    """What came back, with `status`, `headers` and `body`; None when nothing did."""
    exception: BaseException | None = None
    """What the consumer's own code raised, where that could be seen."""

    @property
    def request(self) -> Outgoing:
        """What was sent."""
        return self.sent.outgoing

    @property
    def offset(self) -> timedelta:
        """Time since the delivery was created."""
        return self.at - self.created_at


class PlannedFault(Struct, frozen=True):
    """A fault that befalls a delivery, by its name."""

    name: str
    attempts: tuple[int, ...] = ()
    """The attempts that it befalls, from 1; none named means every one."""
    roll: int = 0
    """What the dice said when it was planned: every attempt is changed in the same way."""

    def befalls(self, attempt: int) -> bool:
        """Tell whether it befalls this attempt."""
        return not self.attempts or attempt in self.attempts


class DeliveryRecord(Struct, frozen=True):
    """One event on its way to one webhook."""

    id: str
    event_id: str
    webhook_id: str
    created_at: datetime
    due: datetime | None
    """When the next attempt is due; None when there is none."""
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    round_start: int = 0
    """How many attempts had been made when the ladder last started anew (redelivery)."""
    reason: str | None = None
    """Why it was discarded."""
    faults: tuple[PlannedFault, ...] = ()
    """What befalls it on purpose, in the order in which it is applied."""


class Pulse(Struct, frozen=True):
    """How the deliveries are going at a moment."""

    out: int = 0
    """How many are being sent."""
    lost: int = 0
    """How many threads have ended by an error of ours; they deliver no more."""


class Published(Struct, frozen=True):
    """Seen from outside: an event was recorded, with so many deliveries."""

    event: EventRecord
    deliveries: int


class Attempted(Struct, frozen=True):
    """Seen from outside: an attempt was recorded."""

    event: EventRecord
    webhook: WebhookRecord
    """As it was when the request was made."""
    delivery: DeliveryRecord
    """As it stands now."""
    attempt: Attempt
    due: datetime | None
    """When the attempt was due."""


class Disabled(Struct, frozen=True):
    """Seen from outside: a webhook was disabled."""

    webhook: WebhookRecord
    why: str


Observation: TypeAlias = Published | Attempted | Disabled
"""What an engine tells whoever keeps a log or counts."""


class ResourceRecord(Struct, frozen=True):
    """A thing of the shop (a pet, an order, a user …) as the JSON document that reads of it return."""

    kind: str
    id: str
    document: Payload
    hidden: Payload = field(default_factory=dict)
    """What is kept but never shown (a password's hash)."""
    removed: bool = False
    """A tombstone: it also covers a resource of the seeded catalogue."""
