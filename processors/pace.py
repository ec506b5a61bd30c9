"""How often transactions are made: often, where they cost little."""

from __future__ import annotations

# So many transactions are under way at a time, of all partitions together, whatever
# one takes: more would keep a core busy with them.
UNDER_WAY = 1.5
INTERVAL_SECONDS_MAX = 0.5
BUSY_SECONDS = 1.0  # a partition is one that writes for so long after it has written
NEWEST_PART = 0.2  # of what one takes, the last one's weight in the mean


class Pace:
    """Says when a partition's next transaction may begin, in seconds of any clock.

    *interval_seconds* after its last one began, or longer where transactions take long:
    a broker, or this process, then has more to do than it can, and what is shared by
    more events costs both less. What they take is a mean of all partitions: which one
    is slow is chance. No pause is longer than half a second or the interval.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._longest_seconds = max(interval_seconds, INTERVAL_SECONDS_MAX)
        self._began: dict[int, float] = {}
        self._took_seconds = 0.0

    def began(self, partition: int, now: float) -> None:
        """Note that a transaction of *partition* begins."""
        self._began[partition] = now

    def ended(self, partition: int, now: float) -> float:
        """Note that it has ended; return how long it took."""
        took_seconds = now - self._began[partition]
        counted = min(took_seconds, self._longest_seconds)
        self._took_seconds += NEWEST_PART * (counted - self._took_seconds)
        return took_seconds

    def pause_seconds(self, partition: int, now: float) -> float:
        """Return how long the next one has to wait; 0 where it may begin."""
        began = self._began.get(partition)
        if began is None:
            return 0.0
        writing = sum(at > now - BUSY_SECONDS for at in self._began.values())
        apart = self._took_seconds * writing / UNDER_WAY
        bounded = min(max(apart, self._interval_seconds), self._longest_seconds)
        return max(0.0, began + bounded - now)
