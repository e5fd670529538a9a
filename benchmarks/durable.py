"""Kills servers while they emit and retry events, restarts them, and checks that no event was lost.

`python -m benchmarks.durable --rounds 100` uses a temporary SQLite file; `--database` names another database, and
`--servers` says how many servers share it (PostgreSQL).
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

from benchmarks.processes import ServerProcess, Sink
from mockstore.model import DeliveryRecord, DeliveryState
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database

WAITS: Final = (timedelta(seconds=1), timedelta(seconds=1))
"""The waits before retries, as the servers are configured."""
LONGEST: Final = 1.0
"""The longest time in seconds before a server is killed."""
EMITTERS: Final = 2
"""Threads that emit events, for each server."""
PAUSE: Final = 0.01
"""Seconds between two events of one thread."""
PATIENCE: Final = 60
"""How many times to check after the last kill whether all deliveries are complete; a check takes a second or more."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The result. The last four fields are mistakes, as text."""

    kills: int
    promised: int
    """Events whose request was accepted (202)."""
    unsure: int
    """Requests to emit that failed or got no response: the event may have been stored or not."""
    received: int
    """Requests that the receiver got."""
    attempts: int
    """Attempts in the database."""
    lost: tuple[str, ...]
    """Accepted events that are not in the database, or were never received."""
    doubled: tuple[str, ...]
    """Events that were accepted twice, and deliveries whose attempts are not numbered 1, 2, 3, …."""
    early: tuple[str, ...]
    """Retries that were sent or received before they were due."""
    unfinished: tuple[str, ...]
    """Deliveries that are not DELIVERED at the end."""

    @property
    def mistakes(self) -> tuple[str, ...]:
        """All mistakes."""
        return (*self.lost, *self.doubled, *self.early, *self.unfinished)


@dataclass
class Answers:
    """The responses that one emitting thread got."""

    promised: list[str] = field(default_factory=list)
    """Ids of the accepted events."""
    unsure: int = 0
    """How many requests failed or got no response."""


class KillTest:
    """Servers that share a database, threads that emit events at them, and a method that kills servers."""

    def __init__(self, database: str, servers: int, dice: random.Random) -> None:
        self._database = database
        self._dice = dice
        self._over = Event()
        self._answers = [Answers() for _ in range(servers * EMITTERS)]
        self.servers = [ServerProcess(database) for _ in range(servers)]
        self.kills = 0

    def wait_for_a_promise(self) -> None:
        """Return when an event was accepted, so that there is something to lose; give up after a minute."""
        for _ in range(int(60 / PAUSE)):
            if self.promised:
                return
            self._over.wait(PAUSE)

    def round(self) -> None:
        """Wait for a random time, kill one server or all, and restart those that were killed."""
        self._over.wait(self._dice.uniform(0.05, LONGEST))
        one = self._dice.randrange(len(self.servers))
        for at in {one} if self._dice.random() < 2 / 3 else range(len(self.servers)):
            self.servers[at].kill()
            self.kills += 1
        for at, server in enumerate(self.servers):
            if server.process.returncode is not None:
                self.servers[at] = ServerProcess(self._database)

    @contextmanager
    def emitting(self) -> Iterator[None]:
        """Emit events at all servers inside the `with` block."""
        threads = [
            Thread(target=self._emit, args=(at, answers), daemon=True) for at, answers in enumerate(self._answers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _emit(self, at: int, answers: Answers) -> None:
        while not self._over.wait(PAUSE):
            try:
                status, answer = self.servers[at % len(self.servers)].call(
                    "POST", "/_mockstore/emit", {"type": "order.created"}, timeout=5
                )
            except (OSError, HTTPException, ValueError):
                answers.unsure += 1
                continue
            if status == 202:  # noqa: PLR2004 - accepted
                answers.promised.append(answer["data"][0]["id"])
            else:
                answers.unsure += 1

    def wait(self) -> None:
        """Return when no delivery is pending; give up after `PATIENCE` checks, each of which takes a second or more."""
        for _ in range(PATIENCE):
            with suppress(OSError, HTTPException):
                self.servers[0].call("POST", "/_mockstore/settle", {"timeoutSeconds": 5})
                _, answer = self.servers[0].call("GET", "/_mockstore/deliveries?state=pending&limit=1")
                if not answer["pagination"]["totalItems"]:
                    return
            Event().wait(1)

    def close(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            if server.process.returncode is None:
                server.stop()

    @property
    def promised(self) -> list[str]:
        """The ids of the accepted events."""
        return [id_ for answers in self._answers for id_ in answers.promised]

    @property
    def unsure(self) -> int:
        """How many requests failed or got no response."""
        return sum(answers.unsure for answers in self._answers)


def killed(
    database: str,
    *,
    rounds: int,
    servers: int = 1,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _text: None,
) -> Findings:
    """Kill servers in `rounds`, let the last ones finish their deliveries, and return the findings.

    `tell` is called with texts about the progress.
    """
    sink = Sink()
    with sink.listening() as url, ExitStack() as stack:
        test = KillTest(database, servers, random.Random(seed))  # noqa: S311 - when to kill
        stack.callback(test.close)
        test.servers[0].call("POST", "/v1/webhooks", {"url": url, "events": ["*"]})
        with test.emitting():
            test.wait_for_a_promise()
            for number in range(1, rounds + 1):
                test.round()
                if not number % 10:
                    tell(f"{number} of {rounds} rounds: {len(test.promised)} events promised")
        tell("waiting for the last deliveries")
        test.wait()
    return _found(test, sink.seen, _records(database))


def _records(database: str) -> Sequence[DeliveryRecord]:
    opened = Database.open(database, now=wall_time)
    try:
        return opened.store(None).deliveries()
    finally:
        opened.close()


def _found(
    test: KillTest, seen: Mapping[tuple[str, int], Sequence[datetime]], records: Sequence[DeliveryRecord]
) -> Findings:
    promised, received = test.promised, {event_id for event_id, _ in seen}
    kept = {record.event_id for record in records}
    twice = [id_ for id_, times in Counter(promised).items() if times > 1]
    return Findings(
        kills=test.kills,
        promised=len(promised),
        unsure=test.unsure,
        received=sum(map(len, seen.values())),
        attempts=sum(len(record.attempts) for record in records),
        lost=tuple(f"{id_} was lost" for id_ in promised if id_ not in received or id_ not in kept),
        doubled=(
            *(f"{id_} was promised twice" for id_ in twice),
            *(f"{one.id} has attempts {numbers}" for one in records if (numbers := _numbers(one)) != _counted(one)),
        ),
        early=tuple(text for record in records for text in _early(record, seen)),
        unfinished=tuple(f"{one.id} is {one.state}" for one in records if one.state is not DeliveryState.DELIVERED),
    )


def _numbers(record: DeliveryRecord) -> list[int]:
    return [attempt.number for attempt in record.attempts]


def _counted(record: DeliveryRecord) -> list[int]:
    return list(range(1, len(record.attempts) + 1))


def _early(record: DeliveryRecord, seen: Mapping[tuple[str, int], Sequence[datetime]]) -> Iterator[str]:
    """Yield a text for each retry that was sent or received before its wait was over."""
    for before, wait in zip(record.attempts, WAITS, strict=False):
        due, number = before.at + wait, before.number + 1
        sent = [attempt.at for attempt in record.attempts if attempt.number == number]
        for moment in (*sent, *seen.get((record.event_id, number), ())):
            if moment < due:
                yield f"{record.id}: attempt {number} at {moment}, due {due}"


@contextmanager
def _database(database: str | None) -> Iterator[str]:
    """Yield the URL of the database; start PostgreSQL for `postgresql`, make a SQLite file for None."""
    if database == "postgresql":
        from tests.postgres import postgres_server  # noqa: PLC0415 - most runs need none

        with postgres_server() as server:
            yield server.new_database()
    elif database is not None:
        yield database
    else:
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/durable.db"


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill servers and print the findings; return 1 when there is a mistake, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durable", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often to kill; default: 20")
    parser.add_argument("--servers", type=int, default=1, help="how many servers share the database; default: 1")
    parser.add_argument(
        "--database",
        help="its URL, or postgresql for a server of its own; default: a SQLite file that is removed at the end",
    )
    parser.add_argument("--seed", type=int, default=0, help="when to kill; default: 0")
    options = parser.parse_args(arguments)
    with _database(options.database) as database:
        found = killed(
            database,
            rounds=options.rounds,
            servers=options.servers,
            seed=options.seed,
            tell=lambda text: print(text, flush=True),
        )
    print(f"{found.kills} kills; {found.promised} events promised, {found.unsure} requests without a promise")
    print(f"{found.received} requests received, {found.attempts} attempts on record")
    print("\n".join(found.mistakes[:20]) or "nothing lost, nothing doubled, nothing early")
    return 1 if found.mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
