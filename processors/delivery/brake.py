"""The brake on mass deactivation: a connection removed, a tenant pointed here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from processors.delivery.records import Meta

BUCKET_SECONDS = 300
BUCKETS = 12  # an hour
FEW, SHARE = 20, 0.001


@dataclass(frozen=True, slots=True)
class Brake:
    """How many records a partition may deactivate in an hour.

    `per_hour_max` is of the whole destination, None for the larger of 20 and 0.1 % of
    the links; each of its *partitions* has an equal share, rounded up.
    """

    per_hour_max: int | None = None
    partitions: int = 1

    def allows(self, meta: Meta, links: int, under_way: int, now: float) -> bool:
        """Whether one more may begin, beside those *under_way*."""
        if self.per_hour_max is not None:
            most = self.per_hour_max / self.partitions
        else:
            most = max(FEW / self.partitions, SHARE * links)
        return within_the_hour(meta, now) + under_way < math.ceil(most)


USUAL = Brake()


def within_the_hour(meta: Meta, now: float) -> int:
    """Return how many deactivations the last hour has seen."""
    oldest = int(now // BUCKET_SECONDS) - BUCKETS
    return sum(count for bucket, count in meta.deactivations if bucket > oldest)


def counted(meta: Meta, now: float) -> Meta:
    """Return the partition's record after one more deactivation."""
    present = int(now // BUCKET_SECONDS)
    counts = {b: n for b, n in meta.deactivations if b > present - BUCKETS}
    counts[present] = counts.get(present, 0) + 1
    return replace(meta, deactivations=tuple(sorted(counts.items())))
