"""The protocols by which the engine uses the outside world: clock, transport, store."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypedDict, Unpack, runtime_checkable

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord, Outgoing, Reply, ResourceRecord, WebhookRecord


class Clock(Protocol):
    """A clock that can be moved forward."""

    def now(self) -> datetime:
        """Return the time in UTC, aware."""

    def jump_to(self, moment: datetime) -> None:
        """Move to `moment`; a moment already past moves nothing."""

    def seconds_until(self, moment: datetime | None) -> float | None:
        """Return how long a thread has to wait for `moment`; None: only a jump brings it nearer."""

    def reset(self) -> None:
        """Go back to where the clock started."""

    def close(self) -> None:
        """Release what the clock holds (the process's time)."""


class Transport(Protocol):
    """Carries one request to its receiver."""

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Return the answer; raise a `DeliveryError` when there is none within `timeout`."""

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - each transport bounds its own time
        """Do the same on the running event loop, without blocking it for long."""

    def close(self) -> None:
        """Close connections and event loops."""


class Underway(Protocol):
    """A request that was sent and has no answer yet."""

    def look(self, patience: timedelta) -> Reply | None:
        """Wait so long for the answer; return it if it has come completely, else None, for `finish` to read it."""

    def finish(self) -> Reply:
        """Return the answer; raise a `DeliveryError` when there is none within the time that `begin` was given."""


@runtime_checkable
class Overlapping(Transport, Protocol):
    """A transport that can send a request and read its answer later."""

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> Underway | None:
        """Send the request if that is possible without waiting; otherwise return None, with nothing sent."""


class Sought(TypedDict, total=False):
    """Which deliveries are meant: those that meet every condition; one that is absent or None is none."""

    webhook_id: str | None
    event_id: str | None
    event_type: str | None
    """The type of their event, exactly."""
    states: Collection[DeliveryState] | None
    """They are in one of these."""
    since: datetime | None
    """They were made at this moment or later."""


class Store(Protocol):
    """Keeps the records of one tenant; holds no policy. `None` as a filter means «any».

    Safe for many threads. A store that is no memory raises `StoreUnavailableError` from any method.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Make what happens inside all or nothing; reentrant."""

    def when_kept(self, call: Callable[[], object]) -> None:
        """Call it at once; inside a transaction after the outermost one was committed, and never if that fails."""

    def save_webhook(self, webhook: WebhookRecord) -> None:
        """Add or replace, by id."""

    def remove_webhook(self, webhook_id: str) -> None:
        """Delete the webhook; its deliveries stay as history."""

    def webhook(self, webhook_id: str) -> WebhookRecord | None:
        """Return the webhook, or None."""

    def webhooks(self) -> Sequence[WebhookRecord]:
        """Return all, oldest first."""

    def add_event(self, event: EventRecord) -> None:
        """Add, by id, before its deliveries."""

    def event(self, event_id: str) -> EventRecord | None:
        """Return the event, or None."""

    def events(self, *, latest: int | None = None) -> Sequence[EventRecord]:
        """Return all, or so many of the latest, oldest first."""

    def events_from(self, first: int, limit: int, *, event_type: str | None = None) -> Sequence[EventRecord]:
        """Return at most `limit` events, all or those of one type, from position `first` on; 0 is the oldest."""

    def count_events(self, *, event_type: str | None = None) -> int:
        """Return how many there are, of all types or of one, without reading them."""

    def save_delivery(self, delivery: DeliveryRecord) -> None:
        """Add or replace; a pending one with a `due` becomes claimable.

        Its event and its webhook stay the same. Attempts can only be added: raises `AttemptExistsError` where recorded
        ones are missing or different.
        """

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return the delivery, or None."""

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return those that are sought, or so many of the latest of them, oldest first."""

    def deliveries_from(self, first: int, limit: int, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        """Return at most `limit` of those that are sought, from position `first` on; 0 is the oldest."""

    def count(self, **sought: Unpack[Sought]) -> int:
        """Return how many are sought, without reading them."""

    def end(self, state: DeliveryState, reason: str, **sought: Unpack[Sought]) -> None:
        """Give all deliveries that are sought this state, in which nothing is due, and this reason; all or nothing.

        Claims stay as they are.
        """

    def restart(self, due: datetime, **sought: Unpack[Sought]) -> Sequence[str]:
        """Begin a new round of all deliveries that are sought, pending and due then; return their ids, oldest first.

        They lose their reason. Claims stay as they are.
        """

    def claim(self, now: datetime, limit: int) -> Sequence[DeliveryRecord]:
        """Take up to `limit` pending deliveries that are due; nobody else gets them until released.

        The earliest come first, and those due at the same moment in the order in which their `due` was set.
        """

    def holds(self, delivery_id: str) -> bool:
        """Return whether this process still has the claim: another may have taken it over as lost."""

    def release(self, delivery_id: str) -> None:
        """Give a claim back; a delivery that is still pending can be claimed again when due.

        Inside a transaction that fails, the claim stays where it was.
        """

    def next_due(self) -> datetime | None:
        """Return when the earliest unclaimed pending delivery is due, as far as `look` has noticed."""

    def look(self) -> None:
        """Notice what other processes have changed; changes of this process are noticed at once."""

    def save_resource(self, resource: ResourceRecord) -> None:
        """Add or replace, by kind and id."""

    def resource(self, kind: str, resource_id: str) -> ResourceRecord | None:
        """Return the resource, or its tombstone, or None."""

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        """Return all of a kind, tombstones included, oldest first."""

    def trim(self, keep: int) -> None:
        """Delete the deliveries that were finished first, until `keep` finished ones are left.

        With them go their attempts, and events and webhooks made for one callback of which no delivery is left. Of the
        events that never had a delivery, the latest `keep` stay. What is pending or held stays. It is cheap to call
        often: a store may leave up to a tenth more than `keep`, and does inside a transaction what it likes to do at
        its end.
        """

    def clear(self) -> None:
        """Delete everything. Not to be called inside a transaction."""

    def close(self) -> None:
        """Release what the store holds open; its records stay."""
