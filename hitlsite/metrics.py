"""What Prometheus reads: requests as they are served, and the state of the work at each scrape."""

from collections.abc import Iterator

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hitlsite import vitals
from reviews.selectors import auditing

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter(
    "countersign_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "countersign_request_seconds", "How long answers took.", ["method", "route"], buckets=BUCKETS
)


def record(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; what callers invent cannot add a label."""
    method = method if method in METHODS else "OTHER"
    route = route or "none"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(method, route).observe(seconds)


def exposition() -> bytes:
    """Return everything in Prometheus' text format, over all processes of the web server."""
    registry = CollectorRegistry()
    if values.ValueClass is values.MutexValue:
        registry.register(_Forwarded())
    else:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_State())
    return generate_latest(registry)


class _Forwarded:
    """The registry of this one process."""

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()


class _State:
    """The vital signs and the clocks, measured when asked."""

    def collect(self) -> Iterator[Metric]:
        signs = vitals.all_signs()
        for sign in signs:
            yield GaugeMetricFamily(
                f"countersign_{sign.name}_ok", f"Whether {sign.name} is well.", float(sign.well)
            )
            for name, value in sign.figures.items():
                yield GaugeMetricFamily(f"countersign_{sign.name}_{name}", sign.detail, value)
        for name, value in vitals.figures_of_clocks(signs).items():
            yield GaugeMetricFamily(f"countersign_clocks_{name}", auditing.FIGURES[name], value)
        missed = vitals.heartbeats_missed(signs)
        if missed is not None:
            yield CounterMetricFamily(
                "countersign_heartbeat_missed", "Calls of HEARTBEAT_URL that failed.", missed
            )
