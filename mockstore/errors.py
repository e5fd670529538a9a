"""Everything that can go wrong, as one tree. What a class declares travels with its errors from a server.

MockstoreError
    InvalidInputError           what the caller asked for makes no sense
        UnknownEventTypeError   ... no such event type
        UnknownPathError        ... an override names a member that does not exist
        InvalidPayloadError     ... a payload breaks its schema
    NotFoundError               no such webhook, event or delivery
    SignatureError              no signature in the headers matches
    DeliveryError               an attempt got no answer
        ReceiverTimeoutError    ... within the time limit
        UnreachableError        ... for nobody listens there (refused, DNS, TLS)
            NotMountedError     ... no app is mounted at that host
        BrokenConnectionError   ... for the connection broke before the answer
        ConsumerError           ... for the consumer's code raised
    EndlessChainError           deliveries caused deliveries without end
    AsyncConsumerError          an ASGI app was to be reached from inside a running loop, without `await`
    StartupError                a server could not start
    NoServerError               no server of ours is there, or it does not let us in
    StoreUnavailableError       the database that keeps everything does not do its work now
    StoppingError               the server stops, and ends no more of what was waited for
    AttemptExistsError          an attempt was to be recorded twice
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

_LONGEST_PATH: Final = 120
"""So many characters of a path are shown."""


class MockstoreError(Exception):
    """The root of the tree."""


class InvalidInputError(MockstoreError):
    """What was asked for makes no sense; `field` names the part at fault, if there is one."""

    field: str | None
    code: str

    def __init__(self, message: str, *, field: str | None = None, code: str = "invalid") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class UnknownEventTypeError(InvalidInputError):
    """No such event type; `near` are the closest ones."""

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
    """An override names a member that the payload does not have; `near` are the closest paths.

    Of a very long path the text has the start; `path` is whole.
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
    """A payload breaks its schema; `mistakes` are the lines, each with its path."""

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
    """There is no such thing; `kind` and `id` say which."""

    kind: str
    id: str

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"no {kind} {id_!r}")
        self.kind = kind
        self.id = id_


class SignatureError(MockstoreError):
    """A signature did not verify; `reason` is one word for code, the text one sentence for people."""

    reason: str

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DeliveryError(MockstoreError):
    """An attempt got no answer."""


class ReceiverTimeoutError(DeliveryError):
    """No answer within the time limit."""


class UnreachableError(DeliveryError):
    """Nobody listens there: connection refused, name not found, TLS failed."""


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
    """Deliveries caused deliveries without end."""


class AsyncConsumerError(MockstoreError):
    """An ASGI app was to be reached from inside a running event loop, without `await`."""


class StartupError(MockstoreError):
    """A server could not start (port taken, certificate unreadable); `field` names the setting at fault, if one is."""

    field: str | None

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NoServerError(MockstoreError):
    """No server of ours is there, or none that lets us in, or one of another version."""


class StoreUnavailableError(MockstoreError):
    """The database does not do its work now (locked, full, gone); the next call works when the database does."""


class StoppingError(MockstoreError):
    """The server stops, and takes nothing new up: who waited for deliveries waits in vain."""

    def __init__(self, message: str = "the server stops now: deliveries that are due are not made any more") -> None:
        super().__init__(message)


class AttemptExistsError(MockstoreError):
    """The recorded attempts of a delivery were to be changed: they are history, and can only be added to."""

    delivery_id: str
    number: int

    def __init__(self, delivery_id: str, number: int) -> None:
        super().__init__(f"attempt {number} of delivery {delivery_id} is recorded already, with another outcome")
        self.delivery_id = delivery_id
        self.number = number
