"""Which tenant has which Mockstore, and when a tenant is created, replaced and forgotten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from socket import create_server
from threading import Event

import pytest
from msgspec.structs import replace

from mockstore import Outgoing
from mockstore.errors import InvalidInputError
from mockstore.parts import standalone_rules
from mockstore.provider import Provider
from mockstore.served_inbox import INBOX_BYTES, MOST_SECRETS, ServedInbox
from mockstore.settings import ServerClock, Settings
from mockstore.signing import scheme_named
from mockstore.tenants import Tenant, Tenants
from mockstore.web.app import create_app
from mockstore.web.documents import Document
from mockstore.world.clock import EPOCH

ADA = "019b4132-70aa-764f-b315-e2803d882a24"
BOB = "019b4127-54d5-76d9-b626-0d4c7bfce5b6"
CYD = "019b4135-89c2-724a-a825-c1d8a0e9f4c3"

TIMEOUT_SECONDS = 20
"""After so many seconds a test fails; a passing test needs far less."""


@pytest.fixture
def tenants() -> Iterator[Tenants]:
    with Tenants(Settings(clock="virtual", tenants=2)) as made:
        yield made


def test_a_tenant_keeps_its_mockstore_whatever_the_case_of_its_id(tenants: Tenants) -> None:
    assert tenants.of(ADA) is tenants.of(ADA.upper())
    assert len({id(tenants.of(name)) for name in (ADA, BOB, None)}) == 3
    assert len(tenants) == 3


def test_tenants_share_neither_records_nor_time(tenants: Tenants) -> None:
    ada, bob = tenants.of(ADA), tenants.of(BOB)

    ada.subscribe("http://127.0.0.1:1/")
    ada.emit("pet.adopted")
    ada.clock.advance(hours=1)

    assert (len(bob.webhooks), len(bob.events), len(bob.deliveries)) == (0, 0, 0)
    assert ada.clock.now() - bob.clock.now() == timedelta(hours=1)


def test_tenants_share_rules_and_factory(tenants: Tenants) -> None:
    assert tenants.of(ADA).provider is tenants.of(None).provider
    assert tenants.of(ADA).factory is tenants.of(None).factory


@pytest.mark.parametrize("name", ["", "ada", ADA[:-1], f"{ADA}0", ADA.replace("-", ""), "../" + ADA])
def test_a_tenant_that_is_no_uuid_is_refused(tenants: Tenants, name: str) -> None:
    with pytest.raises(InvalidInputError, match="is no tenant: send a UUID") as caught:
        tenants.of(name)

    assert caught.value.field == "X-Tenant-ID"


def test_of_too_many_tenants_the_least_recently_used_is_forgotten(tenants: Tenants) -> None:
    ada, bob = tenants.of(ADA), tenants.of(BOB)
    tenants.of(ADA)

    tenants.of(CYD)

    assert tenants.of(ADA) is ada
    assert tenants.of(BOB) is not bob


def test_a_reset_forgets_the_inbox_too(tenants: Tenants) -> None:
    tenant = tenants.tenant(ADA)
    tenant.mockstore.subscribe("http://127.0.0.1:1/")
    tenant.inbox.will_answer([503])
    tenant.inbox.take(Outgoing("http://mock.test/", (), b"{}"))

    tenant.reset()

    assert (len(tenant.mockstore.webhooks), tenant.inbox.captured) == (0, [])
    assert tenant.inbox.take(Outgoing("http://mock.test/", (), b"{}")).status == 200


@pytest.fixture(params=["in memory", "in a database"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    in_database = request.param == "in a database"
    return Settings(clock="virtual", tenants=1, database=f"sqlite:///{tmp_path}/petstore.db" if in_database else None)


def test_a_tenant_that_was_forgotten_has_nothing_after_a_restart_either(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        tenants.of(ADA).subscribe("http://127.0.0.1:1/")

    with Tenants(settings) as tenants:
        tenants.forget(ADA)

        assert list(tenants.of(ADA).webhooks) == []


def test_a_tenant_has_nothing_under_new_rules(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        tenants.of(ADA).subscribe("http://127.0.0.1:1/")

        tenants.change(ADA, settings, standalone_rules(settings))

        assert list(tenants.of(ADA).webhooks) == []
        assert tenants.ids == [ADA]


@pytest.mark.parametrize(("before", "after"), [("system", "virtual"), ("virtual", "system")])
def test_a_tenants_clock_stands_or_runs_as_the_new_rules_say(
    settings: Settings, before: ServerClock, after: ServerClock
) -> None:
    with Tenants(replace(settings, clock=before)) as tenants:
        tenants.of(ADA).clock.advance(minutes=5)

        rules = replace(settings, clock=after)
        changed = tenants.change(ADA, rules, standalone_rules(rules)).mockstore

        assert changed.clock.frozen is (after == "virtual")
        assert not changed.clock.frozen or changed.clock.now() == EPOCH


def test_a_tenant_that_comes_back_under_new_rules_starts_empty(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        tenants.of(ADA).subscribe("http://127.0.0.1:1/")
        tenants.of(BOB)  # takes the place of ADA: only one tenant is kept

        tenants.change(ADA, settings, standalone_rules(settings))

        assert list(tenants.of(ADA).webhooks) == []


def test_a_mockstore_that_is_being_opened_delays_only_its_tenant() -> None:
    opening_ada, may_go_on = Event(), Event()

    class SlowTenants(Tenants):
        made = 0

        def _make(
            self, tenant_id: str | None, settings: Settings | None = None, provider: Provider | None = None
        ) -> Tenant:
            if tenant_id == ADA:
                self.made += 1
                opening_ada.set()
                may_go_on.wait(20)
            return super()._make(tenant_id, settings, provider)

    with SlowTenants(Settings(clock="virtual")) as tenants, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(tenants.of, ADA) for _ in range(2)]
        opening_ada.wait(20)

        tenants.of(BOB)

        assert not any(one.done() for one in asked)
        may_go_on.set()
        assert asked[0].result() is asked[1].result()
        assert tenants.made == 1


def test_a_tenant_that_replaces_another_does_not_wait_for_its_receivers() -> None:
    with (
        create_server(("127.0.0.1", 0)) as receiver,
        Tenants(Settings(tenants=1, timeout=timedelta(seconds=20))) as tenants,
    ):
        ada = tenants.of(ADA)
        ada.subscribe(f"http://127.0.0.1:{receiver.getsockname()[1]}/")
        ada.emit("pet.adopted")
        connection, _ = receiver.accept()

        tenants.of(BOB)

        assert [len(delivery.attempts) for delivery in ada.deliveries] == [0], "it is still under way"
        connection.close()


@pytest.mark.parametrize("method", ["forget", "change"])
def test_a_removed_tenant_can_be_opened_again_while_its_receiver_is_waited_for(method: str) -> None:
    settings = Settings(timeout=timedelta(seconds=20))
    with create_server(("127.0.0.1", 0)) as receiver, Tenants(settings) as tenants, ThreadPoolExecutor(1) as pool:
        old = tenants.of(ADA)
        old.subscribe(f"http://127.0.0.1:{receiver.getsockname()[1]}/")
        old.emit("pet.adopted")
        connection, _ = receiver.accept()
        with connection:
            removing = pool.submit(
                lambda: (
                    tenants.forget(ADA)
                    if method == "forget"
                    else tenants.change(ADA, settings, standalone_rules(settings))
                )
            )
            while tenants.of(ADA) is old:
                assert not removing.done()

            assert not removing.done()
        removing.result()


def signed_request(secret: str) -> Outgoing:
    headers = scheme_named("petstore").sign(b"{}", secrets=[secret], event_id="e", at=EPOCH)
    return Outgoing("http://mock.test/_mockstore/inbox", headers, b"{}")


@pytest.mark.parametrize(
    ("secret", "ok"),
    [
        pytest.param("whsec_first", True, id="of the first webhook"),
        pytest.param("whsec_second", True, id="of the second webhook"),
        pytest.param("whsec_rotated", True, id="rotated but still valid"),
        pytest.param("whsec_strange", False, id="of nobody"),
    ],
)
def test_a_capture_is_judged_by_the_secret_that_signed_it(tenants: Tenants, secret: str, ok: object) -> None:
    mock = tenants.of(None)
    mock.subscribe("http://127.0.0.1:1/", secret="whsec_first")
    rotated = mock.subscribe("http://127.0.0.1:1/", secret="whsec_rotated")
    mock.rotate_secret(rotated, overlap=timedelta(hours=1))
    mock.subscribe("http://127.0.0.1:1/", secret="whsec_second")
    inbox = ServedInbox(mock)

    inbox.take(signed_request(secret))

    assert inbox.captured[0].signature.ok is ok


def test_a_capture_is_judged_by_the_secrets_of_the_webhooks_that_send_to_the_inbox(tenants: Tenants) -> None:
    mock = tenants.of(None)
    mock.subscribe("http://mock.test/_mockstore/inbox", secret="whsec_first")
    for _ in range(MOST_SECRETS + 1):
        mock.subscribe("http://127.0.0.1:1/", secret="whsec_other")
    inbox = ServedInbox(mock)

    inbox.take(signed_request("whsec_first"))

    assert inbox.captured[0].signature.ok


def test_an_inbox_of_the_server_remembers_so_many_bytes_only(tenants: Tenants) -> None:
    inbox = ServedInbox(tenants.of(None))
    bodies = [bytes([number]) * (INBOX_BYTES // 4) for number in range(6)]

    for body in bodies:
        inbox.take(Outgoing("http://mock.test/_mockstore/inbox", (), body))

    assert [received.body for received in inbox.captured] == bodies[3:]


def test_without_a_webhook_a_capture_is_still_judged(tenants: Tenants) -> None:
    inbox = ServedInbox(tenants.of(None))

    inbox.take(signed_request("whsec_first"))

    assert str(inbox.captured[0].signature.reason) == "empty_secret"


def test_a_tenants_transport_can_begin_a_request_without_waiting(tenants: Tenants) -> None:
    network = tenants.of(ADA)._parts.router  # noqa: SLF001 - sends its deliveries
    timeout, answer = timedelta(seconds=20), b"HTTP/1.1 204 No Content\r\n\r\n"
    with create_server(("127.0.0.1", 0)) as receiver, ThreadPoolExecutor(1) as pool:
        outgoing = Outgoing(f"http://127.0.0.1:{receiver.getsockname()[1]}/", (), b"{}")
        first = pool.submit(network.send, outgoing, timeout)
        connection, _ = receiver.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)
            assert first.result().status == 204

            underway = network.begin(outgoing, timeout)
            connection.recv(1000)
            connection.sendall(answer)

            assert underway is not None
            assert underway.finish().status == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [("settle", {"timeoutSeconds": 60}), ("clock/advance", {"by": "96m"})],
    ids=["settle", "advance"],
)
def test_a_server_that_stops_takes_nothing_new_up_before_its_answers_have_ended(path: str, body: Document) -> None:
    settings = Settings(clock="virtual", threads=1, timeout=timedelta(seconds=20))
    with create_server(("127.0.0.1", 0)) as receiver, Tenants(settings) as tenants, ThreadPoolExecutor(1) as pool:
        mock, client = tenants.of(None), create_app(tenants, settings).test_client()
        mock.subscribe(f"http://127.0.0.1:{receiver.getsockname()[1]}/")
        first, second = mock.emit("pet.adopted").delivery, mock.emit("pet.adopted").delivery
        connection, _ = receiver.accept()

        request = pool.submit(lambda: client.post(f"/_mockstore/{path}", json=body))
        tenants.stop()
        answer = request.result(TIMEOUT_SECONDS)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        connection.close()
        tenants.close()

        assert (answer.status_code, mock.clock.now()) == (503, EPOCH)
        assert [len(delivery.attempts) for delivery in (first, second)] == [1, 0]


def test_a_tenant_that_comes_after_a_server_has_stopped_gets_no_deliveries() -> None:
    with create_server(("127.0.0.1", 0)) as receiver, Tenants(Settings(clock="virtual")) as tenants:
        tenants.stop()
        ada = tenants.of(ADA)
        ada.subscribe(f"http://127.0.0.1:{receiver.getsockname()[1]}/")
        delivery = ada.emit("pet.adopted").delivery
        tenants.close()

        assert not delivery.attempts
