"""Metrics and health of a running server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from mockstore.errors import StoreUnavailableError
from mockstore.model import Pulse
from mockstore.tenants import Tenant, Tenants
from mockstore.web.app import create_app
from mockstore.web.tally import Buckets, Tally
from tests.web.conftest import STILL, Caller

if TYPE_CHECKING:
    from mockstore.parts import Pump


def scraped(mock: Caller) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels."""
    mock.connection.request("GET", "/_mockstore/metrics")
    answer = mock.connection.getresponse()
    assert answer.headers["Content-Type"].startswith("text/plain")
    page = answer.read().decode()
    families = list(text_string_to_metric_families(page))
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@pytest.fixture
def used(mock: Caller, nowhere: str) -> Caller:
    """A server with one unreachable webhook and one event."""
    mock.ok("POST", "/v1/webhooks", {"url": nowhere, "events": ["*"]})
    mock.ok("POST", "/_mockstore/emit", {"type": "pet.adopted"})
    mock.ok("POST", "/_mockstore/settle", {})
    mock("GET", "/nowhere/at/all")
    return mock


def test_the_help_of_tenants_says_what_is_counted(mock: Caller) -> None:
    mock.connection.request("GET", "/_mockstore/metrics")

    page = mock.connection.getresponse().read().decode()

    assert "# HELP mockstore_tenants Tenants that the server holds open at present, and the pool" in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(("mockstore_attempts_total", "unreachable"), 1, id="attempts"),
        pytest.param(("mockstore_attempts_total", "acknowledged"), 0, id="outcomes that never were"),
        pytest.param(("mockstore_deliveries_total", "failed"), 0, id="deliveries that ended"),
        pytest.param(("mockstore_events_total", "pet.adopted"), 1, id="events"),
        pytest.param(("mockstore_requests_total", "POST", "/_mockstore/emit", "202"), 1, id="requests"),
        pytest.param(("mockstore_requests_total", "GET", "none", "404"), 1, id="requests without a route"),
        pytest.param(("mockstore_attempt_duration_seconds_count",), 1, id="durations"),
        pytest.param(("mockstore_attempt_lateness_seconds_count",), 1, id="lateness"),
        pytest.param(("mockstore_deliveries_pending",), 1, id="pending"),
        pytest.param(("mockstore_webhooks",), 1, id="webhooks"),
        pytest.param(("mockstore_tenants",), 1, id="tenants"),
        pytest.param(("mockstore_delivery_threads_busy",), 0, id="busy"),
        pytest.param(("mockstore_delivery_threads_lost",), 0, id="lost"),
    ],
)
def test_what_happened_was_counted(used: Caller, name: tuple[str, ...], value: float) -> None:
    assert scraped(used)[name] == value


def test_names_that_a_stranger_chooses_are_not_counted_one_by_one(mock: Caller) -> None:
    mock.ok("POST", "/_mockstore/emit", {"type": "stranger.came", "body": "{}", "invalid": True})
    mock("GET", "/stranger")
    mock("STRANGE", "/v1/pets")

    samples = scraped(mock)

    assert samples["mockstore_events_total", "other"] == 1
    assert not [name for name in samples if "strange" in " ".join(name).lower()]


def test_a_value_falls_into_the_smallest_bucket_that_holds_it() -> None:
    buckets = Buckets((1.0, 2.0))

    for value in (0.5, 1.0, 1.5, 9.0):
        buckets.add(value)

    assert (buckets.counts, buckets.total) == ([2, 1, 1], 12.0)


def test_without_a_server_there_are_no_metrics(client: FlaskClient) -> None:
    answer = client.get("/_mockstore/metrics")

    assert (answer.status_code, answer.get_json()["detail"]) == (
        404,
        "only a server that runs has metrics: mockstore serve",
    )


class DeadPump:
    """A pump whose threads have ended."""

    pulse = Pulse(lost=2)

    def stop(self) -> None:
        """Nothing runs."""


class Worlds(Tenants):
    """Tenants with a dead pump."""

    def __iter__(self) -> Iterator[Tenant]:
        return (replace(one, pump=cast("Pump", DeadPump())) for one in super().__iter__())


def test_health_is_bad_when_threads_have_died() -> None:
    with Worlds(STILL) as worlds:
        answer = create_app(worlds, STILL, Tally(())).test_client().get("/_mockstore/health")

    assert answer.status_code == 503
    assert answer.get_json()["detail"].startswith("2 of the threads that deliver ended by an error")


class Unavailable(Tenants):
    """Tenants whose records cannot be reached."""

    def tenant(self, tenant_id: str | None) -> Tenant:
        raise StoreUnavailableError(f"no database for {tenant_id}")


def test_health_is_bad_when_the_store_does_not_answer() -> None:
    with Unavailable(STILL) as worlds:
        answer = create_app(worlds, STILL).test_client().get("/_mockstore/health")

    assert (answer.status_code, answer.get_json()["detail"]) == (503, "the store does not answer: no database for None")
