"""Reads a worker's /metrics, and what happened between two readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import httpx
from prometheus_client.parser import text_string_to_metric_families

SETTLE = "keepstep_worker_settle_duration_seconds"
TRANSACTIONS = "keepstep_worker_transactions"


@dataclass(frozen=True)
class Reading:
    """The transactions of each partition, and how many settled within each bound."""

    transactions: Mapping[str, float]
    settled_within: Mapping[float, float]  # seconds → events, cumulative

    def since(self, before: Reading) -> Reading:
        """Return what came on top of *before*."""
        return Reading(
            {
                partition: count - before.transactions.get(partition, 0.0)
                for partition, count in self.transactions.items()
            },
            {
                bound: count - before.settled_within.get(bound, 0.0)
                for bound, count in self.settled_within.items()
            },
        )

    def settle_ms(self, share: float) -> float | None:
        """Return the time in which *share* of the events settled; None for no events.

        Between two bounds of the histogram a straight line is drawn, so it is as
        exact as these are close; above the last one it is that one.
        """
        cumulative = [(0.0, 0.0), *sorted(self.settled_within.items())]
        wanted = share * cumulative[-1][1]
        if not wanted:
            return None
        for (low, below), (high, within) in pairwise(cumulative):
            if within >= wanted:
                part = (wanted - below) / (within - below)
                return 1000 * (low if high == inf else low + part * (high - low))
        raise AssertionError("the last bucket holds all")


def read(port: int) -> Reading:
    """Return what the worker whose admin port is *port* has counted."""
    url = f"http://127.0.0.1:{port}/metrics"
    text = httpx.get(url, timeout=10.0, trust_env=False).text
    transactions, settled = dict[str, float](), dict[float, float]()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{TRANSACTIONS}_total":
                partition = sample.labels["partition"]  # a counter for each result
                transactions[partition] = transactions.get(partition, 0) + sample.value
            if sample.name == f"{SETTLE}_bucket":
                bound = float(sample.labels["le"])
                settled[bound] = settled.get(bound, 0.0) + sample.value
    return Reading(transactions, settled)
