"""The clock, the webhooks and the fault rules of a tenant on a server."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from mockstore.clock_control import span
from mockstore.errors import InvalidInputError, NotFoundError
from mockstore.faults.catalogue import Wanted, named, wanted
from mockstore.faults.standing import HasId, Rule
from mockstore.handles import Webhook
from mockstore.model import Json
from mockstore.registry import check_changeable
from mockstore.remote.source import RemoteReader
from mockstore.remote.wire import Wire
from mockstore.web.fault_documents import rule_document


class RemoteClock:
    """The clock of one tenant on a server."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.fromisoformat(self._settings()["now"])

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still until it is advanced."""
        return bool(self._settings()["frozen"])

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Advance by a timedelta or its keywords (`minutes=96`); what falls due in between runs at its due time."""
        __tracebackhide__ = True
        self._wire.post("clock", "advance", seconds=span(by, units).total_seconds())

    def freeze(self) -> None:
        """Stop the clock."""
        self._wire.post("clock", "freeze")

    def run(self) -> None:
        """Let the clock run."""
        self._wire.post("clock", "run")

    def _settings(self) -> Json:
        return self._wire.get("settings")


class RemoteWebhooks:
    """The registrations, oldest first; `webhooks[id]` raises `NotFoundError` for an unknown id."""

    def __init__(self, wire: Wire, reader: RemoteReader) -> None:
        self._wire = wire
        self._reader = reader

    def __iter__(self) -> Iterator[Webhook]:
        return (Webhook(self._reader, record.id, record) for record in self._reader.webhook_records())

    def __len__(self) -> int:
        return len(self._reader.webhook_records())

    def __getitem__(self, webhook_id: str) -> Webhook:
        return Webhook(self._reader, webhook_id)

    def add(
        self,
        url: object,
        events: object,
        *,
        secret: object = None,
        description: str | None = None,
        signatures: object = None,
    ) -> Webhook:
        """Register a webhook, with a new secret if none is given. Raise `InvalidInputError` without registering it."""
        members = {"url": url, "events": _plain(events), "secret": secret}
        members |= {"description": description, "signatures": _plain(signatures)}
        document = {name: value for name, value in members.items() if value is not None}
        return Webhook(self._reader, self._wire.post("records", "webhooks", **document)["id"])

    def update(self, webhook_id: str, changes: Mapping[str, Json]) -> Webhook:
        """Change `url`, `events`, `secret`, `description`, `signatures` or `status`, all of `changes` or none."""
        check_changeable(changes)
        self._wire.post("records", "webhooks", webhook_id, **{name: _plain(one) for name, one in changes.items()})
        return Webhook(self._reader, webhook_id)

    def remove(self, webhook_id: str) -> None:
        """Delete the registration; its pending deliveries are discarded. Raise `NotFoundError`."""
        self._wire.delete("records", "webhooks", webhook_id)


class RemoteFaults:
    """The rules in force on a server, oldest first. A delivery gets the faults of every rule that matches it."""

    def __init__(self, wire: Wire, reader: RemoteReader) -> None:
        self._wire = wire
        self._reader = reader

    def add(
        self,
        fault: Wanted,
        *,
        to: HasId | str | None = None,
        events: str | Iterable[str] = "*",
        attempts: Iterable[int] = (),
        times: int | None = None,
    ) -> Rule:
        """Apply one fault or several to every later delivery that matches, and return the rule.

        See `StandingFaults.add`. Raises `InvalidInputError` for invalid arguments and `NotFoundError` for an
        unknown webhook.
        """
        webhook_id = to if to is None or isinstance(to, str) else to.id
        if webhook_id is not None and self._reader.webhook_record(webhook_id) is None:
            raise NotFoundError("webhook", webhook_id)
        document: dict[str, Json] = {"fault": [one.name for one in wanted(fault)], "events": _plain(events)}
        document |= {"to": webhook_id, "attempts": list(attempts) or _shared_attempts(fault), "times": times}
        kept = {name: value for name, value in document.items() if value is not None}
        return _rule(self._wire.post("faults", **kept))

    def remove(self, rule: Rule) -> None:
        """Remove a rule; raise `InvalidInputError` when it is not in force."""
        document = rule_document(rule)
        self._wire.post("faults", "remove", **{name: value for name, value in document.items() if value is not None})

    def clear(self) -> None:
        """Remove all rules; deliveries that already have faults keep them."""
        self._wire.delete("faults")

    def __iter__(self) -> Iterator[Rule]:
        return iter([_rule(one) for one in self._wire.get("faults")["data"]])

    def __len__(self) -> int:
        return len(self._wire.get("faults")["data"])


def fault_names(fault: Wanted) -> list[str]:
    """Return the names of the faults; raise `InvalidInputError` for a fault that is limited to some attempts."""
    found = wanted(fault)
    for one in found:
        if one.attempts != named(one.name).attempts:
            raise InvalidInputError(
                f"{one.name} on single attempts cannot be sent to a server with an event; "
                f"say mockstore.faults.add({one.name!r}, attempts=…) before",
                field="fault",
            )
    return [one.name for one in found]


def _shared_attempts(fault: Wanted) -> list[int]:
    """Return the attempts that the faults are limited to; a server's rule has one limit for all of its faults."""
    limits = {one.attempts for one in wanted(fault) if one.attempts != named(one.name).attempts}
    if len(limits) > 1:
        raise InvalidInputError("faults on different attempts need a rule each: call add for each", field="fault")
    return sorted(limits.pop()) if limits else []


def _rule(document: Json) -> Rule:
    attempts = tuple(document["attempts"])
    faults = tuple(named(name).on(*attempts) if attempts else named(name) for name in document["fault"])
    return Rule(faults, tuple(document["events"]), document["to"], document["times"])


def _plain(value: object) -> Json:
    """Return the value, a tuple or set as a list for JSON."""
    return list(value) if isinstance(value, tuple | set | frozenset) else value
