"""What a worker counts; names in Prometheus base units, never a user in a label."""

from __future__ import annotations

from functools import cache, partial
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from prometheus_client.registry import Collector

KNOWN_TYPES = ("user.created", "user.updated", "user.deleted")


class WorkerMetrics:
    """The metrics of one worker process, in a registry of its own."""

    def __init__(self, destination: str) -> None:
        self.registry = CollectorRegistry()
        self._destination = destination
        self._attempts = Counter(
            "keepstep_worker_attempts",
            "Attempts by how they ended",
            ["destination", "verdict"],
            registry=self.registry,
        )
        self._outcomes = Counter(
            "keepstep_worker_outcomes",
            "Events by type and outcome",
            ["destination", "type", "outcome"],
            registry=self.registry,
        )
        self._age = Histogram(
            "keepstep_worker_event_age_seconds",
            "From ingest's receipt of an event to its outcome",
            ["destination"],
            buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 43_200, 86_400),
            registry=self.registry,
        )
        self._calls = Histogram(
            "keepstep_worker_call_duration_seconds",
            "Calls to the destination",
            ["destination", "operation", "code"],
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self._transactions = Counter(
            "keepstep_worker_transactions",
            "Transactions of the ledger by what came of them",
            ["destination", "partition", "result"],
            registry=self.registry,
        )
        self._commit = Histogram(
            "keepstep_worker_transaction_duration_seconds",
            "From the beginning of a transaction to its being durable",
            ["destination"],
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 20),
            registry=self.registry,
        )
        self._settle = Histogram(
            "keepstep_worker_settle_duration_seconds",
            "From the end of an attempt to its being durable",
            ["destination"],
            buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.5, 1, 5),
            registry=self.registry,
        )
        Info("keepstep_build", "Release", registry=self.registry).info(
            {"version": version("keepstep")}
        )

        self._ages = self._age.labels(destination)
        self._commits = self._commit.labels(destination)
        self._settles = self._settle.labels(destination)
        self._by_code = cache(partial(self._calls.labels, destination))
        self._by_outcome = cache(partial(self._outcomes.labels, destination))
        self._by_verdict = cache(partial(self._attempts.labels, destination))

    def attempted(self, verdict: str) -> None:
        """Count an attempt that ended in *verdict*."""
        self._by_verdict(verdict).inc()

    def called(self, operation: str, status: int | None, seconds: float) -> None:
        """Count a call; the code is the class of its status, or `none`."""
        code = "none" if status is None else f"{status // 100}xx"
        self._by_code(operation, code).observe(seconds)

    def ended(self, event_type: str, outcome: str, age_seconds: float | None) -> None:
        """Count an event that ended in *outcome*."""
        known = event_type if event_type in KNOWN_TYPES else "other"
        self._by_outcome(known, outcome).inc()
        if age_seconds is not None:
            self._ages.observe(max(age_seconds, 0.0))

    def committed(self, partition: int, result: str, seconds: float) -> None:
        """Count a transaction of *partition*."""
        self._transactions.labels(self._destination, partition, result).inc()
        self._commits.observe(seconds)

    def settled(self, seconds: float) -> None:
        """Count an attempt whose end has become durable *seconds* after it."""
        self._settles.observe(seconds)

    def watch(self, partitions: Collector) -> None:
        """Ask *partitions* for its gauges at every scrape."""
        self.registry.register(partitions)
