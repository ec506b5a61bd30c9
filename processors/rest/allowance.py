"""Rates of hours and days: calls are counted, for evenly spaced they would creep."""

from __future__ import annotations

import math
from collections.abc import Mapping

from processors.rest.connection import Limits, Rate
from processors.rest.spacing import share_of

SPACED_SECONDS_MAX = 60.0
BUCKETS = 24  # of the shortest of them


def is_counted(rate: Rate) -> bool:
    """Whether the calls of *rate* are counted; the others are spaced."""
    return rate.per_seconds > SPACED_SECONDS_MAX and not rate.operations


def counted(limits: Limits) -> tuple[int, int] | None:
    """Return how many seconds a stretch of counted calls has, and how many are kept.

    None where no rate asks for it.
    """
    lengths = [rate.per_seconds for rate in limits.rates if is_counted(rate)]
    if not lengths:
        return None
    bucket_seconds = max(1, math.ceil(min(lengths) / BUCKETS))
    return bucket_seconds, math.ceil(max(lengths) / bucket_seconds) + 1


class Allowance:
    """What is left of the counted rates of *limits*; `now` is in epoch seconds.

    A partition's share is added when its own count is known. A call counts until the
    stretch in which it was made has passed whole, so never for too short.
    """

    def __init__(self, limits: Limits, partitions: int) -> None:
        self._rates = [rate for rate in limits.rates if is_counted(rate)]
        self._bucket_seconds, self._kept = counted(limits) or (1, 0)
        self._partitions = partitions
        self._served = set[int]()
        self._counts: dict[int, int] = {}

    @property
    def counts(self) -> bool:
        """Whether there is anything to be counted."""
        return bool(self._rates)

    def serve(self, partition: int, counts: Mapping[int, int]) -> None:
        """Add the share of *partition*, which has made so many calls, by stretch.

        Once: when it is loaded again, this worker's own calls are counted already.
        """
        if partition in self._served:
            return
        self._served.add(partition)
        for bucket, calls in counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + calls

    def take(self, now: float) -> None:
        """Count a call."""
        bucket = int(now // self._bucket_seconds)
        if self.counts:
            self._counts[bucket] = self._counts.get(bucket, 0) + 1

    def room_in_seconds(self, now: float) -> float:
        """Return when one more call may start, 0 if it may now."""
        return max((self._room(rate, now) for rate in self._rates), default=0.0)

    def left(self, now: float) -> int | None:
        """Return how many calls may start now; None where none are counted.

        Or before any partition is served: nothing is known yet.
        """
        if not self._served:
            return None
        lefts = (self._share(r) - self._used(r, now) for r in self._rates)
        return None if not self._rates else max(0, min(lefts))

    def _room(self, rate: Rate, now: float) -> float:
        over = self._used(rate, now) - self._share(rate) + 1
        for bucket in sorted(self._counts):
            if over <= 0:
                break
            ends_at = (bucket + 1) * self._bucket_seconds + rate.per_seconds
            if ends_at > now:
                over -= self._counts[bucket]
                if over <= 0:
                    return ends_at - now
        return 0.0 if over <= 0 else rate.per_seconds

    def _used(self, rate: Rate, now: float) -> int:
        self._forget(now)
        return sum(
            calls
            for bucket, calls in self._counts.items()
            if (bucket + 1) * self._bucket_seconds + rate.per_seconds > now
        )

    def _share(self, rate: Rate) -> int:
        return share_of(rate.calls, rate.keep_free, len(self._served), self._partitions)

    def _forget(self, now: float) -> None:
        oldest = int(now // self._bucket_seconds) - self._kept
        for bucket in [b for b in self._counts if b < oldest]:
            del self._counts[bucket]
