"""Records what happens to the webhooks of a scenario, as entries of the timeline."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mockstore.errors import InvalidInputError
from mockstore.events import rfc3339
from mockstore.model import Attempt, DeliveryRecord, EventRecord, Json, Outcome
from mockstore.scenario.forms import RESOURCES
from mockstore.scenario.judging import Evidence, ObservedAttempt
from mockstore.scenario.result import Entry, Kind
from mockstore.scenario.shop import document_of
from mockstore.scenario.stage import Stage


class Follower:
    """Remembers what it has reported, so that `new_entries` returns only what is new."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._before = frozenset(event.id for event in stage.parts.store.events())
        """Ids of the events from before the scenario. Positions would shift when old events are dropped."""
        self._reported_events = set(self._before)
        self._feed = stage.parts.engine.follow()
        self._seen = len(self._feed)
        self._observed: list[tuple[str, ObservedAttempt]] = []
        """Every attempt for the webhooks of the scenario, each after its webhook's id, in order of time."""
        self._statuses = {id_: stage.webhooks[name].status for id_, name in stage.names_by_id.items()}

    def new_entries(self, line: int) -> list[Entry]:
        """Return what has happened since the last call, in order; `line` is the line of the step that caused it.

        Raises `InvalidInputError` when the history no longer holds all of it.
        """
        found = [*self._new_events(line), *self._new_attempts(line), *self._new_statuses(line)]
        return sorted(found, key=lambda entry: entry.at)  # stable: keeps an event before its attempts

    def entry(self, kind: Kind, at: datetime, line: int, text: str, facts: Mapping[str, Json]) -> Entry:
        """Return an entry, with the time since the scenario began."""
        return Entry(kind, at, at - self._stage.started, line, text, facts)

    def evidence(self, arguments: Mapping[str, Json]) -> Evidence:
        """Return what an expectation is judged by, and mark those deliveries as examined for a strict test.

        Raises `InvalidInputError` when the history no longer holds all of it.
        """
        webhooks = (
            {self._stage.webhook(arguments["webhook"]).id} if "webhook" in arguments else set(self._stage.names_by_id)
        )
        remembered = list(self._deliveries(webhooks))
        if {made.delivery_id for id_, made in self._observed if id_ in webhooks} - {one.id for one in remembered}:
            raise self._history_error()
        deliveries = [one for one in remembered if self._matches(one, arguments)]
        for delivery in deliveries:
            self._stage.mockstore.delivery(delivery.id).look()
        known = {delivery.id for delivery in deliveries}
        return Evidence(
            deliveries=deliveries,
            attempts=[made for _, made in self._observed if made.delivery_id in known],
            status=str(self._stage.webhook(arguments.get("webhook")).status) if "status" in arguments else None,
            document=self._document(arguments),
        )

    def _deliveries(self, webhooks: set[str]) -> Iterator[DeliveryRecord]:
        for record in self._stage.parts.store.deliveries():
            if record.webhook_id in webhooks and record.event_id not in self._before:
                yield record

    def _matches(self, delivery: DeliveryRecord, arguments: Mapping[str, Json]) -> bool:
        if "event" in arguments and delivery.event_id != arguments["event"]:
            return False
        return "type" not in arguments or self._event(delivery.event_id).type == arguments["type"]

    def _document(self, arguments: Mapping[str, Json]) -> Json:
        kind = next((name for name in RESOURCES if name in arguments), None)
        return document_of(self._stage, kind, arguments[kind]) if kind is not None else None

    def _event(self, event_id: str) -> EventRecord:
        record = self._stage.parts.store.event(event_id)
        assert record is not None  # noqa: S101 - the store keeps the event of each delivery
        return record

    def _new_events(self, line: int) -> Iterator[Entry]:
        for event in self._stage.parts.store.events():
            if event.id in self._reported_events:
                continue
            self._reported_events.add(event.id)
            deliveries = self._stage.parts.store.deliveries(event_id=event.id)
            names = [
                self._stage.names_by_id[one.webhook_id]
                for one in deliveries
                if one.webhook_id in self._stage.names_by_id
            ]
            text = f"{event.type} {event.id} for {', '.join(dict.fromkeys(names)) or 'nobody'}"
            facts = {"event": event.type, "eventId": event.id, "webhooks": names}
            yield self.entry(Kind.EVENT, event.timestamp, line, text, facts)

    def _new_attempts(self, line: int) -> Iterator[Entry]:
        before = self._seen
        self._seen, made = self._feed.since(before)
        if len(made) < self._seen - before:
            raise self._history_error()
        for delivery_id, number in made:
            delivery = self._stage.parts.store.delivery(delivery_id)
            if delivery is None:
                raise self._history_error()
            if delivery.webhook_id in self._stage.names_by_id:
                yield self._attempt_entry(delivery, delivery.attempts[number - 1], line)

    def _history_error(self) -> InvalidInputError:
        return InvalidInputError(
            f"more was delivered than is remembered, so this cannot be judged: the history keeps "
            f"{self._stage.parts.options.history} deliveries (`mockstore serve --history`)"
        )

    def _attempt_entry(self, delivery: DeliveryRecord, attempt: Attempt, line: int) -> Entry:
        event_type = self._event(delivery.event_id).type
        name = self._stage.names_by_id[delivery.webhook_id]
        self._observed.append((delivery.webhook_id, ObservedAttempt(attempt, event_type, delivery.id)))
        answer = str(attempt.status) if attempt.status is not None else str(attempt.outcome)
        is_last = attempt.number == len(delivery.attempts)
        facts = {
            "event": event_type,
            "eventId": delivery.event_id,
            "webhook": name,
            "deliveryId": delivery.id,
            "attempt": attempt.number,
            "outcome": str(attempt.outcome),
            "status": attempt.status,
            "error": attempt.error,
            "nextAttemptAt": rfc3339(delivery.due) if is_last and delivery.due is not None else None,
        }
        return self.entry(
            Kind.ATTEMPT,
            attempt.at,
            line,
            f"{name} <- {event_type}, attempt {attempt.number}: {_attempt_result(attempt, answer)}",
            facts,
        )

    def _new_statuses(self, line: int) -> Iterator[Entry]:
        for id_, name in self._stage.names_by_id.items():
            record = self._stage.webhooks[name].record
            if record.status is not self._statuses[id_]:
                self._statuses[id_] = record.status
                facts = {"webhook": name, "status": str(record.status)}
                yield self.entry(Kind.WEBHOOK, record.updated_at, line, f"{name} is {record.status}", facts)


def _attempt_result(attempt: Attempt, answer: str) -> str:
    if attempt.outcome is Outcome.ACKNOWLEDGED:
        return f"{answer}, acknowledged"
    plain = attempt.error is None or attempt.error == f"answered {attempt.status}"
    return answer if plain else f"{answer} ({attempt.error})"
