"""Servers are killed while they work; `python -m benchmarks.durable --rounds 100` does the same for longer."""

from benchmarks.durable import killed
from tests.postgres import PostgresServer


def test_what_was_promised_survives_the_killing_of_a_server(sqlite: str) -> None:
    found = killed(sqlite, rounds=3)

    assert found.mistakes == ()
    assert found.promised
    assert found.kills >= 3


def test_what_was_promised_survives_the_killing_of_one_of_two_servers(postgres: PostgresServer) -> None:
    found = killed(postgres.new_database(), rounds=3, servers=2)

    assert found.mistakes == ()
    assert found.promised
    assert found.kills >= 3
