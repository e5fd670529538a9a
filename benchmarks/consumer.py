"""The receiver that all rivals deliver to: a Flask shop that verifies each event and takes it in."""

import hmac
import json
from datetime import UTC, datetime
from random import Random

from flask import Flask, request
from flask.typing import ResponseReturnValue

from mockstore.events import EventFactory, encode, petstore_catalogue

PATH = "/webhooks/petstore"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""A sample."""
TYPE = "pet.adopted"
OVERRIDES = {"adopter": {"email": "ada@example.com"}}
"""What is overridden is validated before it is sent."""

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def signature(body: bytes) -> str:
    """Return what `X-Webhook-Signature` has to be."""
    return f"sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}"


def take(body: bytes, signed: str, taken: list[object]) -> int:
    """Verify and take in one event; return the status to answer."""
    if not hmac.compare_digest(signature(body), signed):
        return 401
    taken.append(json.loads(body)["data"]["adopter"]["email"])
    return 204


def shop() -> Flask:
    """Return the shop."""
    app = Flask("shop")
    taken: list[object] = []

    @app.post(PATH)
    def receive() -> ResponseReturnValue:
        return "", take(request.get_data(), request.headers.get("X-Webhook-Signature", ""), taken)

    return app


def closed_shop() -> Flask:
    """Return a shop that answers 503 to everything."""
    app = Flask("closed_shop")

    @app.post(PATH)
    def receive() -> ResponseReturnValue:
        return "", 503

    return app


class Maker:
    """Makes events for the peers, by our own factory: what is compared is the way they are delivered."""

    def __init__(self) -> None:
        self._factory = EventFactory(petstore_catalogue())
        self._dice = Random(0)  # noqa: S311 - sample data

    def signed(self) -> tuple[bytes, dict[str, str]]:
        """Return the body of a valid event, and the headers that go with it."""
        body = encode(self._factory.make(TYPE, now=NOON, dice=self._dice, overrides=OVERRIDES))
        return body, {"Content-Type": "application/json", "X-Webhook-Signature": signature(body)}
