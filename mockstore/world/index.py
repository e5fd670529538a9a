"""An index of the deliveries in memory, by event and by webhook, each in order of creation."""

from collections.abc import Reversible

from mockstore.model import DeliveryRecord


class Index:
    """Finds the ids of the deliveries of an event and of those to a webhook. Not safe for threads."""

    def __init__(self) -> None:
        self._of_event: dict[str, str | tuple[str, ...]] = {}
        """By event: the id of its delivery, or a tuple if it has several; a single id is kept bare to save memory."""
        self.to_webhook: dict[str, dict[str, int]] = {}
        """By webhook and delivery id: a number; deliveries due at the same moment are claimed in its order."""

    def add(self, delivery: DeliveryRecord, number: int) -> None:
        """Add a new delivery."""
        others = self._of_event.get(delivery.event_id)
        self._of_event[delivery.event_id] = delivery.id if others is None else (*_as_tuple(others), delivery.id)
        self.to_webhook.setdefault(delivery.webhook_id, {})[delivery.id] = number

    def remove(self, delivery: DeliveryRecord) -> None:
        """Remove a delivery that is in the index."""
        to_its_webhook = self.to_webhook[delivery.webhook_id]
        del to_its_webhook[delivery.id]
        if not to_its_webhook:
            del self.to_webhook[delivery.webhook_id]
        left = tuple(one for one in _as_tuple(self._of_event[delivery.event_id]) if one != delivery.id)
        if left:
            self._of_event[delivery.event_id] = left
        else:
            del self._of_event[delivery.event_id]

    def number(self, delivery: DeliveryRecord) -> int:
        """Return the number of a delivery that is in the index."""
        return self.to_webhook[delivery.webhook_id][delivery.id]

    def knows_event(self, event_id: str) -> bool:
        """Return whether the event has a delivery."""
        return event_id in self._of_event

    def ids(self, webhook_id: str | None, event_id: str | None) -> Reversible[str] | None:
        """Return the ids of the event's deliveries, or else of those to the webhook; None when neither is given."""
        if event_id is not None:
            return _as_tuple(self._of_event.get(event_id, ()))
        return None if webhook_id is None else self.to_webhook.get(webhook_id, ())


def _as_tuple(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids as a tuple."""
    return (ids,) if isinstance(ids, str) else ids
