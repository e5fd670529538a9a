"""All errors of mockstore, as one tree. An error from a server keeps the attributes that its class declares.

MockstoreError
    InvalidInputError           an argument or a request is invalid
        UnknownEventTypeError   ... no such event type
        UnknownPathError        ... an override names a member that does not exist
        InvalidPayloadError     ... a payload breaks its schema
    NotFoundError               no such webhook, event or delivery
    SignatureError              no signature in the headers matches
    DeliveryError               an attempt got no answer
        ReceiverTimeoutError    ... within the time limit
        UnreachableError        ... because the connection failed (refused, DNS, TLS)
            NotMountedError     ... no app is mounted at that host
        BrokenConnectionError   ... because the connection broke before the answer
        ConsumerError           ... because the consumer's code raised
    EndlessChainError           deliveries cause further deliveries without end
    AsyncConsumerError          an ASGI app cannot be called in a running event loop without `await`
    StartupError                a server could not start
    NoServerError               no mockstore server answers, or it refuses access
    StoreUnavailableError       the database does not work now
    StoppingError               the server is stopping, and makes no more attempts
    AttemptExistsError          the attempt is recorded already, with another outcome
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

_LONGEST_PATH: Final = 120
"""So many characters of a path are shown."""


class MockstoreError(Exception):
    """The root of the tree."""


class InvalidInputError(MockstoreError):
    """An argument or a request is invalid; `field` names the invalid part, or is None."""

    field: str | None
    code: str

    def __init__(self, message: str, *, field: str | None = None, code: str = "invalid") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class UnknownEventTypeError(InvalidInputError):
    """There is no such event type; `near` has the most similar ones."""

    name: str
    near: tuple[str, ...]

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.near = tuple(get_close_matches(name, known, n=3, cutoff=0.5))
        hint = f"did you mean {' or '.join(map(repr, self.near))}? " if self.near else ""
        super().__init__(
            f"unknown event type {name!r}: {hint}known types: {', '.join(known)}", field="events", code="unknown_event"
        )


class UnknownPathError(InvalidInputError):
    """An override names a member that the payload does not have; `near` has the most similar paths.

    The message shows only the start of a very long path; `path` is the whole one.
    """

    path: str
    near: tuple[str, ...]

    def __init__(self, path: str, known: Sequence[str]) -> None:
        shown = path if len(path) <= _LONGEST_PATH else f"{path[: _LONGEST_PATH - 1]}…"
        self.path = path
        self.near = tuple(get_close_matches(shown, known, n=3, cutoff=0.4))
        nearest = ", ".join(self.near or tuple(known)[:5])
        super().__init__(
            f"no member at {shown!r}; nearest: {nearest}. To send it all the same, pass invalid=True",
            field=shown,
            code="unknown_path",
        )


class InvalidPayloadError(InvalidInputError):
    """A payload breaks its schema; `mistakes` has a line for each violation, with its path."""

    mistakes: tuple[str, ...]

    def __init__(self, event_type: str, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(
            f"the {event_type} payload breaks its schema:\n{listed}\nTo send it all the same, pass invalid=True",
            field="data",
            code="invalid_payload",
        )


class NotFoundError(MockstoreError):
    """There is no `kind` (such as a webhook or a delivery) with this `id`."""

    kind: str
    id: str

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"no {kind} {id_!r}")
        self.kind = kind
        self.id = id_


class SignatureError(MockstoreError):
    """A signature did not verify; `reason` is one word for code, the message one sentence for people."""

    reason: str

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DeliveryError(MockstoreError):
    """An attempt got no answer."""


class ReceiverTimeoutError(DeliveryError):
    """No answer came within the time limit."""


class UnreachableError(DeliveryError):
    """The connection failed: it was refused, the name was not found, or TLS failed."""


class NotMountedError(UnreachableError):
    """No app is mounted at that host, and it is not a loopback address."""

    host: str
    mounted: tuple[str, ...]

    def __init__(self, host: str, mounted: Sequence[str]) -> None:
        super().__init__(
            f"no app mounted at {host!r}; mounted: {sorted(mounted)}. In process, only mounted apps and loopback "
            f"addresses are reached"
        )
        self.host = host
        self.mounted = tuple(mounted)


class BrokenConnectionError(DeliveryError):
    """The connection broke before the answer was complete."""


class ConsumerError(DeliveryError):
    """The consumer's own code raised; the exception is the `__cause__`."""


class EndlessChainError(MockstoreError):
    """Deliveries cause further deliveries without end."""


class AsyncConsumerError(MockstoreError):
    """An ASGI app cannot be called inside a running event loop without `await`."""


class StartupError(MockstoreError):
    """A server could not start (port taken, certificate unreadable); `field` names the wrong setting, or is None."""

    field: str | None

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NoServerError(MockstoreError):
    """No mockstore server answers, or it refuses access, or it has another version."""


class StoreUnavailableError(MockstoreError):
    """The database does not work now (locked, full, gone); later calls succeed once it works again."""


class StoppingError(MockstoreError):
    """The server is stopping: deliveries that a caller waits for are not made any more."""

    def __init__(self, message: str = "the server stops now: deliveries that are due are not made any more") -> None:
        super().__init__(message)


class AttemptExistsError(MockstoreError):
    """The attempt is recorded already, with another outcome; recorded attempts are never changed."""

    delivery_id: str
    number: int

    def __init__(self, delivery_id: str, number: int) -> None:
        super().__init__(f"attempt {number} of delivery {delivery_id} is recorded already, with another outcome")
        self.delivery_id = delivery_id
        self.number = number
