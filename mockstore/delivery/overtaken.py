"""Deliveries that wait for another one to the same webhook to go first."""

from collections.abc import Iterable
from threading import Lock

from mockstore.model import DeliveryRecord


class Overtaken:
    """Their ids, by webhook. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ids: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def add(self, delivery: DeliveryRecord) -> None:
        """Take note that the delivery waits."""
        with self._lock:
            self._ids.setdefault(delivery.webhook_id, set()).add(delivery.id)

    def to(self, webhook_id: str) -> list[str]:
        """Return the ids of those that wait to go to a webhook, oldest first."""
        with self._lock:
            return sorted(self._ids.get(webhook_id, ()))

    def forget(self, webhook_id: str, ids: Iterable[str]) -> None:
        """Take note that these wait no more."""
        with self._lock:
            left = self._ids.pop(webhook_id, set()).difference(ids)
            if left:
                self._ids[webhook_id] = left

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._ids.clear()
