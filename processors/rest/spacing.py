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
# So much later than it was let go a call may leave without being made up for: every
# call takes a moment to its socket, and would lose that to the next ones.
LEAVE_SECONDS_MAX, LEAVE_PART = 0.01, 0.001


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


def leave_seconds(per_seconds: float) -> float:
    """Return how much later than it was let go a call may leave, for nothing.

    >>> leave_seconds(10.0), leave_seconds(1.0)
    (0.01, 0.001)
    """
    return min(LEAVE_SECONDS_MAX, LEAVE_PART * per_seconds)


def spacing(calls: int, per_seconds: float) -> Spacing:
    """Return how to space *calls* so that no stretch of *per_seconds* holds more.

    In any stretch the bucket lets through what it holds and what drains meanwhile:
    burst + (calls - burst + 1) * per_seconds / (per_seconds + jitter) < calls + 1,
    where the jitter has what a call may leave late, too.
    """
    slow_seconds = per_seconds + JITTER_SECONDS + leave_seconds(per_seconds)
    late_seconds = max(LATE_SECONDS_MIN, LATE_PART * per_seconds)
    burst = min(1.0 + late_seconds * calls / slow_seconds, float(calls))
    return Spacing(burst, burst * slow_seconds / (calls - burst + 1.0))
