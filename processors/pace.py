"""How often a partition's transactions are made: often, where they cost little."""

from __future__ import annotations

# A transaction takes long where the broker, or this process, has more to do than it
# can; shared by more events it costs both less.
TIMES_AS_LONG = 8.0
INTERVAL_SECONDS_MAX = 0.5


class Pace:
    """Says when the next transaction may begin, in seconds of any clock.

    *interval_seconds* after the last one began, or longer where that took long: no
    partition is in a transaction for more than an eighth of the time, until that would
    keep an attempt waiting for more than half a second.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._began_at = float("-inf")
        self._took_seconds = 0.0

    def began(self, now: float) -> None:
        """Note that a transaction begins."""
        self._began_at = now

    def ended(self, now: float) -> float:
        """Note that it has ended; return how long it took."""
        self._took_seconds = now - self._began_at
        return self._took_seconds

    def pause_seconds(self, now: float) -> float:
        """Return how long the next one has to wait; 0 where it may begin."""
        longest = max(self._interval_seconds, INTERVAL_SECONDS_MAX)
        apart = max(self._interval_seconds, TIMES_AS_LONG * self._took_seconds)
        return max(0.0, self._began_at + min(apart, longest) - now)
