"""A server keeps a limited number of records; a test keeps all."""

import pytest

from mockstore import Mockstore, Outgoing
from mockstore.errors import InvalidInputError
from mockstore.news import Latest
from mockstore.settings import Settings
from mockstore.tenants import Tenants

KEPT = 20
MOST = KEPT + KEPT // 10 + 1


@pytest.fixture(params=["memory", "database"])
def settings(request: pytest.FixtureRequest, sqlite: str) -> Settings:
    return Settings(clock="virtual", history=KEPT, webhooks=2, database=sqlite if request.param == "database" else None)


def test_a_servers_history_is_bounded(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        mock = tenants.of(None)

        for _ in range(3 * KEPT):
            latest = mock.emit("pet.adopted")

        assert KEPT <= len(mock.events) <= MOST
        assert mock.events[-1].id == latest.id


def test_a_tests_history_is_whole() -> None:
    with Mockstore.in_process(strict=False) as mock:
        for _ in range(3 * KEPT):
            mock.emit("pet.adopted")

        assert len(mock.events) == 3 * KEPT


def test_what_the_inbox_of_a_server_captured_is_bounded(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        inbox = tenants.tenant(None).inbox

        for number in range(3 * KEPT):
            inbox.take(Outgoing("http://mock.test/", (), str(number % 7).encode()))

        assert KEPT <= len(inbox.captured) <= MOST
        assert inbox.captured[-1].body == str((3 * KEPT - 1) % 7).encode()


def test_one_webhook_too_many_is_refused_until_there_is_room(settings: Settings) -> None:
    with Tenants(settings) as tenants:
        mock = tenants.of(None)
        first = mock.subscribe("http://127.0.0.1:9/")
        mock.subscribe("http://127.0.0.1:9/")

        with pytest.raises(InvalidInputError, match="there are 2 webhooks, and no more are allowed: remove one") as no:
            mock.subscribe("http://127.0.0.1:9/")
        mock.webhooks.remove(first.id)
        mock.subscribe("http://127.0.0.1:9/")

        assert (no.value.code, len(mock.webhooks)) == ("too_many_webhooks", 2)


def test_the_latest_are_remembered_and_all_are_counted() -> None:
    latest = Latest[int](3)

    for number in range(5):
        latest.append(number)

    assert (len(latest), list(latest)) == (5, [2, 3, 4])
    assert [latest.since(position) for position in (0, 4, 5)] == [(5, [2, 3, 4]), (5, [4]), (5, [])]
