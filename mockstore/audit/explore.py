"""Delivers a chain of events in other orders and with gaps, each time to a new consumer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias

from msgspec import Struct

from mockstore.audit.judging import quoted
from mockstore.audit.orders import Order, orders, shrunk
from mockstore.errors import InvalidInputError
from mockstore.model import Attempt, DeliveryState, Json
from mockstore.provider import Provider
from mockstore.receivers import DEFAULT_PATH
from mockstore.service import Mockstore
from mockstore.world.clock import Chance

Link: TypeAlias = str | tuple[str, Mapping[str, Json]]
"""An event type, or a pair of event type and overrides of its data."""

Chain: TypeAlias = Callable[[Mockstore], object] | Sequence[Link]
"""A function that causes the events on a Mockstore, or a list of the events."""

_REFUSED: Final = range(300, 500)
_MINUTE: Final = timedelta(minutes=1)


class Exploration(Struct, frozen=True):
    """The result when no order broke the consumer."""

    events: tuple[str, ...]
    """The event types of the chain, in the order in which they happened."""
    tried: int
    """How many orders were tried."""


class BrokenOrderError(AssertionError):
    """An order of arrival breaks the consumer.

    `order` is the smallest one found, as positions in the chain from 0; `events` are their types.
    """

    def __init__(self, message: str, order: Order, events: Sequence[str]) -> None:
        super().__init__(message)
        self.order = order
        self.events = tuple(events)


class Outcome(Struct, frozen=True):
    """The state of a consumer after one order: the reading of its probe, or what failed."""

    state: Json = None
    failure: str = ""
    refusals: tuple[tuple[int, str], ...] = ()
    """The refused events: position in the chain, and the answer."""


class Explorer:
    """Explores the orders of one chain with one consumer. `app_factory` makes a new consumer for each order."""

    def __init__(  # noqa: PLR0913 - each argument describes the consumer
        self,
        app_factory: Callable[[], Any],
        chain: Chain,
        probe: Callable[[Any], Json],
        *,
        secret: str,
        provider: Provider | None = None,
        path: str = DEFAULT_PATH,
        seed: int = 0,
    ) -> None:
        self._app_factory = app_factory
        self._chain = chain
        self._probe = probe
        self._secret = secret
        self._provider = provider
        self._path = path
        self._seed = seed
        self._known: dict[Order, Outcome] = {}
        self.events = self._event_types()

    def run(self) -> Exploration:
        """Try the orders; raise `BrokenOrderError` with the smallest one that breaks the consumer.

        The causal order is tried first. Raises `BrokenOrderError` when the consumer fails in that one already, and
        `InvalidInputError` when it does not change the probe: then the other orders prove nothing.
        """
        __tracebackhide__ = True
        self._check_causal()
        tried = 0
        for order in orders(len(self.events), Chance(self._seed).dice):
            tried += 1
            if self.breaks(order):
                smallest = shrunk(order, self.breaks)
                raise BrokenOrderError(self._report(smallest, tried), smallest, [self.events[one] for one in smallest])
        return Exploration(self.events, tried)

    def breaks(self, order: Order) -> bool:
        """Tell whether this order breaks the consumer.

        It does if the consumer fails, refuses more, or ends in another state than with the same events in causal order.
        """
        found, causal = self._outcome(order), self._outcome(tuple(sorted(order)))
        return bool(found.failure or _refused_more(found, causal)) or found.state != causal.state

    def _check_causal(self) -> None:
        """Raise unless the consumer accepts the whole chain in causal order, and the probe changes."""
        __tracebackhide__ = True
        order = tuple(range(len(self.events)))
        found = self._outcome(order)
        if found.refusals or found.failure:
            raise BrokenOrderError(self._causal_failure(found), order, self.events)
        if found.state == self._fresh_state():
            raise InvalidInputError(
                f"the probe says {quoted(found.state)} of a fresh consumer and after the whole chain "
                f"({', '.join(self.events)}): it must return something that these events change",
                field="probe",
            )

    def _causal_failure(self, found: Outcome) -> str:
        answers = {answer for _, answer in found.refusals}
        if not found.failure and len(found.refusals) == len(self.events) and len(answers) == 1:
            what = f"every event {answers.pop()}"
        else:
            what = found.failure or ", ".join(f"{self.events[place]} {answer}" for place, answer in found.refusals)
        hint = ": is the secret or the path right?" if found.refusals else ""
        return f"in the causal order already, {what}{hint}\nThe consumer has to take the chain in order first."

    def _fresh_state(self) -> Json:
        try:
            return self._probe(self._app_factory())
        except Exception as error:  # noqa: BLE001 - a probe may fail before the first event
            return error

    def _outcome(self, order: Order) -> Outcome:
        if order not in self._known:
            self._known[order] = self._try(order)
        return self._known[order]

    def _try(self, order: Order) -> Outcome:
        app = self._app_factory()
        with self._mockstore() as mock:
            mock.subscribe(app, secret=self._secret, path=self._path)
            self._emit_chain(mock)
            refusals: list[tuple[int, str]] = []
            for place, delivery in zip(order, mock.release(order=order), strict=True):
                for attempt in delivery.attempts:
                    if attempt.reply is None or attempt.reply.status > _REFUSED[-1]:
                        return Outcome(failure=f"{delivery.type} {_answer_text(attempt)}")
                    if attempt.reply.status in _REFUSED:
                        refusals.append((place, _answer_text(attempt)))
            kept = tuple(sorted(refusals))
            try:
                return Outcome(self._probe(app), refusals=kept)
            except AssertionError as error:
                return Outcome(failure=f"the probe refused the state: {error}", refusals=kept)

    def _event_types(self) -> tuple[str, ...]:
        with self._mockstore() as mock:
            mock.subscribe(lambda _: 204, secret=self._secret)
            self._emit_chain(mock)
            types = tuple(one.type for one in mock.deliveries if one.record.state is DeliveryState.HELD)
        if not types:
            raise InvalidInputError("the chain causes no event; emit some, or use the shop's verbs", field="chain")
        return types

    def _mockstore(self) -> Mockstore:
        return Mockstore.in_process(seed=self._seed, provider=self._provider, strict=False, raise_errors=False)

    def _emit_chain(self, mock: Mockstore) -> None:
        mock.hold()
        if callable(self._chain):
            self._chain(mock)
            return
        for link in self._chain:
            event_type, overrides = (link, None) if isinstance(link, str) else link
            mock.emit(event_type, overrides)
            mock.advance(_MINUTE)

    def _first_refusal(self, found: Outcome, causal: Outcome) -> str:
        return next((f"{self.events[place]} {answer}" for place, answer in _refused_more(found, causal)), "")

    def _report(self, order: Order, tried: int) -> str:
        found, causal = self._outcome(order), self._outcome(tuple(sorted(order)))
        listed = "\n".join(f"  {place + 1}. of the chain: {self.events[place]}" for place in order)
        result = found.failure or self._first_refusal(found, causal) or f"the probe says {quoted(found.state)}"
        missing = len(self.events) - len(order)
        gaps = f"; {missing} of {len(self.events)} events of the chain are not needed for it" if missing else ""
        lines = [f"the smallest order of {tried} that breaks the consumer{gaps}:", listed, f"  then {result}"]
        if not (found.failure or _refused_more(found, causal)):
            lines.append(f"  in the causal order the same events end in {quoted(causal.state)}")
        lines.append("Let a state only move forward, or compare the time in the event.")
        return "\n".join(lines)


def _refused_more(found: Outcome, causal: Outcome) -> Sequence[tuple[int, str]]:
    """Return the refusals that do not happen with the same events in causal order."""
    return [one for one in found.refusals if one not in causal.refusals]


def _answer_text(attempt: Attempt) -> str:
    answer = f"answered {attempt.status or attempt.outcome}"
    return f"was {answer}" + (f": {attempt.error}" if attempt.error not in (None, answer) else "")
