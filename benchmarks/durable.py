"""Kills servers while events are emitted and retried, starts them again, and looks for what was lost: nothing may be.

`python -m benchmarks.durable --rounds 100` does it on a SQLite file of its own; `--database` names another database,
and `--servers` says how many servers share it (PostgreSQL).
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
"""The schedule of the servers."""
LONGEST: Final = 1.0
"""Seconds that a server lives at most before it is killed."""
EMITTERS: Final = 2
"""Threads that emit at each server."""
PAUSE: Final = 0.01
"""Seconds between two events of a thread."""
PATIENCE: Final = 60.0
"""Seconds until everything must have been delivered after the last kill."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it. The last four are mistakes."""

    kills: int
    promised: int
    """Events that were answered with success."""
    unsure: int
    """Requests to emit that got no answer, or a refusal: they may have been kept or not."""
    received: int
    """Requests at the receiver."""
    attempts: int
    """Attempts on record."""
    lost: tuple[str, ...]
    """Events that were promised and never received."""
    doubled: tuple[str, ...]
    """Deliveries with two outcomes for one attempt, or a gap between two; and events that were promised twice."""
    early: tuple[str, ...]
    """Retries that came before they were due."""
    unfinished: tuple[str, ...]
    """Deliveries that did not end well."""

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What must not be."""
        return (*self.lost, *self.doubled, *self.early, *self.unfinished)


@dataclass
class Told:
    """What the emitters were answered."""

    promised: list[str] = field(default_factory=list)
    unsure: int = 0


class Killing:
    """Servers over one database, threads that emit at each, and a hand that kills."""

    def __init__(self, database: str, servers: int, dice: random.Random) -> None:
        self._database = database
        self._dice = dice
        self._over = Event()
        self._told = [Told() for _ in range(servers * EMITTERS)]
        self.servers = [ServerProcess(database) for _ in range(servers)]
        self.kills = 0

    def round(self) -> None:
        """Let them live a while, kill one or all, and start them again."""
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
        """Emit at all servers while this lasts."""
        threads = [Thread(target=self._emit, args=(at, told), daemon=True) for at, told in enumerate(self._told)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _emit(self, at: int, told: Told) -> None:
        while not self._over.wait(PAUSE):
            try:
                status, answer = self.servers[at % len(self.servers)].call(
                    "POST", "/_mockstore/emit", {"type": "order.created"}, timeout=5
                )
            except (OSError, HTTPException, ValueError):
                told.unsure += 1
                continue
            if status == 202:  # noqa: PLR2004 - accepted
                told.promised.append(answer["data"][0]["id"])
            else:
                told.unsure += 1

    def wait(self) -> None:
        """Return when nothing is pending, or after a minute."""
        for _ in range(int(PATIENCE)):
            with suppress(OSError, HTTPException):
                self.servers[0].call("POST", "/_mockstore/settle", {"timeoutSeconds": 5})
                _, answer = self.servers[0].call("GET", "/_mockstore/deliveries?state=pending&limit=1")
                if not answer["pagination"]["totalItems"]:
                    return
            Event().wait(1)

    def close(self) -> None:
        """End all servers."""
        for server in self.servers:
            if server.process.returncode is None:
                server.stop()

    @property
    def promised(self) -> list[str]:
        """The ids of the events that were answered with success."""
        return [id_ for told in self._told for id_ in told.promised]

    @property
    def unsure(self) -> int:
        """How many requests got no such answer."""
        return sum(told.unsure for told in self._told)


def killed(
    database: str,
    *,
    rounds: int,
    servers: int = 1,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _text: None,
) -> Findings:
    """Kill in so many rounds, let the last servers finish, and return what was found."""
    sink = Sink()
    with sink.listening() as url, ExitStack() as stack:
        killing = Killing(database, servers, random.Random(seed))  # noqa: S311 - when to kill
        stack.callback(killing.close)
        killing.servers[0].call("POST", "/v1/webhooks", {"url": url, "events": ["*"]})
        with killing.emitting():
            for number in range(1, rounds + 1):
                killing.round()
                if not number % 10:
                    tell(f"{number} of {rounds} rounds: {len(killing.promised)} events promised")
        tell("waiting for the last deliveries")
        killing.wait()
    return _found(killing, sink.seen, _records(database))


def _records(database: str) -> Sequence[DeliveryRecord]:
    opened = Database.open(database, now=wall_time)
    try:
        return opened.store(None).deliveries()
    finally:
        opened.close()


def _found(
    killing: Killing, seen: Mapping[tuple[str, int], Sequence[datetime]], records: Sequence[DeliveryRecord]
) -> Findings:
    promised, received = killing.promised, {event_id for event_id, _ in seen}
    kept = {record.event_id for record in records}
    twice = [id_ for id_, times in Counter(promised).items() if times > 1]
    return Findings(
        kills=killing.kills,
        promised=len(promised),
        unsure=killing.unsure,
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
    """Say which retries were sent, or came, before the wait after the attempt before was over."""
    for before, wait in zip(record.attempts, WAITS, strict=False):
        due, number = before.at + wait, before.number + 1
        sent = [attempt.at for attempt in record.attempts if attempt.number == number]
        for moment in (*sent, *seen.get((record.event_id, number), ())):
            if moment < due:
                yield f"{record.id}: attempt {number} at {moment}, due {due}"


@contextmanager
def _database(told: str | None) -> Iterator[str]:
    """Yield the URL of the database that is meant."""
    if told == "postgresql":
        from tests.postgres import postgres_server  # noqa: PLC0415 - most runs need none

        with postgres_server() as server:
            yield server.new_database()
    elif told is not None:
        yield told
    else:
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/durable.db"


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill servers and say what was lost; return 1 when anything was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durable", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often to kill; default: 20")
    parser.add_argument("--servers", type=int, default=1, help="how many servers share the database; default: 1")
    parser.add_argument(
        "--database",
        help="its URL, or postgresql for a server of its own; default: a SQLite file that is removed at the end",
    )
    parser.add_argument("--seed", type=int, default=0, help="when to kill; default: 0")
    told = parser.parse_args(arguments)
    with _database(told.database) as database:
        found = killed(
            database,
            rounds=told.rounds,
            servers=told.servers,
            seed=told.seed,
            tell=lambda text: print(text, flush=True),
        )
    print(f"{found.kills} kills; {found.promised} events promised, {found.unsure} requests without a promise")
    print(f"{found.received} requests received, {found.attempts} attempts on record")
    print("\n".join(found.mistakes[:20]) or "nothing lost, nothing doubled, nothing early")
    return 1 if found.mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
