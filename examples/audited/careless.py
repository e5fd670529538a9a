"""A careless consumer, as first versions often are: it works until something goes wrong."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

Environ: TypeAlias = Mapping[str, Any]
StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]


class Shop:
    """What the consumer knows; the event that arrives last wins."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.payments = 0

    def effects(self) -> dict[str, int]:
        """Return counts of what was done so far, which the audit compares (its probe)."""
        return {"payments": self.payments, "delivered": list(self.statuses.values()).count("DELIVERED")}

    def work(self, event: Mapping[str, Any]) -> None:
        """Do the work of an event each time that it arrives."""
        data, kind = event["data"], event["eventType"]
        if kind == "payment.succeeded":
            self.payments += 1
        elif kind == "order.created":
            self.statuses[data["order"]["id"]] = data["order"]["status"]
        elif kind == "order.status_changed":
            self.statuses[data["orderId"]] = data["newStatus"]


def make_app(secret: str, shop: Shop) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """Return the consumer as a WSGI app; `secret` is the one that the webhook was registered with."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        event = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()  # not the bytes that were received
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        scheme, digest = environ["HTTP_X_WEBHOOK_SIGNATURE"].split("=")
        genuine = scheme == "sha256" and hmac.compare_digest(digest, expected)
        if genuine:
            shop.work(event)
        start_response("200 OK" if genuine else "401 Unauthorized", [("Content-Length", "0")])
        return [b""]

    return app
