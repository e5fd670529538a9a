"""The user of Locust. Importing this imports Locust, which patches the standard library: for its own processes only."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, ClassVar

import gevent  # type: ignore[import-untyped] # it ships no types
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped] # likewise
from gevent.pool import Group  # type: ignore[import-untyped] # likewise
from locust import User, task  # first: what comes below has to meet the patched sockets
from locust.exception import StopUser
from msgspec.structs import replace

from mockstore.delivery.judge import Verdict, judge
from mockstore.delivery.schedule import policy
from mockstore.errors import DeliveryError, InvalidInputError
from mockstore.events import EventFactory
from mockstore.load.stream import USUAL, Letter, Mix, Sender, Stream, streams
from mockstore.model import Outcome, Reply
from mockstore.provider import petstore
from mockstore.signing import scheme_named
from mockstore.world.clock import wall_time
from mockstore.world.transports.address_policy import beyond_metadata
from mockstore.world.transports.http import HttpTransport
from mockstore.world.transports.rules import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from locust.env import Environment

FIRST = "EVENT"
AGAIN = "RETRY"
TWICE = "DUPLICATE"
FORGERY = "FORGED"
"""What Locust shows as the type of a request; its name is the type of the event."""


class NotAcknowledgedError(Exception):
    """An attempt was answered with something else than 2xx, or not in time."""


class ForgeryAcceptedError(Exception):
    """The consumer acknowledged a forged event: it does not verify signatures."""


def arrivals(rate: float) -> Callable[[WebhookUser], float]:
    """Return a `wait_time`: `rate` events per second of each user, however long the answers take.

    The n-th event is due n / rate seconds after the first; a user that is late catches up.
    """
    return lambda user: user.seconds_until(user.made / rate)


class WebhookUser(User):
    """Sends signed events to the consumer at `host`, with duplicates and retries, as a sender in production does.

    Set what differs in a subclass. Each delivery runs on its own, so a slow consumer slows no arrival down until
    `most_under_way` attempts are waiting for an answer. Every user has a stream of its own, from the one `seed`.
    """

    abstract = True
    wait_time = arrivals(1.0)

    secret: str = ""
    """What the consumer verifies with."""
    events: Mapping[str, float] = USUAL
    """The event types and their weights."""
    path: str = ""
    """Where the consumer takes webhooks, below `host`."""
    signatures: Sequence[str] = ("petstore",)
    """Names of the schemes that sign each delivery."""
    duplicates: float = 0.01
    """The share of events that come again after they were acknowledged, as after a lost answer."""
    forged: float = 0.0
    """The share of events without a genuine signature; each that is acknowledged is a failure."""
    retries: Sequence[timedelta | float] = (1, 5, 15)
    """The waits, in seconds, before a failed attempt is tried again: shorter than the Petstore's: runs are."""
    seed: int | None = 0
    """The same seed gives the same course and the same payloads, but for ids and times; None is random."""
    most_under_way: int = 1000
    """How many attempts of a user may wait for an answer at once."""
    most: int | None = None
    """How many events a user sends before it ends; None is no limit."""
    lasting: timedelta | None = None
    """How long a user sends before it ends; None is no limit."""

    _numbers: ClassVar[Iterator[int]] = count()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if not self.secret:
            raise InvalidInputError(f"{type(self).__name__} has no secret; set what the consumer verifies with")
        if not self.host:
            raise InvalidInputError(f"{type(self).__name__} has no host; say --host URL")
        schemes = tuple(scheme_named(name).name for name in self.signatures)
        self._rules = replace(petstore(), schedule=policy(self.retries), signatures=schemes)
        self._sender = Sender(self._rules, self.host.rstrip("/") + self.path if self.path else self.host, self.secret)
        self._stream = self._own_stream()
        self._transport = HttpTransport(reach=beyond_metadata)
        self._under_way = Group()
        self._room = BoundedSemaphore(self.most_under_way)
        self._since: Deadline | None = None
        self.made = 0
        """How many events it has made."""

    @property
    def worker(self) -> int:
        """The number of the process that it runs in, from 0."""
        return getattr(self.environment.runner, "worker_index", 0)

    @property
    def elapsed(self) -> float:
        """The seconds since its first event."""
        return 0.0 if self._since is None else self._since.elapsed().total_seconds()

    @task
    def emit(self) -> None:
        """Send the next event, without waiting for its answer; end when that was the last."""
        if self._since is None:
            self._since = Deadline(self._rules.timeout)
        if self._is_over():
            self.sent_all()
            self._under_way.join()
            raise StopUser
        self._room.wait()
        letter = self._stream.next(wall_time())
        self.made += 1
        self.sends(letter)
        self._under_way.spawn(self._attempt, letter, 1, FORGERY if letter.plan.forgery else FIRST)

    def seconds_until(self, offset: float) -> float:
        """Return how long it is until so many seconds after its first event; 0 when that is past."""
        return max(0.0, offset - self.elapsed)

    def on_stop(self) -> None:
        """Let what is under way end, for as long as Locust's `--stop-timeout` allows."""
        self._under_way.join(timeout=self.environment.stop_timeout or 0)
        self._under_way.kill()
        self._transport.close()

    # ---- what a subclass may watch ----

    def sends(self, letter: Letter) -> None:
        """Hear that an event sets out for the first time."""

    def sent_all(self) -> None:
        """Hear that the last event was sent; some may still be under way."""

    def judged(self, letter: Letter, kind: str, verdict: Verdict, took: timedelta) -> None:
        """Hear of an attempt; this tells Locust."""
        failure = _failure(kind, verdict)
        self.environment.events.request.fire(
            request_type=kind,
            name=letter.plan.type,
            response_time=took.total_seconds() * 1000,
            response_length=0,
            exception=failure,
            context=self.context(),
            url=self._sender.url,
        )

    def gave_up(self, letter: Letter) -> None:
        """Hear that the last attempt of a genuine event has failed: it is lost."""

    # ---- one delivery ----

    def _attempt(self, letter: Letter, number: int, kind: str) -> None:
        with self._room:
            verdict, took = self._exchange(letter, number)
        self.judged(letter, kind, verdict, took)
        if kind in (FORGERY, TWICE):
            return
        acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
        waits = self._rules.schedule.waits
        if acknowledged and letter.plan.twice:
            self._later(waits[0].total_seconds() if waits else 0, letter, number + 1, TWICE)
        elif not acknowledged and number <= len(waits):
            self._later(waits[number - 1].total_seconds(), letter, number + 1, AGAIN)
        elif not acknowledged:
            self.gave_up(letter)

    def _exchange(self, letter: Letter, number: int) -> tuple[Verdict, timedelta]:
        request = self._sender.request(letter, number, wall_time())
        watch = Deadline(self._rules.timeout)
        answer: Reply | DeliveryError
        try:
            answer = self._transport.send(request, self._rules.timeout)
        except DeliveryError as error:
            answer = error
        return judge(answer, self._rules), answer.took if isinstance(answer, Reply) else watch.elapsed()

    def _later(self, seconds: float, letter: Letter, number: int, kind: str) -> None:
        self._under_way.add(gevent.spawn_later(seconds, self._attempt, letter, number, kind))

    # ---- what it sends ----

    def _is_over(self) -> bool:
        if self.most is not None and self.made >= self.most:
            return True
        return self.lasting is not None and self.elapsed >= self.lasting.total_seconds()

    def _own_stream(self) -> Stream:
        mix = Mix(self.events, self.duplicates, self.forged)
        for event_type in self.events:
            self._rules.catalogue.check_type(event_type)
        course, content = streams(self.seed, self.worker, next(self._numbers))
        return Stream(mix, EventFactory(self._rules.catalogue), course.dice, content.dice)


def _failure(kind: str, verdict: Verdict) -> Exception | None:
    acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
    if kind == FORGERY:
        return ForgeryAcceptedError("a forged event was acknowledged") if acknowledged else None
    return None if acknowledged else NotAcknowledgedError(verdict.error or verdict.outcome)
