"""Tries the events of a causal chain in other orders and with gaps, each time on a fresh consumer."""

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
"""An event type, or one with overrides."""

Chain: TypeAlias = Callable[[Mockstore], object] | Sequence[Link]
"""What causes the events: a function of a Mockstore, or the events themselves."""

_REFUSED: Final = range(300, 500)
_MINUTE: Final = timedelta(minutes=1)


class Exploration(Struct, frozen=True):
    """What came of it, when nothing broke."""

    events: tuple[str, ...]
    """The chain's event types, in the causal order."""
    tried: int
    """In how many orders they came."""


class BrokenOrderError(AssertionError):
    """An order of arrival breaks the consumer; `order` is the smallest that was found, as positions in the chain."""

    def __init__(self, message: str, order: Order, events: Sequence[str]) -> None:
        super().__init__(message)
        self.order = order
        self.events = tuple(events)


class Outcome(Struct, frozen=True):
    """How a consumer stood after an order: what its probe says, or what went wrong before."""

    state: Json = None
    trouble: str = ""
    refusals: tuple[tuple[int, str], ...] = ()
    """What it refused: the positions in the chain, and what was answered."""


class Explorer:
    """Tries one consumer with one chain."""

    def __init__(  # noqa: PLR0913 - what there is to know of a consumer
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
        self.events = self._types()

    def run(self) -> Exploration:
        """Try the orders; raise `BrokenOrderError` with the smallest that breaks the consumer.

        The causal order comes first: a consumer that does not take that one, or a probe that does not see it, tells
        nothing of the others.
        """
        __tracebackhide__ = True
        self._check_causal()
        tried = 0
        for order in orders(len(self.events), Chance(self._seed).dice):
            tried += 1
            if self.breaks(order):
                smallest = shrunk(order, self.breaks)
                raise BrokenOrderError(self._told(smallest, tried), smallest, [self.events[one] for one in smallest])
        return Exploration(self.events, tried)

    def breaks(self, order: Order) -> bool:
        """Tell whether the consumer crashes, or ends otherwise or refuses more than in the causal order of the same."""
        found, causal = self._outcome(order), self._outcome(tuple(sorted(order)))
        return bool(found.trouble or _refused_more(found, causal)) or found.state != causal.state

    def _check_causal(self) -> None:
        """Raise unless the consumer takes the whole chain in the causal order, and the probe shows that it did."""
        __tracebackhide__ = True
        order = tuple(range(len(self.events)))
        found = self._outcome(order)
        if found.refusals or found.trouble:
            raise BrokenOrderError(self._causal_trouble(found), order, self.events)
        if found.state == self._fresh_state():
            raise InvalidInputError(
                f"the probe says {quoted(found.state)} of a fresh consumer and after the whole chain "
                f"({', '.join(self.events)}): it must return something that these events change",
                field="probe",
            )

    def _causal_trouble(self, found: Outcome) -> str:
        answers = {answer for _, answer in found.refusals}
        if not found.trouble and len(found.refusals) == len(self.events) and len(answers) == 1:
            what = f"every event {answers.pop()}"
        else:
            what = found.trouble or ", ".join(f"{self.events[place]} {answer}" for place, answer in found.refusals)
        hint = ": is the secret or the path right?" if found.refusals else ""
        return f"in the causal order already, {what}{hint}\nThe consumer has to take the chain in order first."

    def _fresh_state(self) -> Json:
        try:
            return self._probe(self._app_factory())
        except Exception as error:  # noqa: BLE001 - a probe may need what the first event makes
            return error

    def _outcome(self, order: Order) -> Outcome:
        if order not in self._known:
            self._known[order] = self._try(order)
        return self._known[order]

    def _try(self, order: Order) -> Outcome:
        app = self._app_factory()
        with self._mockstore() as mock:
            mock.subscribe(app, secret=self._secret, path=self._path)
            self._cause(mock)
            refusals: list[tuple[int, str]] = []
            for place, delivery in zip(order, mock.release(order=order), strict=True):
                for attempt in delivery.attempts:
                    if attempt.reply is None or attempt.reply.status > _REFUSED[-1]:
                        return Outcome(trouble=f"{delivery.type} {_answer(attempt)}")
                    if attempt.reply.status in _REFUSED:
                        refusals.append((place, _answer(attempt)))
            kept = tuple(sorted(refusals))
            try:
                return Outcome(self._probe(app), refusals=kept)
            except AssertionError as error:
                return Outcome(trouble=f"the probe refused the state: {error}", refusals=kept)

    def _types(self) -> tuple[str, ...]:
        with self._mockstore() as mock:
            mock.subscribe(lambda _: 204, secret=self._secret)
            self._cause(mock)
            types = tuple(one.type for one in mock.deliveries if one.record.state is DeliveryState.HELD)
        if not types:
            raise InvalidInputError("the chain causes no event; emit some, or use the shop's verbs", field="chain")
        return types

    def _mockstore(self) -> Mockstore:
        return Mockstore.in_process(seed=self._seed, provider=self._provider, strict=False, raise_errors=False)

    def _cause(self, mock: Mockstore) -> None:
        mock.hold()
        if callable(self._chain):
            self._chain(mock)
            return
        for link in self._chain:
            event_type, overrides = (link, None) if isinstance(link, str) else link
            mock.emit(event_type, overrides)
            mock.advance(_MINUTE)

    def _refusal(self, found: Outcome, causal: Outcome) -> str:
        return next((f"{self.events[place]} {answer}" for place, answer in _refused_more(found, causal)), "")

    def _told(self, order: Order, tried: int) -> str:
        found, causal = self._outcome(order), self._outcome(tuple(sorted(order)))
        listed = "\n".join(f"  {place + 1}. of the chain: {self.events[place]}" for place in order)
        ends = found.trouble or self._refusal(found, causal) or f"the probe says {quoted(found.state)}"
        missing = len(self.events) - len(order)
        gaps = f"; {missing} of {len(self.events)} events of the chain are not needed for it" if missing else ""
        lines = [f"the smallest order of {tried} that breaks the consumer{gaps}:", listed, f"  then {ends}"]
        if not (found.trouble or _refused_more(found, causal)):
            lines.append(f"  in the causal order the same events end in {quoted(causal.state)}")
        lines.append("Let a state only move forward, or compare the time in the event.")
        return "\n".join(lines)


def _refused_more(found: Outcome, causal: Outcome) -> Sequence[tuple[int, str]]:
    """Return what was refused that is taken in the causal order of the same events."""
    return [one for one in found.refusals if one not in causal.refusals]


def _answer(attempt: Attempt) -> str:
    answer = f"answered {attempt.status or attempt.outcome}"
    return f"was {answer}" + (f": {attempt.error}" if attempt.error not in (None, answer) else "")
