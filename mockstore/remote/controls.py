"""What a user moves on a server: its clock, its registrations, its standing faults."""

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
    """A server's time, for one tenant."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.fromisoformat(self._told()["now"])

    @property
    def frozen(self) -> bool:
        """Whether the time stands still unless it is advanced."""
        return bool(self._told()["frozen"])

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move on by a timedelta or its keywords (`minutes=96`); what falls due on the way runs at its own moment."""
        __tracebackhide__ = True
        self._wire.post("clock", "advance", seconds=span(by, units).total_seconds())

    def freeze(self) -> None:
        """Stop the time where it is."""
        self._wire.post("clock", "freeze")

    def run(self) -> None:
        """Let the time run."""
        self._wire.post("clock", "run")

    def _told(self) -> Json:
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
        """Register; a secret is made when none is given. Raises `InvalidInputError`, and then nothing is registered."""
        members = {"url": url, "events": _plain(events), "secret": secret}
        members |= {"description": description, "signatures": _plain(signatures)}
        told = {name: value for name, value in members.items() if value is not None}
        return Webhook(self._reader, self._wire.post("records", "webhooks", **told)["id"])

    def update(self, webhook_id: str, changes: Mapping[str, Json]) -> Webhook:
        """Change `url`, `events`, `secret`, `description`, `signatures` or `status`; all or nothing."""
        check_changeable(changes)
        self._wire.post("records", "webhooks", webhook_id, **{name: _plain(one) for name, one in changes.items()})
        return Webhook(self._reader, webhook_id)

    def remove(self, webhook_id: str) -> None:
        """Delete the registration; what it still had to get is discarded. Raises `NotFoundError`."""
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
        """Let one fault or several befall every later delivery that matches, and return the rule.

        See `StandingFaults.add`. Raises `InvalidInputError` for what makes no sense and `NotFoundError` for an
        unknown webhook.
        """
        webhook_id = to if to is None or isinstance(to, str) else to.id
        if webhook_id is not None and self._reader.webhook_record(webhook_id) is None:
            raise NotFoundError("webhook", webhook_id)
        told: dict[str, Json] = {"fault": [one.name for one in wanted(fault)], "events": _plain(events)}
        told |= {"to": webhook_id, "attempts": list(attempts) or _shared_attempts(fault), "times": times}
        kept = {name: value for name, value in told.items() if value is not None}
        return _rule(self._wire.post("faults", **kept))

    def remove(self, rule: Rule) -> None:
        """Forget a rule; raise `InvalidInputError` when it is not in force."""
        told = rule_document(rule)
        self._wire.post("faults", "remove", **{name: value for name, value in told.items() if value is not None})

    def clear(self) -> None:
        """Forget all rules; deliveries that were made under them keep their faults."""
        self._wire.delete("faults")

    def __iter__(self) -> Iterator[Rule]:
        return iter([_rule(one) for one in self._wire.get("faults")["data"]])

    def __len__(self) -> int:
        return len(self._wire.get("faults")["data"])


def fault_names(fault: Wanted) -> list[str]:
    """Return the names that travel with an event; raise for a fault that is limited to some attempts."""
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
    """Return the attempts that all of the faults are limited to; a server's rule has them for all alike."""
    limits = {one.attempts for one in wanted(fault) if one.attempts != named(one.name).attempts}
    if len(limits) > 1:
        raise InvalidInputError("faults on different attempts need a rule each: call add for each", field="fault")
    return sorted(limits.pop()) if limits else []


def _rule(document: Json) -> Rule:
    attempts = tuple(document["attempts"])
    faults = tuple(named(name).on(*attempts) if attempts else named(name) for name in document["fault"])
    return Rule(faults, tuple(document["events"]), document["to"], document["times"])


def _plain(value: object) -> Json:
    """Return names as JSON has them: a text or a list."""
    return list(value) if isinstance(value, tuple | set | frozenset) else value
