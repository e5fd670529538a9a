"""What our locustfile adds to `WebhookUser`: command-line options, counts, progress reports, and an end of the run."""

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
from mockstore.load.user import DUPLICATE, FORGED, RETRY, WebhookUser, arrivals
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
    from mockstore.load.stream import PlannedEvent
    from mockstore.model import Json

MESSAGE_TYPE = "mockstore_tally"
REPORT_INTERVAL = 0.5
"""Seconds between two reports of a process."""

_KINDS = {RETRY: counted.RETRIES, DUPLICATE: counted.DUPLICATES}


def add_options(parser: LocustArgumentParser) -> None:
    """Add the options of `ConfiguredUser` to Locust's command line and web page."""
    parser.add_argument(
        "--webhook-secret", env_var="WEBHOOK_SECRET", default="", is_secret=True, help="The secret that signs events."
    )
    parser.add_argument("--webhook-events", default="", help="Types and weights: order.created=3,pet.adopted=1")
    parser.add_argument("--webhook-signatures", default="petstore", help="Schemes that sign, with commas.")
    parser.add_argument("--webhook-duplicates", type=float, default=0.01, help="Share of events that come twice.")
    parser.add_argument("--webhook-forged", type=float, default=0.0, help="Share of events with no genuine signature.")
    parser.add_argument("--webhook-retries", default="1s,5s,15s", help="Waits before a failed attempt is tried again.")
    parser.add_argument("--webhook-seed", type=int, default=0, help="The same seed gives the same course.")
    parser.add_argument("--webhook-rate", type=float, default=1.0, help="Events a second of each user.")
    parser.add_argument("--webhook-count", type=int, default=0, help="Events of all users; 0 is no limit.")
    parser.add_argument("--webhook-for", default="", help="How long events are sent; empty is no limit.")
    parser.add_argument(
        "--webhook-report",
        type=int,
        default=-1,
        include_in_web_ui=False,
        help="The file descriptor to write progress to.",
    )


class ProcessReport:
    """The counts and the progress of the users in this process."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.users: list[ConfiguredUser] = []

    def of(self, event: PlannedEvent) -> Tally:
        """Return the tally of the event's type."""
        return self.tallies.setdefault(event.plan.type, Tally())

    def document(self) -> dict[str, Json]:
        """Return the report as JSON, to be sent to the `Reporter`."""
        return {
            "types": {name: tally.document() for name, tally in self.tallies.items()},
            "rate": sum(user.made / user.sent_for for user in self.users if user.sent_for),
            "done": bool(self.users) and all(user.done for user in self.users),
        }


class ConfiguredUser(WebhookUser):
    """A user that takes its settings from the command line, and counts its events and attempts."""

    abstract = True
    process_report: ClassVar = ProcessReport()

    def __init__(self, environment: Environment) -> None:
        options = environment.parsed_options
        if options is not None:
            self._configure(options)
        super().__init__(environment)
        if options is not None and options.webhook_count:
            self.most = share_of(options.webhook_count, options.num_users or 1, self.worker)
        self.done = False
        self.process_report.users.append(self)
        self._sent_for: float | None = None
        self._last_at = 0.0

    def _configure(self, options: Namespace) -> None:
        self.secret = options.webhook_secret or self.secret
        self.events = weights(options.webhook_events, petstore().catalogue) or self.events
        self.signatures = tuple(name.strip() for name in options.webhook_signatures.split(","))
        self.duplicates, self.forged = options.webhook_duplicates, options.webhook_forged
        self.retries = parse_schedule(options.webhook_retries).waits
        self.seed = options.webhook_seed
        self.lasting = parse_duration(options.webhook_for) if options.webhook_for else None
        self._pace = arrivals(options.webhook_rate)

    @property
    def sent_for(self) -> float:
        """The seconds from its first event until now, or until it stopped sending."""
        return self.elapsed if self._sent_for is None else self._sent_for

    def wait_time(self) -> float:
        """Return the seconds until the next event is due."""
        return self._pace(self)

    def on_stop(self) -> None:
        """Stop the user, and record that it is done."""
        if self._sent_for is None:  # stopped by Locust: the time after the last event does not count
            self._sent_for = self._last_at
        super().on_stop()
        self.done = True

    def sends(self, event: PlannedEvent) -> None:
        """Count the event before its first attempt, so that an event without a response is counted too."""
        self._last_at = self.elapsed
        self.process_report.of(event).count(counted.FORGED if event.plan.forgery else counted.EVENTS)

    def sent_all(self) -> None:
        """Record how long it has sent."""
        self._sent_for = self.sent_for

    def judged(self, event: PlannedEvent, kind: str, verdict: Verdict, took: timedelta) -> None:
        """Count the attempt, in addition to reporting it to Locust."""
        super().judged(event, kind, verdict, took)
        tally = self.process_report.of(event)
        acknowledged = verdict.outcome is Outcome.ACKNOWLEDGED
        if kind == FORGED:
            tally.count(counted.FORGED_ACCEPTED if acknowledged else counted.FORGED_TURNED_AWAY)
            return
        tally.count(counted.ATTEMPTS)
        if kind in _KINDS:
            tally.count(_KINDS[kind])
        if not acknowledged:
            tally.count(verdict.outcome)
        elif kind != DUPLICATE:
            tally.count(counted.DELIVERED)
        if verdict.outcome in (Outcome.ACKNOWLEDGED, Outcome.REFUSED):
            tally.add_time(took)

    def gave_up(self, event: PlannedEvent) -> None:
        """Count the event as lost."""
        self.process_report.of(event).count(counted.LOST)


class Reporter:
    """Collects the reports of all processes, writes the progress to a file, and ends the run when all are done."""

    def __init__(self, runner: Runner, processes: int, descriptor: int) -> None:
        self._runner = runner
        self._processes = processes
        self._descriptor = descriptor
        self._reports: dict[str, Json] = {}
        self._ending = False

    def on_message(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - as Locust calls it
        """Handle the report of a worker process."""
        self.update(msg.node_id, msg.data)

    def update(self, process: str, report: Json) -> None:
        """Store the newest report of a process, write the progress, and end the run when all processes are done."""
        self._reports[process] = report
        if sum(one["done"] for one in self._reports.values()) == self._processes:
            self._end()
        self.write()

    def write(self, **_: Any) -> None:  # noqa: ANN401 - as Locust calls it
        """Write the progress of all processes as one line of JSON."""
        tallies = merged(
            {name: Tally.read(one) for name, one in report["types"].items()} for report in self._reports.values()
        )
        line = {
            "types": {name: tally.document() for name, tally in tallies.items()},
            "rate": sum(report["rate"] for report in self._reports.values()),
            "done": self._ending,
        }
        try:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        except OSError:  # the reader has closed the pipe
            self._end()

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            gevent.spawn(self._runner.quit)  # in another greenlet, since `quit` ends the one that calls this


def on_init(environment: Environment, runner: Runner, **_: Any) -> None:  # noqa: ANN401 - as Locust calls it
    """Start the reports of this process if `--webhook-report` is given; a listener of Locust's event `init`."""
    options = environment.parsed_options
    if options is None or options.webhook_report < 0:
        return
    if isinstance(runner, WorkerRunner):
        _repeat(runner, partial(_send, runner))
        environment.events.test_stop.add_listener(lambda **_: _send(runner))  # type: ignore[no-untyped-call] # Locust's
        return
    reporter = Reporter(runner, options.num_users or 1, options.webhook_report)
    if isinstance(runner, MasterRunner):
        runner.register_message(MESSAGE_TYPE, reporter.on_message)
        environment.events.quit.add_listener(reporter.write)  # type: ignore[no-untyped-call] # Locust's
        return

    def own(**_: Any) -> None:  # noqa: ANN401 - as Locust calls it
        reporter.update("here", ConfiguredUser.process_report.document())

    _repeat(runner, own)
    environment.events.quit.add_listener(own)  # type: ignore[no-untyped-call] # Locust's


def _send(runner: WorkerRunner) -> None:
    runner.send_message(MESSAGE_TYPE, ConfiguredUser.process_report.document())


def _repeat(runner: Runner, do: Callable[[], None]) -> None:
    """Call `do` every `REPORT_INTERVAL` seconds until the runner stops."""

    def run() -> None:
        do()
        runner.greenlet.add(gevent.spawn_later(REPORT_INTERVAL, run))

    runner.greenlet.add(gevent.spawn_later(REPORT_INTERVAL, run))


def share_of(count: int, users: int, index: int) -> int:
    """Return how many of `count` events the user with this index (from 0) sends; the sum over all users is `count`."""
    return count // users + (index < count % users)
