"""The ids of deliveries in memory, by event and by webhook, each in the order in which they were made."""

from collections.abc import Reversible

from mockstore.model import DeliveryRecord


class Index:
    """Finds the deliveries of an event, and those to a webhook, without going through all. Not safe for threads."""

    def __init__(self) -> None:
        self._of_event: dict[str, str | tuple[str, ...]] = {}
        """Most events have one delivery, whose id is kept as it is: there may be many events."""
        self.to_webhook: dict[str, dict[str, int]] = {}
        """With the number of each, in the order of which those due at the same moment are claimed."""

    def add(self, delivery: DeliveryRecord, number: int) -> None:
        """Take up a new delivery."""
        others = self._of_event.get(delivery.event_id)
        self._of_event[delivery.event_id] = delivery.id if others is None else (*_several(others), delivery.id)
        self.to_webhook.setdefault(delivery.webhook_id, {})[delivery.id] = number

    def remove(self, delivery: DeliveryRecord) -> None:
        """Forget a delivery."""
        to_its_webhook = self.to_webhook[delivery.webhook_id]
        del to_its_webhook[delivery.id]
        if not to_its_webhook:
            del self.to_webhook[delivery.webhook_id]
        left = tuple(one for one in _several(self._of_event[delivery.event_id]) if one != delivery.id)
        if left:
            self._of_event[delivery.event_id] = left
        else:
            del self._of_event[delivery.event_id]

    def number(self, delivery: DeliveryRecord) -> int:
        """Return the number of a delivery that is there."""
        return self.to_webhook[delivery.webhook_id][delivery.id]

    def knows_event(self, event_id: str) -> bool:
        """Tell whether the event has a delivery."""
        return event_id in self._of_event

    def ids(self, webhook_id: str | None, event_id: str | None) -> Reversible[str] | None:
        """Return ids among which are all of the event and to the webhook; None when neither is named: it may be any."""
        if event_id is not None:
            return _several(self._of_event.get(event_id, ()))
        return None if webhook_id is None else self.to_webhook.get(webhook_id, ())


def _several(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of which one alone is kept as it is."""
    return (ids,) if isinstance(ids, str) else ids
