"""How calls are spaced so that no window is exceeded, wherever it begins.

A bucket of n calls lets n through at once and n more while it drains: twice the rate
in its first stretch. So the bucket is small, and drains a little slower than the rate.
"""

from __future__ import annotations

from typing import NamedTuple

JITTER_SECONDS = 0.05  # how much closer calls may be when they arrive than as they left
# So much of a late timer is made up for by the next calls: 5 ms, or of a long window a
# 500th, for a busy machine is later and a long window loses less to it.
LATE_SECONDS_MIN, LATE_PART = 0.005, 0.002


class Spacing(NamedTuple):
    """A bucket of `burst` calls that drains in `drain_seconds`."""

    burst: float
    drain_seconds: float


def share_of(calls: int, keep_free: float, owned: int, partitions: int) -> int:
    """Return the calls of one worker: as many as it owns of the partitions, if whole.

    >>> share_of(190, 0.0, 3, 12), share_of(190, 0.1, 12, 12)
    (47, 171)
    """
    # Rounded first: 0.9 * 190 is a little less than 171.
    return int(round(calls * (1.0 - keep_free), 6) * owned / partitions)


def spacing(calls: int, per_seconds: float) -> Spacing:
    """Return how to space *calls* so that no stretch of *per_seconds* holds more.

    In any stretch the bucket lets through what it holds and what drains meanwhile:
    burst + (calls - burst + 1) * per_seconds / (per_seconds + jitter) < calls + 1.
    """
    slow_seconds = per_seconds + JITTER_SECONDS
    late_seconds = max(LATE_SECONDS_MIN, LATE_PART * per_seconds)
    burst = min(1.0 + late_seconds * calls / slow_seconds, float(calls))
    return Spacing(burst, burst * slow_seconds / (calls - burst + 1.0))
