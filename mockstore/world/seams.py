"""The protocols through which the engine uses the outside world: clock, transport, store."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypedDict, Unpack, runtime_checkable

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, Outgoing, Reply, ResourceRecord, WebhookRecord


class Clock(Protocol):
    """A clock that can be moved forward."""

    def now(self) -> datetime:
        """Return the current time as an aware datetime in UTC."""

    def jump_to(self, moment: datetime) -> None:
        """Move forward to `moment`; do nothing when it is past."""

    def seconds_until(self, moment: datetime | None) -> float | None:
        """Return how many seconds a thread has to wait for `moment`; None when it comes only by a jump, or never."""

    def reset(self) -> None:
        """Go back to the time at which the clock started."""

    def close(self) -> None:
        """Release what the clock controls (the time of the process)."""


class Transport(Protocol):
    """Sends a request to its receiver."""

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Send the request and return the reply; raise a `DeliveryError` when there is none within `timeout`."""

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - each transport bounds its own time
        """Do the same in the running event loop, without blocking it for long."""

    def close(self) -> None:
        """Close connections and event loops."""


class Underway(Protocol):
    """A request that was sent and not answered yet."""

    def look(self, patience: timedelta) -> Reply | None:
        """Wait up to `patience` for the reply; return None when it is not complete: `finish` returns it then."""

    def finish(self) -> Reply:
        """Return the reply; raise a `DeliveryError` when there is none within the timeout given to `begin`."""


@runtime_checkable
class Overlapping(Transport, Protocol):
    """A transport that can send a request and read the reply later."""

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> Underway | None:
        """Send the request if that is possible without waiting; otherwise send nothing and return None."""


class Sought(TypedDict, total=False):
    """Conditions for deliveries, all of which must hold; one that is absent or None always holds."""

    webhook_id: str | None
    event_id: str | None
    event_type: str | None
    """The exact type of their event."""
    states: Collection[DeliveryState] | None
    """Their state is one of these."""
    since: datetime | None
    """They were created at this moment or later."""


class Store(Protocol):
    """Keeps the records of one tenant, without rules of its own. `None` as a filter matches everything.

    Safe for many threads. A store in a database may raise `StoreUnavailableError` from any method.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context in which all changes are made or none; can be nested."""

    def when_kept(self, call: Callable[[], object]) -> None:
        """Call it at once; inside a transaction after the commit of the outermost one, and not at all if that fails."""

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace the webhook, by id."""

    def remove_webhook(self, webhook_id: str) -> None:
        """Delete the webhook; its deliveries stay as history."""

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all webhooks, oldest first."""

    def add_event(self, event: EventRecord) -> None:
        """Add the event, by id; call this before its deliveries are saved."""

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all events, or the `latest` newest ones, oldest first."""

    def events_from(self, first: int, limit: int, *, event_type: str | None = None) -> Sequence[EventRecord]:
        """Return at most `limit` events, all or those of one type, from position `first` on; 0 is the oldest."""

    def count_events(self, *, event_type: str | None = None) -> int:
        """Return the number of events, of all types or of one, without reading them."""

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace the delivery, by id; if it is pending and has a `due`, it can be claimed then.

        Its event and its webhook must stay the same. Attempts can only be added: raises `AttemptExistsError` when
        recorded ones are missing or different.
        """

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return the deliveries that match, or the `latest` newest ones of them, oldest first."""

    def deliveries_from(self, first: int, limit: int, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return at most `limit` of the deliveries that match, from position `first` on; 0 is the oldest."""

    def count(self, **sought: Unpack[Sought]) -> int:
        """Return how many deliveries match, without reading them."""

    def end(self, state: DeliveryState, reason: str, **sought: Unpack[Sought]) -> None:
        """Set state and reason of all deliveries that match, or of none after a failure; none of them is due any more.

        Claims are not changed.
        """

    def restart(self, due: datetime, **sought: Unpack[Sought]) -> Sequence[str]:
        """Begin a new round of all deliveries that match, pending and due at `due`; return their ids, oldest first.

        Their reason becomes None. Claims are not changed.
        """

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Claim up to `limit` pending deliveries that are due: no other call returns them until they are released.

        The earliest come first, and those due at the same moment in the order in which their `due` was set.
        """

    def holds(self, delivery_id: str) -> bool:
        """Return whether this process still has the claim; another process may have freed it as lost."""

    def release(self, delivery_id: str) -> None:
        """Release the claim; a delivery that is still pending can be claimed again when due.

        If the transaction around it fails, the claim remains.
        """

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due, or None; see `look` for other processes."""

    def look(self) -> None:
        """Let `next_due` consider the changes of other processes; it always considers those of this one."""

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace the resource, by kind and id."""

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""

    def trim(self, keep: int) -> None:
        """Delete the deliveries that finished first, until `keep` finished ones are left.

        Their attempts are deleted too, and so are events, and webhooks made for one callback, that have no delivery
        left. Of the events that never had a delivery, the latest `keep` stay. Pending and held deliveries stay. It is
        cheap to call often: a store may keep up to a tenth more than `keep`, and may wait for the end of a transaction.
        """

    def clear(self) -> None:
        """Delete everything; do not call this inside a transaction."""

    def close(self) -> None:
        """Release the claims and connections of the store; its records stay."""
