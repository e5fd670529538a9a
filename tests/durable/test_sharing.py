"""Two servers on one PostgreSQL, and tenants that are closed to make room."""

from datetime import timedelta

from benchmarks.processes import ServerProcess, Sink
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from tests.durable.conftest import Serve
from tests.postgres import PostgresServer

ADA = "019b4132-70aa-764f-b315-e2803d882a24"
BOB = "019b4127-54d5-76d9-b626-0d4c7bfce5b6"
STILL = {"CLOCK": "virtual", "SEED": "0"}


def emitted(server: ServerProcess) -> str:
    _, answer = server.call("POST", "/_mockstore/emit", {"type": "pet.adopted"})
    return str(answer["data"][0]["id"])


def now(server: ServerProcess) -> str:
    _, answer = server.call("GET", "/_mockstore/clock")
    return str(answer["now"])


def test_two_servers_make_no_id_twice_and_have_the_same_events(serve: Serve, postgres: PostgresServer) -> None:
    database = postgres.new_database()
    servers = [serve(database, **STILL), serve(database, **STILL)]

    made = [emitted(server) for _ in range(3) for server in servers]
    _, answer = servers[0].call("GET", "/_mockstore/events")

    assert len(set(made)) == len(made)
    assert [event["id"] for event in answer["data"]] == made


def test_what_one_server_makes_due_by_an_advance_comes_at_its_moment(
    serve: Serve, postgres: PostgresServer, sink: Sink, receiver: str
) -> None:
    database = postgres.new_database()
    first, second = serve(database, **STILL), serve(database, **STILL)
    first.call("POST", "/v1/webhooks", {"url": receiver, "events": ["*"]})
    start = now(second)

    first.call("POST", "/_mockstore/clock/advance", {"by": "1h"})
    seen = next(moment for _ in range(100_000) if (moment := now(second)) != start)

    assert (start, seen) == ("2025-01-06T12:00:00Z", "2025-01-06T13:00:00Z")
    assert sink.wait_for(emitted(second))


def test_what_one_server_is_told_to_hold_is_held_by_all_of_them(serve: Serve, postgres: PostgresServer) -> None:
    database = postgres.new_database()
    first, second = serve(database, **STILL), serve(database, **STILL)
    first.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:1/hooks", "events": ["*"]})

    first.call("POST", "/_mockstore/hold", {})
    _, held = second.call("POST", "/_mockstore/emit", {"type": "pet.adopted"})
    _, released = second.call("POST", "/_mockstore/release", {})
    _, sent = first.call("POST", "/_mockstore/emit", {"type": "pet.adopted"})

    states = [answer["data"][0]["deliveries"][0]["state"] for answer in (held, sent)]
    assert states[0] == "held"
    assert states[1] != "held"
    assert len(released["data"]) == 1


def test_a_standing_fault_set_on_one_server_applies_to_the_events_of_all(
    serve: Serve, postgres: PostgresServer
) -> None:
    database = postgres.new_database()
    first, second = serve(database, **STILL), serve(database, **STILL)
    first.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:1/hooks", "events": ["*"]})

    first.call("POST", "/_mockstore/faults", {"fault": "duplicate_at_once", "times": 3})
    told = [server.call("POST", "/_mockstore/emit", {"type": "pet.adopted"})[1] for server in (second, first) * 2]

    assert [len(answer["data"][0]["deliveries"]) for answer in told] == [2, 2, 2, 1]
    assert second.call("GET", "/_mockstore/faults")[1]["data"] == []


def test_standing_faults_outlast_the_server(sqlite: str) -> None:
    with Tenants(Settings(clock="virtual", database=sqlite)) as tenants:
        told = tenants.of(None).faults.add("unknown_member", events="pet.*", times=2)

    with Tenants(Settings(clock="virtual", database=sqlite)) as tenants:
        shop = tenants.of(None)
        shop.subscribe("http://127.0.0.1:1/hooks")
        kept = list(shop.faults)
        for _ in range(3):
            shop.emit("pet.adopted")

        assert kept == [told]
        assert [len(delivery.record.faults) for delivery in shop.deliveries] == [1, 1, 0]


def test_a_hold_outlasts_the_server(sqlite: str) -> None:
    with Tenants(Settings(clock="virtual", database=sqlite)) as tenants:
        tenants.of(None).subscribe("http://127.0.0.1:1/hooks")
        tenants.of(None).hold()

    with Tenants(Settings(clock="virtual", database=sqlite)) as tenants:
        tenants.of(None).emit("pet.adopted")

        assert [str(delivery.state) for delivery in tenants.of(None).deliveries] == ["held"]


def test_a_tenant_that_was_closed_to_make_room_has_lost_nothing(sqlite: str) -> None:
    with Tenants(Settings(clock="virtual", tenants=1, database=sqlite)) as tenants:
        tenants.of(ADA).clock.advance(hours=1)
        event = tenants.of(ADA).emit("pet.adopted")
        other = tenants.of(BOB).emit("pet.adopted")

        again = tenants.of(ADA)

        assert [one.id for one in again.events] == [event.id]
        assert again.clock.now() - tenants.of(BOB).clock.now() == timedelta(hours=1)
        assert again.emit("pet.adopted").id != event.id
        assert [one.id for one in tenants.of(BOB).events] == [other.id]


def test_what_is_pending_for_a_tenant_is_delivered_when_a_server_starts(sqlite: str, sink: Sink, receiver: str) -> None:
    with Tenants(Settings(database=sqlite)) as tenants:
        ada = tenants.of(ADA)
        ada.subscribe(receiver)
        ada.clock.freeze()
        ada.hold()
        event = ada.emit("pet.adopted")
        tenants.closing.set()
        tenants.tenant(ADA).close()
        ada.release()

    with Tenants(Settings(database=sqlite)):
        came = sink.wait_for(event.id)

    assert came
