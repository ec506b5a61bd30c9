"""What the times of calls say: how much of a limit was used, and when it stopped."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.budget.crm import Arrival


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
    arrivals: Sequence[Arrival], rebalanced: Iterable[float], within: Stretch
) -> Stretch:
    """Return from the first step of a rebalance until all call again after the last.

    In between not all partitions are served, and so not all of the limit can be used.
    *arrivals* are in order; without a step in *within* the stretch has no length.
    """
    steps = [at for at in rebalanced if within.begin <= at < within.end]
    if not steps:
        return Stretch(within.begin, within.begin)
    again: dict[str, float] = {}
    for arrival in arrivals:
        if max(steps) <= arrival.at < within.end:
            again.setdefault(arrival.worker, arrival.at)
    return Stretch(min(steps), max([max(steps), *again.values()]))
