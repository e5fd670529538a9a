"""The deliveries that wait until another one to the same webhook was sent."""

from collections.abc import Iterable
from threading import Lock

from mockstore.model import DeliveryRecord


class Overtaken:
    """The ids of the waiting deliveries, by webhook. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ids: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def add(self, delivery: DeliveryRecord) -> None:
        """Add a delivery that waits."""
        with self._lock:
            self._ids.setdefault(delivery.webhook_id, set()).add(delivery.id)

    def to(self, webhook_id: str) -> list[str]:
        """Return the ids of the deliveries to this webhook that wait, oldest first."""
        with self._lock:
            return sorted(self._ids.get(webhook_id, ()))

    def forget(self, webhook_id: str, ids: Iterable[str]) -> None:
        """Remove deliveries that wait no longer."""
        with self._lock:
            left = self._ids.pop(webhook_id, set()).difference(ids)
            if left:
                self._ids[webhook_id] = left

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            self._ids.clear()
