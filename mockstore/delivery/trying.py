"""One attempt of a claimed delivery, whatever the store and the receiver do meanwhile."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mockstore.delivery.engine import Engine, Started
from mockstore.errors import DeliveryError, StoreUnavailableError
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Outgoing, Reply
from mockstore.world.seams import Transport, Underway
from mockstore.world.transports.rules import Deadline

T = TypeVar("T")

Begin: TypeAlias = Callable[[Outgoing, timedelta], Underway | None]
"""How a transport sends that lets others work while it waits; None where it cannot do that now."""

_LOG: Final = logging.getLogger(__name__)

FRESH: Final = timedelta(milliseconds=10)
"""How long a prepared request is as good as a new one: it carries the time of its signature."""


class Turn(Struct, frozen=True):
    """A claimed delivery whose turn it is, and what has been done of its attempt."""

    delivery: DeliveryRecord
    started: Started | None = None
    """With the request that has been made."""
    underway: Underway | None = None
    """The request is out."""


class Tried(Struct, frozen=True):
    """An attempt that was made and recorded."""

    attempt: Attempt
    url: str
    """Where it was sent."""
    held: timedelta
    """How long sending it and reading the answer kept the thread, a body that came after the verdict included."""


class Trying:
    """Makes attempts, on any thread, and never raises.

    `has` tells whether a claim still holds. Where it does not, since the records were forgotten, nothing is done: there
    may be another delivery of the same id. `wait` is called when the store is unavailable; it waits, and raises the
    error on once nobody is to wait any more. `remember` is told what went wrong in code that is not the receiver's.
    """

    def __init__(  # noqa: PLR0913 - what it works with, each once
        self,
        engine: Engine,
        transport: Transport,
        begin: Begin | None,
        *,
        has: Callable[[DeliveryRecord], bool] = lambda _claimed: True,
        wait: Callable[[StoreUnavailableError], None],
        remember: Callable[[BaseException], None],
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._begin = begin
        self._has = has
        self._wait = wait
        self._remember = remember

    def prepared(self, claimed: DeliveryRecord) -> Turn:
        """Return the delivery with the request of its next attempt; without, where that is to be seen later."""
        try:
            return Turn(claimed, self._start(claimed))
        except Exception:  # noqa: BLE001 - it will be raised again where somebody deals with it
            return Turn(claimed)

    def begun(self, claimed: DeliveryRecord) -> Turn:
        """Return the delivery with its request sent, where that could be done without waiting for anything."""
        turn = self.prepared(claimed)
        if turn.started is None or self._begin is None:
            return turn
        with suppress(Exception):  # so here, too
            return replace(turn, underway=self._begin(turn.started.outgoing, self._engine.provider.timeout))
        return turn

    def attempt(
        self, turn: Turn, meanwhile: Callable[[], None] | None = None, answer: Reply | None = None
    ) -> Tried | None:
        """Return what was made, and recorded if it still could be; the claim is given back if it still holds.

        `meanwhile` is called while the receiver works, if the transport can do that. `answer` is to what is out.
        """
        claimed = turn.delivery
        try:
            return self._deliver(turn, meanwhile, answer)
        except StoreUnavailableError:
            _LOG.warning("delivery %s is left to the next server: the store is not there", claimed.id)
        except Exception as error:  # noqa: BLE001 - the thread must live; the error comes out in `raised`
            _LOG.error("a delivery could not be tried", exc_info=error)
            self._remember(error)
            self._give_up(claimed, error)
        return None

    def _deliver(self, turn: Turn, meanwhile: Callable[[], None] | None, answer: Reply | None) -> Tried | None:
        started = turn.started
        if started is None or (turn.underway is None and not self._is_fresh(turn.delivery, started)):
            started = self._insist(lambda: self._start(turn.delivery))
        if started is None:
            return None
        watch = Deadline(self._engine.provider.timeout)
        result = answer or self._answer(started.outgoing, turn.underway, meanwhile)
        held = watch.elapsed()
        attempt = self._insist(lambda: self._engine.finish(started, result, is_held=lambda: self._has(turn.delivery)))
        if attempt.exception is not None:
            self._remember(attempt.exception)
        return Tried(attempt, started.webhook.url, held)

    def _insist(self, step: Callable[[], T]) -> T:
        """Return what `step` returns once the store is there."""
        while True:
            try:
                return step()
            except StoreUnavailableError as error:
                self._wait(error)

    def _start(self, claimed: DeliveryRecord) -> Started | None:
        """Compose the request, unless the delivery has been forgotten, stopped, put off or taken over since then."""
        store = self._engine.store
        with store.transaction():  # a reset must not come in between, or what it forgot would come back
            if not self._has(claimed):
                return None
            delivery = store.delivery(claimed.id) if store.holds(claimed.id) else None
            if delivery is not None and delivery.state is DeliveryState.PENDING and delivery.due is not None:
                return self._engine.start(delivery)
            store.release(claimed.id)
        return None

    def _is_fresh(self, claimed: DeliveryRecord, prepared: Started) -> bool:
        """Return whether the same request would be made now."""
        store, delivery, webhook = self._engine.store, prepared.delivery, prepared.webhook
        return (
            self._has(claimed)
            and store.holds(delivery.id)
            and store.delivery(delivery.id) == delivery
            and store.webhook(webhook.id) == webhook
            and abs(self._engine.clock.now() - prepared.at) < FRESH
        )

    def _answer(
        self, outgoing: Outgoing, underway: Underway | None, meanwhile: Callable[[], None] | None
    ) -> Reply | DeliveryError:
        """Send the request, unless it is underway, and return what comes of it."""
        timeout = self._engine.provider.timeout
        try:
            if underway is None and meanwhile is not None and self._begin is not None:
                underway = self._begin(outgoing, timeout)
                if underway is not None:
                    meanwhile()
            return self._transport.send(outgoing, timeout) if underway is None else underway.finish()
        except DeliveryError as error:
            return error
        except Exception as error:  # noqa: BLE001 - an attempt that cannot be made has failed; the ladder goes on
            _LOG.error("an attempt could not be made", exc_info=error)
            self._remember(error)
            return DeliveryError(f"it could not be sent: {type(error).__name__}: {error}")

    def _give_up(self, delivery: DeliveryRecord, error: Exception) -> None:
        """Discard what cannot be tried, or not be recorded; an attempt that is recorded has been ended by that.

        Where it cannot be discarded, the claim stays, so that nobody tries for ever.
        """
        store = self._engine.store
        with suppress(Exception), store.transaction():
            current = store.delivery(delivery.id)
            if not self._has(delivery) or (current is not None and len(current.attempts) > len(delivery.attempts)):
                return
            if current is not None and current.state is DeliveryState.PENDING:
                self._engine.discard(current, f"it could not be tried: {type(error).__name__}: {error}")
            store.release(delivery.id)
