"""Rules that apply faults to all later deliveries that match. The rules are stored together, as one document."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue
from mockstore.faults.catalogue import Wanted, named, wanted
from mockstore.faults.fault import Fault
from mockstore.model import EventRecord, Json, Payload, WebhookRecord


class HasId(Protocol):
    """A webhook's handle."""

    @property
    def id(self) -> str:
        """The webhook's id."""


class RuleStorage(Protocol):
    """Stores the document with the rules."""

    @property
    def id(self) -> str:
        """The document's id."""

    def read(self) -> Payload | None:
        """Return the document; None when none was written."""

    def write(self, document: Payload | None) -> None:
        """Replace the document."""

    def in_turn(self) -> AbstractContextManager[None]:
        """Return a context manager that keeps all others from writing, for a read followed by a write."""


class Rule(Struct, frozen=True):
    """Faults for the deliveries of certain events to one webhook or to all."""

    faults: tuple[Fault, ...]
    """Each with the attempts that it applies to."""
    events: tuple[str, ...] = ("*",)
    """Event types or patterns."""
    to: str | None = None
    """The id of the webhook; None means any."""
    times: int | None = None
    """For how many deliveries the rule is used; None means all."""
    number: int = 0
    """Identifies a rule in force among equal ones."""

    def __str__(self) -> str:
        names = " and ".join(map(str, self.faults))
        return f"{names} for {', '.join(self.events)} to {self.to or 'any webhook'}"


class StandingFaults:
    """The rules in force, oldest first. A delivery gets the faults of every rule that matches it."""

    def __init__(self, catalogue: Catalogue, check_webhook: Callable[[str], object], storage: RuleStorage) -> None:
        self._catalogue = catalogue
        self._check_webhook = check_webhook
        self._storage = storage

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

        `to` is a webhook or its id; `events` are event types or patterns; `attempts` (1 is the first) limit the fault
        to those attempts; `times` limits the rule to that many deliveries. Raise `InvalidInputError` for an unknown
        fault, pattern or number, and `NotFoundError` for an unknown webhook.
        """
        numbers, patterns = tuple(attempts), (events,) if isinstance(events, str) else tuple(events)
        found = tuple(one.on(*numbers) if numbers else one for one in wanted(fault))
        if not found:
            raise InvalidInputError("name at least one fault", field="fault")
        self._catalogue.expand(patterns)
        if times is not None and times < 1:
            raise InvalidInputError(f"times is {times}; it must be 1 or more", field="times")
        webhook_id = to if to is None or isinstance(to, str) else to.id
        if webhook_id is not None:
            self._check_webhook(webhook_id)
        with self._storage.in_turn():
            rules, latest = self._read()
            rule = Rule(found, patterns, webhook_id, times, number=latest + 1)
            self._write([*rules, (rule, 0)], rule.number)
        return rule

    def remove(self, rule: Rule) -> None:
        """Remove a rule; raise `InvalidInputError` when it is not in force."""
        with self._storage.in_turn():
            rules, latest = self._read()
            left = [(one, used) for one, used in rules if one.number != rule.number]
            if len(left) == len(rules):
                raise InvalidInputError(f"the rule {rule} is not in force", field="rule")
            self._write(left, latest)

    def clear(self) -> None:
        """Remove all rules; deliveries that they matched earlier keep their faults."""
        with self._storage.in_turn():
            rules, latest = self._read()
            if rules:
                self._write([], latest)

    def are_in(self, notes: Mapping[str, Payload]) -> bool:
        """Tell whether any rule is in force, according to `notes`: all stored documents by id."""
        document = notes.get(self._storage.id)
        return document is not None and bool(document["rules"])

    def matching(self, event: EventRecord, webhook: WebhookRecord, rules: Sequence[Rule]) -> list[Rule]:
        """Return those of `rules` that match a delivery of `event` to `webhook`."""
        return [
            rule for rule in rules if rule.to in (None, webhook.id) and self._catalogue.matches(rule.events, event.type)
        ]

    def use(self, used: Iterable[Rule]) -> None:
        """Count one use of each rule, and remove those that are used up.

        Call it in the same transaction (`in_turn`) as the reading of the rules.
        """
        uses = [rule.number for rule in used if rule.times is not None]
        if not uses:
            return
        with self._storage.in_turn():
            rules, latest = self._read()
            after = [(rule, used + uses.count(rule.number)) for rule, used in rules]
            self._write([(rule, used) for rule, used in after if rule.times is None or used < rule.times], latest)

    def __iter__(self) -> Iterator[Rule]:
        return iter([rule for rule, _ in self._read()[0]])

    def __len__(self) -> int:
        document = self._storage.read()
        return 0 if document is None else len(document["rules"])

    def _read(self) -> tuple[list[tuple[Rule, int]], int]:
        """Return the rules in force, each with its number of uses, and the number of the rule that was added last."""
        document = self._storage.read()
        return ([], 0) if document is None else (list(map(_rule, document["rules"])), document["latest"])

    def _write(self, rules: Iterable[tuple[Rule, int]], latest: int) -> None:
        self._storage.write({"rules": [_document(*one) for one in rules], "latest": latest})


def _document(rule: Rule, used: int) -> Json:
    faults = [[fault.name, list(fault.attempts)] for fault in rule.faults]
    return [faults, list(rule.events), rule.to, rule.times, rule.number, used]


def _rule(document: Json) -> tuple[Rule, int]:
    faults, events, to, times, number, used = document
    found = tuple(named(name).on(*attempts) if attempts else named(name) for name, attempts in faults)
    return Rule(found, tuple(events), to, times, number), used
