"""Finds how many calls at a time do a destination good."""

from __future__ import annotations

import math

SLOW = 2.0  # times the usual
CUT = 0.9
USUAL_SECONDS = 30.0  # how long the moving average looks back
# With how many it begins: what a destination takes at a time is not known yet, and it
# should not get hundreds of new connections in a moment.
FIRST = 16.0


class Concurrency:
    """How many calls may be in flight: *most*, or fewer while that makes answers slow.

    It begins with few, and each answer in time brings one more. An answer that took
    twice the usual time while all places were taken costs a tenth of them, once in the
    time that it took. Times are monotonic seconds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = min(FIRST, float(most))
        self._usual_seconds: float | None = None
        self._heard_at = self._cut_at = -math.inf

    @property
    def limit(self) -> int:
        """The calls that may be in flight; 0 only where *most* is."""
        return int(self._limit)

    def answered(self, seconds: float, in_flight: int, now: float) -> None:
        """Note that one of *in_flight* calls ended at *now*, after *seconds*."""
        usual_seconds = seconds if self._usual_seconds is None else self._usual_seconds
        part = -math.expm1((self._heard_at - now) / USUAL_SECONDS)
        self._usual_seconds = usual_seconds + part * (seconds - usual_seconds)
        self._heard_at = now
        if seconds <= SLOW * usual_seconds:
            self._limit = min(self._limit + 1.0, float(self._most))
        elif in_flight >= self.limit and now - self._cut_at >= seconds:
            self._limit = max(1.0, self._limit * CUT)
            self._cut_at = now
