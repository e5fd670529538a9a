"""The consumer that all benchmarks deliver to: a Flask app that verifies and stores each event."""

import hmac
import json
from datetime import UTC, datetime
from random import Random

from flask import Flask, request
from flask.typing import ResponseReturnValue

from mockstore.events import EventFactory, encode, petstore_catalogue

PATH = "/webhooks/petstore"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""A sample secret."""
TYPE = "pet.adopted"
OVERRIDES = {"adopter": {"email": "ada@example.com"}}
"""Overrides of the payload; they make the factory validate the event."""

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def signature(body: bytes) -> str:
    """Return the correct value of `X-Webhook-Signature`."""
    return f"sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}"


def take(body: bytes, signed: str, taken: list[object]) -> int:
    """Verify an event and append a part of it to `taken`; return the status of the response."""
    if not hmac.compare_digest(signature(body), signed):
        return 401
    taken.append(json.loads(body)["data"]["adopter"]["email"])
    return 204


def shop() -> Flask:
    """Return an app that verifies events, and answers 204 or 401."""
    app = Flask("shop")
    taken: list[object] = []

    @app.post(PATH)
    def receive() -> ResponseReturnValue:
        return "", take(request.get_data(), request.headers.get("X-Webhook-Signature", ""), taken)

    return app


def closed_shop() -> Flask:
    """Return an app that answers 503 to each event."""
    app = Flask("closed_shop")

    @app.post(PATH)
    def receive() -> ResponseReturnValue:
        return "", 503

    return app


class Maker:
    """Makes signed events for the other tools with our factory, so that only the delivery is compared."""

    def __init__(self) -> None:
        self._factory = EventFactory(petstore_catalogue())
        self._dice = Random(0)  # noqa: S311 - sample data

    def signed(self) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of a valid, signed event."""
        body = encode(self._factory.make(TYPE, now=NOON, dice=self._dice, overrides=OVERRIDES))
        return body, {"Content-Type": "application/json", "X-Webhook-Signature": signature(body)}
