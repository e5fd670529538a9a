"""What goes next: what others have begun, then what they have prepared, then what is due. Not safe for threads."""

from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import Thread
from typing import Final

from mockstore.delivery.engine import Engine
from mockstore.delivery.lines import Lines
from mockstore.delivery.paces import REMEMBERED, Pace, keep_latest, pace_of
from mockstore.delivery.trying import Tried, Trying, Turn
from mockstore.errors import StoreUnavailableError, UnreachableError
from mockstore.model import DeliveryRecord
from mockstore.world.transports.location import locate

BATCH: Final = 64
"""How many due deliveries are claimed at once."""


class Turns:
    """Claims what is due, and gives it out. Who goes next among webhooks is up to `Lines`."""

    def __init__(self, engine: Engine, limit: int) -> None:
        self._engine = engine
        self._lines = Lines(limit)
        self._urls: dict[str, str] = {}
        """Of the webhooks that were delivered to lately: a database must not be asked for each delivery."""
        self._prepared: dict[Thread, Turn] = {}
        """What goes next, by the thread that made its request; one for all."""
        self._handed_over: deque[Turn] = deque()
        """What has begun on a thread that does not wait for its end."""
        self._claims: dict[str, DeliveryRecord] = {}
        """What was claimed and is not given back, by id."""

    @property
    def busy(self) -> bool:
        """Whether a delivery is out."""
        return self._lines.busy

    @property
    def out(self) -> int:
        """How many are being sent."""
        return self._lines.out - len(self._prepared)

    @property
    def urgent(self) -> bool:
        """Whether something goes before everything that is due."""
        return bool(self._handed_over)

    def are_more(self) -> bool:
        """Tell whether another thread would find something to send now."""
        return bool(self._handed_over or self._prepared) or self._lines.waiting or self.are_due()

    def are_due(self) -> bool:
        """Tell whether something is due that nobody has claimed."""
        due = self._engine.store.next_due()
        return due is not None and due <= self._engine.clock.now()

    def are_over(self) -> bool:
        """Tell whether nothing is due, and nothing is out."""
        return self._lines.empty and not self.are_due()

    def next(self) -> Turn | None:
        """Return what goes next, if anything may go."""
        if self._handed_over:
            return self._handed_over.popleft()
        if self._prepared:  # and the thread has not come back for it
            return self._prepared.popitem()[1]
        delivery = self._pick()
        return None if delivery is None else Turn(delivery)

    def own(self, thread: Thread) -> Turn | None:
        """Return what the thread itself has prepared, unless another one has taken it."""
        return self._prepared.pop(thread, None) if self._prepared else None

    def prepare(self, thread: Thread, trying: Trying) -> bool:
        """Make the next request, for the thread to send; return whether there was one to make."""
        delivery = None if self._prepared else self._pick()
        if delivery is None:
            return False
        self._prepared[thread] = trying.prepared(delivery)
        return True

    def next_quick(self) -> DeliveryRecord | None:
        """Return what goes next, if it is one of few, nothing is out, and its receiver has proved to be quick."""
        if self._lines.busy or self._claim() == BATCH:
            return None
        delivery = self._lines.take()
        if delivery is None or self._lines.pace(delivery.webhook_id) is Pace.QUICK:
            return delivery
        self._handed_over.append(Turn(delivery))
        return None

    def hand_over(self, turn: Turn) -> None:
        """Let the next thread that asks go on with what has begun."""
        self._handed_over.append(turn)

    def give_back(self, delivery: DeliveryRecord, tried: Tried | None) -> None:
        """Take note that the delivery is no longer out, and of what its attempt told about its receiver."""
        if self.has(delivery):
            del self._claims[delivery.id]
        if tried is None:
            self._lines.give_back(delivery, None)
            return
        if self._urls.get(delivery.webhook_id) != tried.url:
            keep_latest(self._urls, delivery.webhook_id, tried.url)
        self._lines.give_back(delivery, pace_of(tried.attempt.outcome, tried.held))

    def has(self, claimed: DeliveryRecord) -> bool:
        """Tell whether the claim still holds. Safe for threads."""
        return self._claims.get(claimed.id) is claimed

    def forget(self) -> None:
        """Take note that the records are forgotten: the claims hold no more, even where ids come again."""
        self._claims.clear()

    def drain(self) -> list[DeliveryRecord]:
        """Give up what has not begun, and return it."""
        left = [*self._lines.drain(), *(turn.delivery for turn in self._prepared.values())]
        self._prepared.clear()
        left += [turn.delivery for turn in self._handed_over if turn.underway is None]
        self._handed_over = deque(turn for turn in self._handed_over if turn.underway is not None)
        return left

    def begun(self) -> list[Turn]:
        """Give up what has begun and was handed over, and return it."""
        begun = list(self._handed_over)
        self._handed_over.clear()
        return begun

    def _pick(self) -> DeliveryRecord | None:
        self._claim()
        return self._lines.take()

    def _claim(self) -> int:
        claimed = self._engine.claim(BATCH)
        for delivery in claimed:
            self._claims[delivery.id] = delivery
            self._lines.add(delivery, self._origin_of(delivery.webhook_id))
        return len(claimed)

    def _origin_of(self, webhook_id: str) -> str | None:
        """Return where the webhook's receiver is, as far as that is known: what is claimed must go on."""
        url = self._urls.get(webhook_id)
        if url is None:
            with suppress(StoreUnavailableError):
                webhook = self._engine.store.webhook(webhook_id)
                url = None if webhook is None else webhook.url
            if url is None:
                return None
            keep_latest(self._urls, webhook_id, url)
        return _origin(url)


@lru_cache(maxsize=REMEMBERED)
def _origin(url: str) -> str:
    """Return scheme, host and port."""
    try:
        location = locate(url)
    except UnreachableError:
        return url
    return f"{location.scheme}://{location.peer}"
