"""A Locust user that sends signed events. Importing this patches the standard library: do so only for Locust."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, ClassVar

import gevent  # type: ignore[import-untyped] # it ships no types
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped] # likewise
from gevent.pool import Group  # type: ignore[import-untyped] # likewise
from locust import User, task  # first: the imports below must see the patched sockets
from locust.exception import StopUser
from msgspec.structs import replace

from mockstore.delivery.judge import Verdict, judge
from mockstore.delivery.schedule import policy
from mockstore.errors import DeliveryError, InvalidInputError
from mockstore.events import EventFactory
from mockstore.load.stream import DEFAULT_WEIGHTS, Mix, PlannedEvent, Sender, Stream, streams
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
RETRY = "RETRY"
DUPLICATE = "DUPLICATE"
FORGED = "FORGED"
"""The four types of a request in the statistics of Locust; the name of a request is its event type."""


class NotAcknowledgedError(Exception):
    """An attempt got a response other than 2xx, or none in time."""


class ForgeryAcceptedError(Exception):
    """The consumer acknowledged a forged event: it does not verify signatures."""


def arrivals(rate: float) -> Callable[[WebhookUser], float]:
    """Return a `wait_time` of `rate` events per second for each user, however long the responses take.

    Event number n (from 0) is due n / rate seconds after the first; a user that is late catches up.
    """
    return lambda user: user.seconds_until(user.made / rate)


class WebhookUser(User):
    """Sends signed events to the consumer at `host`, with duplicates and retries, as a sender in production does.

    Override settings in a subclass. Events are sent without waiting for earlier responses, until `most_under_way`
    attempts wait for theirs. Each user sends different events, all derived from `seed`.
    """

    abstract = True
    wait_time = arrivals(1.0)

    secret: str = ""
    """The secret with which the consumer verifies signatures."""
    events: Mapping[str, float] = DEFAULT_WEIGHTS
    """Weights by event type."""
    path: str = ""
    """The path of the webhook endpoint, appended to `host`; empty when `host` is the whole URL."""
    signatures: Sequence[str] = ("petstore",)
    """Names of the signature schemes; each delivery is signed with all of them."""
    duplicates: float = 0.01
    """The share (0 to 1) of events that are sent again after they were acknowledged, as if the response was lost."""
    forged: float = 0.0
    """The share (0 to 1) of events without a genuine signature; an acknowledged one is a failure."""
    retries: Sequence[timedelta | float] = (1, 5, 15)
    """The waits in seconds before each retry; shorter than the Petstore's, because load tests are short."""
    seed: int | None = 0
    """The same seed gives the same events, except for ids and times; None is random."""
    most_under_way: int = 1000
    """How many attempts of a user may wait for their response at the same time."""
    most: int | None = None
    """How many events a user sends before it stops; None is no limit."""
    lasting: timedelta | None = None
    """How long a user sends before it stops; None is no limit."""

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
        self._stream = self._make_stream()
        self._transport = HttpTransport(reach=beyond_metadata)
        self._under_way = Group()
        self._slots = BoundedSemaphore(self.most_under_way)
        self._started: Deadline | None = None
        self.made = 0
        """How many events this user has made."""

    @property
    def worker(self) -> int:
        """The number of the Locust process that the user runs in, from 0."""
        return getattr(self.environment.runner, "worker_index", 0)

    @property
    def elapsed(self) -> float:
        """The seconds since the first event of the user; 0 before it."""
        return 0.0 if self._started is None else self._started.elapsed().total_seconds()

    @task
    def emit(self) -> None:
        """Send the next event without waiting for the response; after the last one, wait for all and stop the user."""
        if self._started is None:
            self._started = Deadline(self._rules.timeout)
        if self._is_over():
            self.sent_all()
            self._under_way.join()
            raise StopUser
        self._slots.wait()
        event = self._stream.next(wall_time())
        self.made += 1
        self.sends(event)
        self._under_way.spawn(self._attempt, event, 1, FORGED if event.plan.forgery else FIRST)

    def seconds_until(self, offset: float) -> float:
        """Return the seconds until `offset` seconds after the first event; 0 when that time is past."""
        return max(0.0, offset - self.elapsed)

    def on_stop(self) -> None:
        """Wait for unfinished deliveries, at most as long as Locust's `--stop-timeout` allows, and kill the rest."""
        self._under_way.join(timeout=self.environment.stop_timeout or 0)
        self._under_way.kill()
        self._transport.close()

    # ---- hooks for subclasses ----

    def sends(self, event: PlannedEvent) -> None:
        """Handle the start of an event, before its first attempt."""

    def sent_all(self) -> None:
        """Handle the end of sending; responses and retries may still be outstanding."""

    def judged(self, event: PlannedEvent, kind: str, verdict: Verdict, took: timedelta) -> None:
        """Handle the result of an attempt: report it to Locust. An override must call `super`.

        `kind` is one of `FIRST`, `RETRY`, `DUPLICATE` and `FORGED`; `took` is the time to the response or error.
        """
        failure = _failure(kind, verdict)
        self.environment.events.request.fire(
            request_type=kind,
            name=event.plan.type,
            response_time=took.total_seconds() * 1000,
            response_length=0,
            exception=failure,
            context=self.context(),
            url=self._sender.url,
        )

    def gave_up(self, event: PlannedEvent) -> None:
        """Handle the loss of a genuine event, after its last attempt has failed."""

    # ---- one delivery ----

    def _attempt(self, event: PlannedEvent, number: int, kind: str) -> None:
        with self._slots:
            verdict, took = self._exchange(event, number)
        self.judged(event, kind, verdict, took)
        if kind in (FORGED, DUPLICATE):
            return
        acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
        waits = self._rules.schedule.waits
        if acknowledged and event.plan.twice:
            self._schedule(waits[0].total_seconds() if waits else 0, event, number + 1, DUPLICATE)
        elif not acknowledged and number <= len(waits):
            self._schedule(waits[number - 1].total_seconds(), event, number + 1, RETRY)
        elif not acknowledged:
            self.gave_up(event)

    def _exchange(self, event: PlannedEvent, number: int) -> tuple[Verdict, timedelta]:
        request = self._sender.request(event, number, wall_time())
        deadline = Deadline(self._rules.timeout)
        answer: Reply | DeliveryError
        try:
            answer = self._transport.send(request, self._rules.timeout)
        except DeliveryError as error:
            answer = error
        return judge(answer, self._rules), answer.took if isinstance(answer, Reply) else deadline.elapsed()

    def _schedule(self, seconds: float, event: PlannedEvent, number: int, kind: str) -> None:
        self._under_way.add(gevent.spawn_later(seconds, self._attempt, event, number, kind))

    # ---- the events ----

    def _is_over(self) -> bool:
        if self.most is not None and self.made >= self.most:
            return True
        return self.lasting is not None and self.elapsed >= self.lasting.total_seconds()

    def _make_stream(self) -> Stream:
        mix = Mix(self.events, self.duplicates, self.forged)
        for event_type in self.events:
            self._rules.catalogue.check_type(event_type)
        course, content = streams(self.seed, self.worker, next(self._numbers))
        return Stream(mix, EventFactory(self._rules.catalogue), course.dice, content.dice)


def _failure(kind: str, verdict: Verdict) -> Exception | None:
    acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
    if kind == FORGED:
        return ForgeryAcceptedError("a forged event was acknowledged") if acknowledged else None
    return None if acknowledged else NotAcknowledgedError(verdict.error or verdict.outcome)
