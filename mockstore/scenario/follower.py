"""Follows what a Mockstore does for the webhooks of a scenario, and tells it as entries of the timeline."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mockstore.errors import InvalidInputError
from mockstore.events import rfc3339
from mockstore.model import Attempt, DeliveryRecord, EventRecord, Json, Outcome
from mockstore.scenario.forms import RESOURCES
from mockstore.scenario.judging import Evidence, Made
from mockstore.scenario.result import Entry, Kind
from mockstore.scenario.shop import document_of
from mockstore.scenario.stage import Stage


class Follower:
    """Knows what has been told, so that each look tells only what is new."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._before = frozenset(event.id for event in stage.parts.store.events())
        """Events of before the scenario. By their ids: positions shift when history is forgotten."""
        self._told_events = set(self._before)
        self._attempts = stage.parts.engine.follow()
        self._seen = len(self._attempts)
        self._made: list[tuple[str, Made]] = []
        """Every attempt for the webhooks of the scenario, with the webhook's id, in order."""
        self._statuses = {id_: stage.webhooks[name].status for id_, name in stage.names.items()}

    def look(self, line: int) -> list[Entry]:
        """Return what has happened since the last look, in order; `line` is that of the step that caused it.

        Raises `InvalidInputError` when some of it is forgotten already.
        """
        found = [*self._new_events(line), *self._new_attempts(line), *self._new_statuses(line)]
        return sorted(found, key=lambda entry: entry.at)  # stable: an event comes before its attempts

    def entry(self, kind: Kind, at: datetime, line: int, text: str, facts: Mapping[str, Json]) -> Entry:
        """Return an entry with its distance from the beginning."""
        return Entry(kind, at, at - self._stage.started, line, text, facts)

    def evidence(self, told: Mapping[str, Json]) -> Evidence:
        """Return what an expectation is judged by; reading settles it for the judgement of a strict test.

        Raises `InvalidInputError` when some of it is forgotten already.
        """
        webhooks = {self._stage.webhook(told["webhook"]).id} if "webhook" in told else set(self._stage.names)
        remembered = list(self._deliveries(webhooks))
        if {made.delivery_id for id_, made in self._made if id_ in webhooks} - {one.id for one in remembered}:
            raise self._forgotten()
        deliveries = [one for one in remembered if self._fits(one, told)]
        for delivery in deliveries:
            self._stage.mockstore.delivery(delivery.id).look()
        known = {delivery.id for delivery in deliveries}
        return Evidence(
            deliveries=deliveries,
            attempts=[made for _, made in self._made if made.delivery_id in known],
            status=str(self._stage.webhook(told.get("webhook")).status) if "status" in told else None,
            document=self._document(told),
        )

    def _deliveries(self, webhooks: set[str]) -> Iterator[DeliveryRecord]:
        for record in self._stage.parts.store.deliveries():
            if record.webhook_id in webhooks and record.event_id not in self._before:
                yield record

    def _fits(self, delivery: DeliveryRecord, told: Mapping[str, Json]) -> bool:
        if "event" in told and delivery.event_id != told["event"]:
            return False
        return "type" not in told or self._event(delivery.event_id).type == told["type"]

    def _document(self, told: Mapping[str, Json]) -> Json:
        kind = next((name for name in RESOURCES if name in told), None)
        return document_of(self._stage, kind, told[kind]) if kind is not None else None

    def _event(self, event_id: str) -> EventRecord:
        record = self._stage.parts.store.event(event_id)
        assert record is not None  # noqa: S101 - a delivery keeps its event
        return record

    def _new_events(self, line: int) -> Iterator[Entry]:
        for event in self._stage.parts.store.events():
            if event.id in self._told_events:
                continue
            self._told_events.add(event.id)
            deliveries = self._stage.parts.store.deliveries(event_id=event.id)
            names = [self._stage.names[one.webhook_id] for one in deliveries if one.webhook_id in self._stage.names]
            text = f"{event.type} {event.id} for {', '.join(dict.fromkeys(names)) or 'nobody'}"
            facts = {"event": event.type, "eventId": event.id, "webhooks": names}
            yield self.entry(Kind.EVENT, event.timestamp, line, text, facts)

    def _new_attempts(self, line: int) -> Iterator[Entry]:
        before = self._seen
        self._seen, made = self._attempts.since(before)
        if len(made) < self._seen - before:
            raise self._forgotten()
        for delivery_id, number in made:
            delivery = self._stage.parts.store.delivery(delivery_id)
            if delivery is None:
                raise self._forgotten()
            if delivery.webhook_id in self._stage.names:
                yield self._told(delivery, delivery.attempts[number - 1], line)

    def _forgotten(self) -> InvalidInputError:
        return InvalidInputError(
            f"more was delivered than is remembered, so this cannot be judged: the history keeps "
            f"{self._stage.parts.options.history} deliveries (`mockstore serve --history`)"
        )

    def _told(self, delivery: DeliveryRecord, attempt: Attempt, line: int) -> Entry:
        event_type = self._event(delivery.event_id).type
        name = self._stage.names[delivery.webhook_id]
        self._made.append((delivery.webhook_id, Made(attempt, event_type, delivery.id)))
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
            f"{name} <- {event_type}, attempt {attempt.number}: {_ending(attempt, answer)}",
            facts,
        )

    def _new_statuses(self, line: int) -> Iterator[Entry]:
        for id_, name in self._stage.names.items():
            record = self._stage.webhooks[name].record
            if record.status is not self._statuses[id_]:
                self._statuses[id_] = record.status
                facts = {"webhook": name, "status": str(record.status)}
                yield self.entry(Kind.WEBHOOK, record.updated_at, line, f"{name} is {record.status}", facts)


def _ending(attempt: Attempt, answer: str) -> str:
    if attempt.outcome is Outcome.ACKNOWLEDGED:
        return f"{answer}, acknowledged"
    plain = attempt.error is None or attempt.error == f"answered {attempt.status}"
    return answer if plain else f"{answer} ({attempt.error})"
