"""A run of the users that ends by itself and counts: what the shipped locustfile adds to `WebhookUser`."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import gevent  # type: ignore[import-untyped] # it ships no types
from locust.runners import MasterRunner, Runner, WorkerRunner

from mockstore.delivery.schedule import parse_duration, parse_schedule
from mockstore.load import tally as counted
from mockstore.load.stream import weights
from mockstore.load.tally import Tally, merged
from mockstore.load.user import AGAIN, FORGERY, TWICE, WebhookUser, arrivals
from mockstore.model import Outcome
from mockstore.provider import petstore

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from datetime import timedelta

    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
    from locust.rpc.protocol import Message

    from mockstore.delivery.judge import Verdict
    from mockstore.load.stream import Letter
    from mockstore.model import Json

MESSAGE = "mockstore_tally"
PULSE = 0.5
"""Seconds between two reports of a process."""

_KINDS = {AGAIN: counted.RETRIES, TWICE: counted.DUPLICATES}


def add_options(parser: LocustArgumentParser) -> None:
    """Add what can be said on Locust's command line, and in its page, about the events."""
    parser.add_argument("--webhook-secret", env_var="WEBHOOK_SECRET", default="", is_secret=True, help="What signs.")
    parser.add_argument("--webhook-events", default="", help="Types and weights: order.created=3,pet.adopted=1")
    parser.add_argument("--webhook-signatures", default="petstore", help="Schemes that sign, with commas.")
    parser.add_argument("--webhook-duplicates", type=float, default=0.01, help="Share of events that come twice.")
    parser.add_argument("--webhook-forged", type=float, default=0.0, help="Share of events with no genuine signature.")
    parser.add_argument("--webhook-retries", default="1s,5s,15s", help="Waits before a failed attempt is tried again.")
    parser.add_argument("--webhook-seed", type=int, default=0, help="The same seed gives the same course.")
    parser.add_argument("--webhook-rate", type=float, default=1.0, help="Events a second of each user.")
    parser.add_argument("--webhook-count", type=int, default=0, help="Events of all users; 0 is no limit.")
    parser.add_argument("--webhook-for", default="", help="How long events are sent; empty is no limit.")
    parser.add_argument("--webhook-report", type=int, default=-1, include_in_web_ui=False, help="A file descriptor.")


class Ledger:
    """What the users of this process have counted, and how far they are."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.users: list[ToldUser] = []

    def of(self, letter: Letter) -> Tally:
        """Return the tally that the letter belongs to."""
        return self.tallies.setdefault(letter.plan.type, Tally())

    def document(self) -> dict[str, Json]:
        """Return it as it travels to whoever adds all of them up."""
        return {
            "types": {name: tally.document() for name, tally in self.tallies.items()},
            "rate": sum(user.made / user.sent_for for user in self.users if user.sent_for),
            "done": bool(self.users) and all(user.done for user in self.users),
        }


class ToldUser(WebhookUser):
    """A user that does what the options say, and counts what came of it."""

    abstract = True
    ledger: ClassVar = Ledger()

    def __init__(self, environment: Environment) -> None:
        told = environment.parsed_options
        if told is not None:
            self._obey(told)
        super().__init__(environment)
        if told is not None and told.webhook_count:
            self.most = share_of(told.webhook_count, told.num_users or 1, self.worker)
        self.done = False
        self.ledger.users.append(self)
        self._sent_for: float | None = None
        self._last_at = 0.0

    def _obey(self, told: Namespace) -> None:
        self.secret = told.webhook_secret or self.secret
        self.events = weights(told.webhook_events, petstore().catalogue) or self.events
        self.signatures = tuple(name.strip() for name in told.webhook_signatures.split(","))
        self.duplicates, self.forged = told.webhook_duplicates, told.webhook_forged
        self.retries = parse_schedule(told.webhook_retries).waits
        self.seed = told.webhook_seed
        self.lasting = parse_duration(told.webhook_for) if told.webhook_for else None
        self._pace = arrivals(told.webhook_rate)

    @property
    def sent_for(self) -> float:
        """For how many seconds it has sent, or did."""
        return self.elapsed if self._sent_for is None else self._sent_for

    def wait_time(self) -> float:
        """Return how long it is until the next event is due."""
        return self._pace(self)

    def on_stop(self) -> None:
        """Note that nothing more will come."""
        if self._sent_for is None:  # stopped from outside: nothing is known after the last event
            self._sent_for = self._last_at
        super().on_stop()
        self.done = True

    def sends(self, letter: Letter) -> None:
        """Count the event when it sets out, or one that never gets an answer would be missing."""
        self._last_at = self.elapsed
        self.ledger.of(letter).count(counted.FORGED if letter.plan.forgery else counted.EVENTS)

    def sent_all(self) -> None:
        """Note for how long it has sent."""
        self._sent_for = self.sent_for

    def judged(self, letter: Letter, kind: str, verdict: Verdict, took: timedelta) -> None:
        """Count the attempt, too."""
        super().judged(letter, kind, verdict, took)
        tally = self.ledger.of(letter)
        acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
        if kind == FORGERY:
            tally.count(counted.FORGED_ACCEPTED if acknowledged else counted.FORGED_TURNED_AWAY)
            return
        tally.count(counted.ATTEMPTS)
        if kind in _KINDS:
            tally.count(_KINDS[kind])
        if not acknowledged:
            tally.count(verdict.outcome)
        elif kind != TWICE:
            tally.count(counted.DELIVERED)
        if verdict.outcome in (Outcome.ACKNOWLEDGED, Outcome.REFUSED):
            tally.took(took)

    def gave_up(self, letter: Letter) -> None:
        """Count it as lost."""
        self.ledger.of(letter).count(counted.LOST)


class Reporter:
    """Gathers the ledgers of all processes, tells whoever has started this, and ends the run when all are done."""

    def __init__(self, runner: Runner, processes: int, descriptor: int) -> None:
        self._runner = runner
        self._processes = processes
        self._descriptor = descriptor
        self._ledgers: dict[str, Json] = {}
        self._is_ending = False

    def hear(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - as Locust calls it
        """Take the ledger of a worker."""
        self.take(msg.node_id, msg.data)

    def take(self, process: str, ledger: Json) -> None:
        """Take the newest ledger of a process."""
        self._ledgers[process] = ledger
        if sum(one["done"] for one in self._ledgers.values()) == self._processes:
            self._end()
        self.tell()

    def tell(self, **_: Any) -> None:  # noqa: ANN401 - as Locust calls it
        """Write where things stand, as one line."""
        tallies = merged(
            {name: Tally.read(one) for name, one in ledger["types"].items()} for ledger in self._ledgers.values()
        )
        line = {
            "types": {name: tally.document() for name, tally in tallies.items()},
            "rate": sum(ledger["rate"] for ledger in self._ledgers.values()),
            "done": self._is_ending,
        }
        try:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        except OSError:  # nobody listens any more
            self._end()

    def _end(self) -> None:
        if not self._is_ending:
            self._is_ending = True
            gevent.spawn(self._runner.quit)  # not from here: it ends the greenlet that calls this


def begin(environment: Environment, runner: Runner, **_: Any) -> None:  # noqa: ANN401 - as Locust calls it
    """Have every process report, when somebody has asked for it."""
    told = environment.parsed_options
    if told is None or told.webhook_report < 0:
        return
    if isinstance(runner, WorkerRunner):
        _every_pulse(runner, partial(_send, runner))
        environment.events.test_stop.add_listener(lambda **_: _send(runner))  # type: ignore[no-untyped-call] # Locust's
        return
    reporter = Reporter(runner, told.num_users or 1, told.webhook_report)
    if isinstance(runner, MasterRunner):
        runner.register_message(MESSAGE, reporter.hear)
        environment.events.quit.add_listener(reporter.tell)  # type: ignore[no-untyped-call] # Locust's
        return

    def own(**_: Any) -> None:  # noqa: ANN401 - as Locust calls it
        reporter.take("here", ToldUser.ledger.document())

    _every_pulse(runner, own)
    environment.events.quit.add_listener(own)  # type: ignore[no-untyped-call] # Locust's


def _send(runner: WorkerRunner) -> None:
    runner.send_message(MESSAGE, ToldUser.ledger.document())


def _every_pulse(runner: Runner, do: Callable[[], None]) -> None:
    """Do it again and again for as long as the runner runs."""

    def pulse() -> None:
        do()
        runner.greenlet.add(gevent.spawn_later(PULSE, pulse))

    runner.greenlet.add(gevent.spawn_later(PULSE, pulse))


def share_of(count: int, users: int, index: int) -> int:
    """Return how many of `count` events the user number `index` sends."""
    return count // users + (index < count % users)
