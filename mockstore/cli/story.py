"""The demonstration of `mockstore demo`: it really emits and delivers the events that the command prints."""

import hmac
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any

from msgspec import Struct

from mockstore.events import rfc3339
from mockstore.handles import Delivery, Event, Webhook
from mockstore.model import Json, WebhookStatus
from mockstore.service import Mockstore
from mockstore.web.documents import delivery_document, event_document, webhook_document
from mockstore.world.clock import wall_time

OUTAGE_ANSWERS = (503, 503)
"""The statuses with which the consumer answers during its outage."""


class Consumer:
    """A WSGI app like a user's handler: it computes the HMAC of the raw body itself, without mockstore."""

    def __init__(self) -> None:
        self.secret = ""
        self.answers: Iterator[int] = repeat(204)
        self.verified: set[str] = set()
        """Event ids of the requests with a genuine signature."""

    def will_answer(self, *first: int, then: int) -> None:
        """Answer genuine requests with the statuses `first`, in turn, and then always with `then`."""
        self.answers = chain(first, repeat(then))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Verify one request; answer 401 when its signature is wrong."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        expected = "sha256=" + hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        genuine = hmac.compare_digest(expected, environ.get("HTTP_X_WEBHOOK_SIGNATURE", ""))
        if genuine:
            self.verified.add(environ["HTTP_X_WEBHOOK_ID"])
        start_response(f"{next(self.answers) if genuine else 401} ", [("Content-Length", "0")])
        return []


class EmittedEvent(Struct, frozen=True):
    """One event of the second chapter, with the results of its checks."""

    event: dict[str, Json]
    verified: bool
    """Whether the consumer found its signature genuine."""
    mistakes: tuple[str, ...]
    """Violations of the schema."""

    @property
    def ok(self) -> bool:
        """Whether it was acknowledged, its signature is genuine and it is valid."""
        delivered = [delivery["state"] for delivery in self.event["deliveries"]] == ["delivered"]
        return delivered and self.verified and not self.mistakes


class Story(Struct, frozen=True):
    """Everything that happened, as JSON documents."""

    webhook: dict[str, Json]
    """The webhook that gets every event."""
    emitted: tuple[EmittedEvent, ...]
    retried: dict[str, Json]
    """The delivery that failed twice."""
    disabled_webhook: dict[str, Json]
    """The webhook of the bookkeeping, after the refused delivery has disabled it."""
    refused: dict[str, Json]
    """The delivery whose last attempt disabled that webhook."""
    recovered: dict[str, Json]
    """The same delivery, after its webhook was enabled again and recovered."""
    began: datetime
    """By the virtual clock, as `ended` is."""
    ended: datetime
    took: timedelta
    """The duration in real time."""
    deliveries: int
    attempts: int

    @property
    def ok(self) -> bool:
        """Whether everything happened as expected; False means a defect in mockstore."""
        return (
            all(one.ok for one in self.emitted)
            and (self.retried["state"], len(self.retried["attempts"])) == ("delivered", len(OUTAGE_ANSWERS) + 1)
            and (self.refused["state"], self.disabled_webhook["status"]) == ("failed", "disabled")
            and self.recovered["state"] == "delivered"
        )

    def document(self) -> dict[str, Json]:
        """Return the story as JSON."""
        return {
            "ok": self.ok,
            "webhook": self.webhook,
            "events": [
                {**one.event, "signatureVerified": one.verified, "schemaMistakes": list(one.mistakes)}
                for one in self.emitted
            ],
            "retried": self.retried,
            "disabledWebhook": self.disabled_webhook,
            "refused": self.refused,
            "recovered": self.recovered,
            "clock": {"from": rfc3339(self.began), "to": rfc3339(self.ended)},
            "tookMs": round(self.took.total_seconds() * 1000, 1),
        }


def play(seed: int) -> Story:
    """Run the demonstration on a virtual clock, in this process, without sockets or waiting."""
    with Mockstore.in_process(seed=seed, strict=False) as mock:
        started, began = wall_time(), mock.clock.now()
        consumer = Consumer()
        webhook = _subscribe(mock, consumer, "*", "/webhooks/petstore")
        emitted = tuple(_emit(mock, consumer, name) for name in mock.provider.catalogue.types)
        retried = _emit_during_outage(mock, consumer)
        bookkeeping_consumer = Consumer()
        bookkeeping_consumer.will_answer(then=500)
        bookkeeping = _subscribe(mock, bookkeeping_consumer, "payment.*", "/bookkeeping")
        refused = _emit_refused(mock, bookkeeping)
        disabled, failed = webhook_document(bookkeeping.record), delivery_document(refused)
        bookkeeping_consumer.will_answer(then=204)
        mock.webhooks.update(bookkeeping.id, {"status": WebhookStatus.ACTIVE})
        mock.recover(bookkeeping)
        return Story(
            webhook=webhook_document(webhook.record),
            emitted=emitted,
            retried=delivery_document(retried),
            disabled_webhook=disabled,
            refused=failed,
            recovered=delivery_document(refused),
            began=began,
            ended=mock.clock.now(),
            took=wall_time() - started,
            deliveries=len(mock.deliveries),
            attempts=sum(len(delivery.attempts) for delivery in mock.deliveries),
        )


def _subscribe(mock: Mockstore, consumer: Consumer, events: str, path: str) -> Webhook:
    webhook = mock.subscribe(consumer, events, path)
    consumer.secret = webhook.secret
    return webhook


def _emit(mock: Mockstore, consumer: Consumer, event_type: str) -> EmittedEvent:
    event = mock.emit(event_type)
    mistakes = tuple(map(str, mock.provider.catalogue.mistakes(event.payload)))
    return EmittedEvent(event_document(event), event.id in consumer.verified, mistakes)


def _emit_during_outage(mock: Mockstore, consumer: Consumer) -> Delivery:
    consumer.will_answer(*OUTAGE_ANSWERS, then=204)
    event = mock.emit("order.created")
    _advance_until_ended(mock, event)
    return event.delivery


def _emit_refused(mock: Mockstore, bookkeeping: Webhook) -> Delivery:
    event = mock.emit("payment.failed")
    _advance_until_ended(mock, event)
    return next(one for one in event.deliveries if one.record.webhook_id == bookkeeping.id)


def _advance_until_ended(mock: Mockstore, event: Event) -> None:
    """Advance the clock from one due attempt to the next, until the deliveries of the event have ended."""
    while dues := [delivery.record.due for delivery in event.deliveries if delivery.record.due is not None]:
        mock.advance(min(dues) - mock.clock.now())
