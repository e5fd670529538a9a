"""The story that `mockstore demo` tells, played for real: nothing in it is made up for the show."""

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

BAD_SPELL = (503, 503)
"""What the shop answers while it is down; then it is up again."""


class Consumer:
    """A team's handler as a WSGI app: it believes nothing but an HMAC of the raw body, which it computes itself."""

    def __init__(self) -> None:
        self.secret = ""
        self.answers: Iterator[int] = repeat(204)
        self.verified: set[str] = set()
        """Bodies that were genuine, by their event id."""

    def will_answer(self, *first: int, then: int) -> None:
        """Answer genuine requests with `first`, one after the other, and with `then` from there on."""
        self.answers = chain(first, repeat(then))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Handle one delivery."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        expected = "sha256=" + hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        genuine = hmac.compare_digest(expected, environ.get("HTTP_X_WEBHOOK_SIGNATURE", ""))
        if genuine:
            self.verified.add(environ["HTTP_X_WEBHOOK_ID"])
        start_response(f"{next(self.answers) if genuine else 401} ", [("Content-Length", "0")])
        return []


class Told(Struct, frozen=True):
    """One event of the second chapter, with what its receiver and the schema say."""

    event: dict[str, Json]
    verified: bool
    """By the consumer's own HMAC."""
    mistakes: tuple[str, ...]
    """What breaks the schema."""

    @property
    def well(self) -> bool:
        """Whether it was acknowledged, genuine and valid."""
        delivered = [delivery["state"] for delivery in self.event["deliveries"]] == ["delivered"]
        return delivered and self.verified and not self.mistakes


class Story(Struct, frozen=True):
    """Everything that happened, as documents."""

    shop: dict[str, Json]
    told: tuple[Told, ...]
    retried: dict[str, Json]
    """The delivery that failed twice."""
    ledger: dict[str, Json]
    """The webhook that was disabled."""
    refused: dict[str, Json]
    """The delivery that disabled it."""
    recovered: dict[str, Json]
    """The same one after the webhook was enabled again."""
    began: datetime
    ended: datetime
    took: timedelta
    """In real time."""
    deliveries: int
    attempts: int

    @property
    def well(self) -> bool:
        """Whether everything came as it should: or else there is a fault in mockstore."""
        return (
            all(told.well for told in self.told)
            and (self.retried["state"], len(self.retried["attempts"])) == ("delivered", len(BAD_SPELL) + 1)
            and (self.refused["state"], self.ledger["status"]) == ("failed", "disabled")
            and self.recovered["state"] == "delivered"
        )

    def document(self) -> dict[str, Json]:
        """Return the story as JSON."""
        return {
            "ok": self.well,
            "webhook": self.shop,
            "events": [
                {**told.event, "signatureVerified": told.verified, "schemaMistakes": list(told.mistakes)}
                for told in self.told
            ],
            "retried": self.retried,
            "disabledWebhook": self.ledger,
            "refused": self.refused,
            "recovered": self.recovered,
            "clock": {"from": rfc3339(self.began), "to": rfc3339(self.ended)},
            "tookMs": round(self.took.total_seconds() * 1000, 1),
        }


def play(seed: int) -> Story:
    """Play it on a virtual clock, in this process: no socket, no waiting."""
    with Mockstore.in_process(seed=seed, strict=False) as mock:
        started, began = wall_time(), mock.clock.now()
        consumer = Consumer()
        shop = _subscribe(mock, consumer, "*", "/webhooks/petstore")
        told = tuple(_tell(mock, consumer, name) for name in mock.provider.catalogue.types)
        retried = _bad_spell(mock, consumer)
        ledger_consumer = Consumer()
        ledger_consumer.will_answer(then=500)
        ledger = _subscribe(mock, ledger_consumer, "payment.*", "/bookkeeping")
        refused = _refused(mock, ledger)
        disabled, failed = webhook_document(ledger.record), delivery_document(refused)
        ledger_consumer.will_answer(then=204)
        mock.webhooks.update(ledger.id, {"status": WebhookStatus.ACTIVE})
        mock.recover(ledger)
        return Story(
            shop=webhook_document(shop.record),
            told=told,
            retried=delivery_document(retried),
            ledger=disabled,
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


def _tell(mock: Mockstore, consumer: Consumer, event_type: str) -> Told:
    event = mock.emit(event_type)
    mistakes = tuple(map(str, mock.provider.catalogue.mistakes(event.payload)))
    return Told(event_document(event), event.id in consumer.verified, mistakes)


def _bad_spell(mock: Mockstore, consumer: Consumer) -> Delivery:
    consumer.will_answer(*BAD_SPELL, then=204)
    event = mock.emit("order.created")
    _advance_until_ended(mock, event)
    return event.delivery


def _refused(mock: Mockstore, ledger: Webhook) -> Delivery:
    event = mock.emit("payment.failed")
    _advance_until_ended(mock, event)
    return next(one for one in event.deliveries if one.record.webhook_id == ledger.id)


def _advance_until_ended(mock: Mockstore, event: Event) -> None:
    """Jump from one due attempt to the next, as the ladder of the provider has it."""
    while dues := [delivery.record.due for delivery in event.deliveries if delivery.record.due is not None]:
        mock.advance(min(dues) - mock.clock.now())
