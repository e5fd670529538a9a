"""The metrics of a server in the format of Prometheus. Imported with the first scrape: the library loads slowly."""

import platform
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mockstore.model import DeliveryState, Outcome
from mockstore.tenants import Tenant
from mockstore.web.tally import Buckets, Counts


def exposition(counts: Counts, tenants: Iterable[Tenant], *, version: str, accept: str) -> tuple[bytes, str]:
    """Return the metrics and their content type; `accept` is the scraper's `Accept` header."""
    registry = CollectorRegistry()
    registry.register(_Counted(counts, list(tenants), version))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    page: bytes = encode(registry)
    return page, content_type


class _Counted(Collector):
    """Makes metrics of our counts when the library collects them."""

    def __init__(self, counts: Counts, tenants: list[Tenant], version: str) -> None:
        self._counts = counts
        self._tenants = tenants
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        built = {"version": self._version, "python": platform.python_version()}
        yield InfoMetricFamily("mockstore_build", "What is running.", value=built)
        yield from self._counters()
        yield _histogram(
            "mockstore_attempt_duration_seconds",
            "Time to the end of the answer's headers; of a timeout, the whole limit.",
            self._counts.durations,
        )
        yield _histogram(
            "mockstore_attempt_lateness_seconds", "Time from due to sent, by the mock's clock.", self._counts.lateness
        )
        yield from self._gauges()

    def _counters(self) -> Iterator[Metric]:
        counts = self._counts
        outcomes = {str(outcome): 0 for outcome in Outcome} | counts.attempts
        ended = {str(state): 0 for state in (DeliveryState.DELIVERED, DeliveryState.FAILED)} | counts.deliveries
        yield _counter("mockstore_attempts", "Attempts, by how they ended.", ("outcome",), _singly(outcomes))
        yield _counter("mockstore_deliveries", "Deliveries that ended, by how.", ("state",), _singly(ended))
        yield _counter("mockstore_events", "Events, by type.", ("type",), _singly(counts.events))
        yield _counter("mockstore_webhooks_disabled", "Webhooks that were disabled.", (), {(): counts.disabled[""]})
        yield _counter(
            "mockstore_requests",
            "Requests that were answered, by method, route and status.",
            ("method", "route", "status"),
            counts.requests,
        )

    def _gauges(self) -> Iterator[Metric]:
        shops = [tenant.mockstore for tenant in self._tenants]
        pulses = [tenant.pump.pulse for tenant in self._tenants if tenant.pump is not None]
        pending = sum(shop.reader.count(states=[DeliveryState.PENDING]) for shop in shops)
        gauges = {
            "mockstore_tenants": (
                "Tenants that the server holds open at present, and the pool that clients without a tenant share.",
                len(shops),
            ),
            "mockstore_webhooks": ("Webhooks that are registered.", sum(len(shop.webhooks) for shop in shops)),
            "mockstore_deliveries_pending": ("Deliveries that are due, now or later.", pending),
            "mockstore_delivery_threads_busy": ("Deliveries under way.", sum(pulse.out for pulse in pulses)),
            "mockstore_delivery_threads_lost": (
                "Threads that an error has ended; any is a defect.",
                sum(pulse.lost for pulse in pulses),
            ),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)


def _singly(counter: dict[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): count for name, count in counter.items()}


def _counter(name: str, text: str, labels: tuple[str, ...], counted: dict[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counted.items()):
        family.add_metric(values, count)
    return family


def _histogram(name: str, text: str, buckets: Buckets) -> Metric:
    bounds = [*(f"{bound:g}" for bound in buckets.bounds), "+Inf"]
    return HistogramMetricFamily(
        name, text, buckets=list(zip(bounds, accumulate(buckets.counts), strict=True)), sum_value=buckets.total
    )
