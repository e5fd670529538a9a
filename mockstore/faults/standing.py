"""Faults for all later deliveries that match. Whoever holds the object owns the rules; nothing else is touched."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Protocol

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue
from mockstore.faults.catalogue import Wanted, wanted
from mockstore.faults.fault import Fault
from mockstore.model import EventRecord, WebhookRecord


class HasId(Protocol):
    """A webhook, as a user holds it."""

    @property
    def id(self) -> str:
        """Its id."""


class Rule(Struct, frozen=True):
    """Faults for the deliveries of some events to some webhook."""

    faults: tuple[Fault, ...]
    """Each with the attempts that it befalls."""
    events: tuple[str, ...] = ("*",)
    """Event types or patterns."""
    to: str | None = None
    """The id of the webhook; None means any."""
    times: int | None = None
    """For how many deliveries it is good; None means all."""

    def __str__(self) -> str:
        names = " and ".join(map(str, self.faults))
        return f"{names} for {', '.join(self.events)} to {self.to or 'any webhook'}"


class StandingFaults:
    """The rules in force, oldest first. A delivery gets the faults of every rule that matches it."""

    def __init__(self, catalogue: Catalogue, check_webhook: Callable[[str], object]) -> None:
        self._catalogue = catalogue
        self._check_webhook = check_webhook
        self._rules: list[tuple[Rule, list[None]]] = []  # with a mark for each use
        self._lock = Lock()

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

        `to` is a webhook or its id; `events` are event types or patterns; `attempts` (1 is the first) limit the fault
        to those; `times` limits the rule to so many deliveries. Raises `InvalidInputError` for what makes no sense
        and `NotFoundError` for an unknown webhook.
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
        rule = Rule(found, patterns, webhook_id, times)
        with self._lock:
            self._rules = [*self._rules, (rule, [])]
        return rule

    def remove(self, rule: Rule) -> None:
        """Forget a rule; raise `InvalidInputError` when it is not in force."""
        with self._lock:
            kept = [(one, uses) for one, uses in self._rules if one is not rule]
            if len(kept) == len(self._rules):
                raise InvalidInputError(f"the rule {rule} is not in force", field="rule")
            self._rules = kept

    def clear(self) -> None:
        """Forget all rules; deliveries that were made under them keep their faults."""
        with self._lock:
            self._rules = []

    def matching(self, event: EventRecord, webhook: WebhookRecord) -> list[Rule]:
        """Return the rules that a delivery of `event` to `webhook` falls under."""
        return [rule for rule in self if rule.to in (None, webhook.id) and self._covers(rule, event)]

    def use(self, rules: Iterable[Rule]) -> None:
        """Count one use of each; a rule that is used up is forgotten."""
        with self._lock:
            for rule in rules:
                for one, uses in self._rules:
                    if one is rule:
                        uses.append(None)
            self._rules = [(one, uses) for one, uses in self._rules if one.times is None or len(uses) < one.times]

    def __iter__(self) -> Iterator[Rule]:
        return iter([rule for rule, _ in self._rules])

    def __len__(self) -> int:
        return len(self._rules)

    def _covers(self, rule: Rule, event: EventRecord) -> bool:
        return self._catalogue.matches(rule.events, event.type)
