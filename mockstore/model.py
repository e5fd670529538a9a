"""The frozen values that all layers exchange: webhooks, events, deliveries, attempts, requests and replies."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct, field

from mockstore.redacted import Redacted

Json: TypeAlias = Any
"""Any value that `json.loads` returns; not checked by the type checker."""

Payload: TypeAlias = Mapping[str, Json]
"""A JSON object."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Header fields in the order in which they are sent; names keep their case, a name may repeat."""


class WebhookStatus(StrEnum):
    """Whether a webhook gets deliveries (contract 1.3)."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """The state of a delivery (contract 1.3)."""

    HELD = "held"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISCARDED = "discarded"


class Outcome(StrEnum):
    """How one attempt ended."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    ERROR = "error"


class OldSecret(Redacted, frozen=True):
    """A secret that has been rotated out but still signs until `until`."""

    secret_fields = frozenset({"secret"})

    secret: str
    until: datetime


class WebhookRecord(Redacted, frozen=True):
    """A registration of a URL for some types of events."""

    secret_fields = frozenset({"secret", "old_secrets"})

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
        """Whether it was created for a single callback; such a webhook is removed with its last delivery."""
        return not self.events and self.signatures == ()


class EventRecord(Struct, frozen=True, gc=False):  # part of no reference cycle, and there may be many
    """An event, with the exact bytes of its body."""

    id: str
    type: str
    timestamp: datetime
    body: bytes
    content_type: str = "application/json"
    fits: bool | None = None
    """True: the body was validated against its schema; False: it may break it on purpose; None: not validated yet."""


class Wire(Struct, frozen=True):
    """Ways in which a request is sent badly on purpose; only a transport with a socket can do that."""

    chunked: bool = False
    """Whether the body is sent in chunks, without `Content-Length`."""
    dripped: bool = False
    """Whether it is sent in small pieces, with pauses."""
    slow_to_connect: bool = False
    """Whether the sender waits between connecting and sending the request."""
    cut_at: int | None = None
    """How many bytes of the body are sent before the sender closes its side early; None means all."""
    reset: Literal["before", "during"] | None = None
    """When the sender resets the connection: before it reads the answer, or after the first byte; None means never."""


class Sent(Protocol):
    """A recorded request: either whole, or as the parts to rebuild it from, which take a sixth of the memory."""

    @property
    def url(self) -> str:
        """The URL that it was sent to."""

    @property
    def outgoing(self) -> "Outgoing":
        """The request, with the same bytes each time."""


class HeaderFields(tuple[tuple[str, str], ...]):
    """Header fields as pairs in order, which can also be read by name; case does not matter.

    For a missing field `headers["X-Webhook-Signature"]` raises `KeyError`, `headers.get("X-Webhook-Signature")` returns
    None. For several fields of one name, both return the values joined by a comma. `list(headers)` has all pairs.
    """

    __slots__ = ()

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a field, or `default` when it is not there."""
        wanted = name.lower()
        found = [value for one, value in self if one.lower() == wanted]
        return ", ".join(found) if found else default

    def __getitem__(self, at: Any) -> Any:  # noqa: ANN401 - a name, an index or a slice
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


class Outgoing(Struct, frozen=True, gc=False):  # part of no reference cycle, and there may be many
    """One HTTP request that is about to be sent."""

    url: str
    headers: Headers
    body: bytes
    method: str = "POST"
    wire: Wire | None = None
    """How it is sent badly on purpose; None means that it is sent normally."""

    @property
    def outgoing(self) -> "Outgoing":
        """The request itself: it is whole already (see `Sent`)."""
        return self


class Reply(Struct, frozen=True):
    """A response: the status, the headers and the first bytes of the body.

    `took` is the time to the end of the response headers; in process it is the time that the
    receiver's script says, else zero. `exception` is what an app raised when its framework
    answered all the same, with 500; None otherwise.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    took: timedelta = timedelta()
    exception: BaseException | None = None


class Attempt(Struct, frozen=True):
    """One attempt of a delivery."""

    number: int
    """Its number within the delivery, from 1."""
    at: datetime
    """When it was made, by the mock's clock."""
    created_at: datetime
    """When the delivery was created."""
    outcome: Outcome
    """`acknowledged`, `refused`, `timeout`, `unreachable`, `reset` or `error`."""
    status: int | None
    """The status of the response; None when there was none in time."""
    duration: timedelta
    """How long the response took; after a timeout, the whole time limit."""
    error: str | None
    """What went wrong, in one sentence; None when it was acknowledged."""
    sent: Sent
    reply: Reply | None
    """The response, with `status`, `headers` and `body`; None when there was none."""
    exception: BaseException | None = None
    """The exception that the consumer's own code raised; None when it raised none or it cannot be known."""

    @property
    def request(self) -> Outgoing:
        """The request that was sent."""
        return self.sent.outgoing

    @property
    def offset(self) -> timedelta:
        """Time since the delivery was created."""
        return self.at - self.created_at


class PlannedFault(Struct, frozen=True):
    """A fault that is applied to a delivery."""

    name: str
    attempts: tuple[int, ...] = ()
    """The numbers of the attempts that it applies to, from 1; empty means all."""
    roll: int = 0
    """A random number drawn when the fault was planned, so that it changes every attempt in the same way."""

    def applies_to(self, attempt: int) -> bool:
        """Tell whether it applies to the attempt of this number."""
        return not self.attempts or attempt in self.attempts


class DeliveryRecord(Struct, frozen=True):
    """The delivery of one event to one webhook."""

    id: str
    event_id: str
    webhook_id: str
    created_at: datetime
    due: datetime | None
    """When the next attempt is due; None when there is none."""
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    round_start: int = 0
    """How many attempts had been made when the retry schedule last started over (by a redelivery); 0 at first."""
    reason: str | None = None
    """Why it was discarded; None when it was not."""
    faults: tuple[PlannedFault, ...] = ()
    """The faults that are applied to it, in this order."""


class Pulse(Struct, frozen=True):
    """What the threads that deliver are doing at a moment."""

    out: int = 0
    """How many deliveries are being sent."""
    lost: int = 0
    """How many threads have ended by an error in mockstore; they deliver no more."""


class Published(Struct, frozen=True):
    """An observation: an event was recorded, with this number of deliveries."""

    event: EventRecord
    deliveries: int


class Attempted(Struct, frozen=True):
    """An observation: an attempt was recorded."""

    event: EventRecord
    webhook: WebhookRecord
    """The webhook when the request was made."""
    delivery: DeliveryRecord
    """The delivery after the attempt."""
    attempt: Attempt
    due: datetime | None
    """When the attempt was due."""


class Disabled(Struct, frozen=True):
    """An observation: a webhook was disabled."""

    webhook: WebhookRecord
    why: str


Observation: TypeAlias = Published | Attempted | Disabled
"""What an engine reports to the log and the metrics."""


class ResourceRecord(Struct, frozen=True):
    """A resource of the shop (a pet, an order, a user …) as the JSON document that the API returns."""

    kind: str
    id: str
    document: Payload
    hidden: Payload = field(default_factory=dict)
    """Members that are stored but never returned, such as the hash of a password."""
    removed: bool = False
    """Whether it was deleted; the record stays, to hide a resource of the seeded catalogue."""
