"""What the times of calls say: how much of a limit was used, and when nobody called."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.budget.crm import Arrival

STOP_SECONDS_MIN = 0.5  # a worker that makes no call for so long has stopped


@dataclass(frozen=True)
class Stretch:
    """From `begin` to `end`, in seconds of the monotonic clock."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def without(self, inner: Stretch) -> list[Stretch]:
        """Return what lies before and after *inner*, which is a part of it."""
        return [Stretch(self.begin, inner.begin), Stretch(inner.end, self.end)]


def most_in_any(times: Sequence[float], seconds: float) -> int:
    """Return the most of the ordered *times* in any stretch of *seconds*.

    >>> most_in_any([0.0, 1.0, 9.0, 10.0, 10.5], 10.0)
    4
    """
    most = begin = 0
    for end, time in enumerate(times):
        while times[begin] <= time - seconds:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def used(
    times: Sequence[float], stretches: Sequence[Stretch], per_second: float
) -> float:
    """Return the calls in *stretches* as a part of those that were allowed there.

    >>> used([0.0, 1.0, 2.0, 3.0], [Stretch(1.0, 3.0)], per_second=1.0)
    1.0
    """
    calls = sum(
        bisect_left(times, one.end) - bisect_left(times, one.begin) for one in stretches
    )
    return calls / (per_second * sum(one.seconds for one in stretches))


def stop(
    arrivals: Iterable[Arrival], within: Stretch, goers: frozenset[str] = frozenset()
) -> Stretch:
    """Return from the first worker's last call to when all of them called again.

    Who has joined calls at the end of it, too. *goers* do not call again. Where nobody
    stopped it has no length.
    """
    of: dict[str, list[float]] = {}
    for arrival in arrivals:
        if within.begin <= arrival.at < within.end:
            of.setdefault(arrival.worker, []).append(arrival.at)
    begins = [times[-1] for worker, times in of.items() if worker in goers]
    ends = []
    for worker, times in of.items():
        joined = times[0] - within.begin > STOP_SECONDS_MIN
        if joined:
            ends.append(times[0])
        elif worker not in goers:
            seconds, begin = _longest_pause(times)
            if seconds >= STOP_SECONDS_MIN:
                begins.append(begin)
                ends.append(begin + seconds)
    if not begins and not ends:
        return Stretch(within.begin, within.begin)
    return Stretch(min(begins or ends), max(ends or begins))


def _longest_pause(times: Sequence[float]) -> tuple[float, float]:
    """Return how long it was, and when it began."""
    pauses = ((later - earlier, earlier) for earlier, later in pairwise(times))
    return max(pauses, default=(0.0, 0.0))
