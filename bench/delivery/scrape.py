"""Reads a worker's /metrics, and what happened between two readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TypeVar

import httpx
from prometheus_client.parser import text_string_to_metric_families

SETTLE = "keepstep_worker_settle_duration_seconds"
CALL = "keepstep_worker_call_duration_seconds"
TRANSACTIONS = "keepstep_worker_transactions"


@dataclass(frozen=True)
class Reading:
    """The transactions of each partition, and how many were within each bound."""

    transactions: Mapping[str, float]
    settled_within: Mapping[float, float]  # seconds → attempts, cumulative
    called_within: Mapping[float, float]  # seconds → calls, cumulative
    seconds: Mapping[str, float]  # of all settling, and of all calls, by metric

    def since(self, before: Reading) -> Reading:
        """Return what came on top of *before*."""
        return Reading(
            _less(self.transactions, before.transactions),
            _less(self.settled_within, before.settled_within),
            _less(self.called_within, before.called_within),
            _less(self.seconds, before.seconds),
        )

    @property
    def round_trip_seconds(self) -> float | None:
        """The mean of a call and of the time until it is durable; None for none."""
        counts = {SETTLE: self.settled_within[inf], CALL: self.called_within[inf]}
        if not all(counts.values()):
            return None
        return sum(self.seconds[name] / count for name, count in counts.items())

    def settle_ms(self, share: float) -> float | None:
        """Return the time in which *share* of the attempts settled; None for none.

        Between two bounds of the histogram a straight line is drawn, so it is as
        exact as these are close; above the last one it is that one.
        """
        return _milliseconds(self.settled_within, share)


Key = TypeVar("Key")


def _less(after: Mapping[Key, float], before: Mapping[Key, float]) -> dict[Key, float]:
    return {key: count - before.get(key, 0.0) for key, count in after.items()}


def _milliseconds(within: Mapping[float, float], share: float) -> float | None:
    cumulative = [(0.0, 0.0), *sorted(within.items())]
    wanted = share * cumulative[-1][1]
    if not wanted:
        return None
    for (low, below), (high, seen) in pairwise(cumulative):
        if seen >= wanted:
            part = (wanted - below) / (seen - below)
            return 1000 * (low if high == inf else low + part * (high - low))
    raise AssertionError("the last bucket holds all")


def read(port: int) -> Reading:
    """Return what the worker whose admin port is *port* has counted."""
    url = f"http://127.0.0.1:{port}/metrics"
    text = httpx.get(url, timeout=10.0, trust_env=False).text
    transactions = dict[str, float]()
    within = {SETTLE: dict[float, float](), CALL: dict[float, float]()}
    seconds = {SETTLE: 0.0, CALL: 0.0}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{TRANSACTIONS}_total":
                partition = sample.labels["partition"]  # a counter for each result
                transactions[partition] = transactions.get(partition, 0) + sample.value
            for name, bounds in within.items():
                if sample.name == f"{name}_bucket":
                    bound = float(sample.labels["le"])
                    bounds[bound] = bounds.get(bound, 0.0) + sample.value
                elif sample.name == f"{name}_sum":
                    seconds[name] += sample.value
    return Reading(transactions, within[SETTLE], within[CALL], seconds)
