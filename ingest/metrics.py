"""What the webhook counts and measures, in Prometheus' base units, without users."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from ingest.answers import ALL, Answer

# Those of Auth0's SDKs (auth0-python 6.8.0); others are counted as one, since whoever
# holds a secret could otherwise make a time series with every request.
KNOWN_TYPES = frozenset(
    f"{thing}.{change}"
    for thing, changes in {
        "user": "created updated deleted",
        "organization": "created updated deleted",
        "organization.member": "added deleted",
        "organization.member.role": "assigned deleted",
        "organization.connection": "added updated removed",
        "organization.group.role": "assigned deleted",
        "group": "created updated deleted",
        "group.member": "added deleted",
        "group.role": "assigned deleted",
        "connection": "created updated deleted",
    }.items()
    for change in changes.split()
)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The registry behind /metrics, and the few calls that a request makes."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        requests = Counter(
            "keepstep_ingest_requests", "Answers given", ["code"], registry=registry
        )
        self._duration = Histogram(
            "keepstep_ingest_request_duration_seconds",
            "From the end of the headers to the answer",
            buckets=_SECONDS,
            registry=registry,
        )
        events = Counter(
            "keepstep_ingest_events",
            "Bodies that Kafka has acknowledged",
            ["type", "outcome"],
            registry=registry,
        )
        self._acknowledged = Histogram(
            "keepstep_ingest_produce_ack_seconds",
            "From handing a message to the producer to the last replica's word",
            buckets=_SECONDS,
            registry=registry,
        )
        self._failed = Counter(
            "keepstep_ingest_publish_failures",
            "Publishes that were not acknowledged",
            ["reason"],
            registry=registry,
        )
        self._uses = Counter(
            "keepstep_ingest_credential_uses",
            "Requests by the place of the secret that they carried",
            ["credential"],
            registry=registry,
        )
        # labels() takes a lock and builds a tuple; a request does without.
        self._answers = {a.status: requests.labels(str(a.status)) for a in ALL}
        self._stored = {t: events.labels(t, "stored") for t in (*KNOWN_TYPES, "other")}
        self._quarantined = {
            t: events.labels(t, "quarantined") for t in (*KNOWN_TYPES, "other")
        }
        self._used: dict[str, Counter] = {}  # by a secret's place; bounded as they are
        Gauge(
            "keepstep_ingest_build_info",
            "Which version runs",
            ["version"],
            registry=registry,
        ).labels(_version()).set(1)

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Show what *read* returns as the gauge keepstep_ingest_<name>."""
        gauge = Gauge(f"keepstep_ingest_{name}", help_text, registry=self.registry)
        gauge.set_function(read)

    def used(self, credential: str) -> None:
        """Count a request that carried the secret at this place."""
        counter = self._used.get(credential)
        if counter is None:
            counter = self._used[credential] = self._uses.labels(credential)
        counter.inc()

    def published(self, kind: str | None, *, stored: bool, seconds: float) -> None:
        """Count a body that is durable now, *seconds* after it was handed over."""
        by_type = self._stored if stored else self._quarantined
        by_type.get(kind or "other", by_type["other"]).inc()
        self._acknowledged.observe(seconds)

    def publish_failed(self, reason: str) -> None:
        """Count a body that Kafka did not acknowledge."""
        self._failed.labels(reason).inc()

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count an answer given *seconds* after the request's headers."""
        self._answers[answer.status].inc()
        self._duration.observe(seconds)


def _version() -> str:
    try:
        return version("keepstep")
    except PackageNotFoundError:
        return "not installed"
